package import Appliance
package import DoorCore
import Foundation

/// A bot of Telegram (core.telegram.org/bots/api, "sendMessage").
///
/// The text is sent without a markup. What is of low urgency comes without a sound. Telegram cannot tell a
/// repetition.
package struct TelegramService: WebService {
  package static let name = "Telegram"
  /// core.telegram.org/bots/api, "sendMessage"; in characters, which UTF-16 units are never fewer than.
  private static let longestText = 4_096
  /// core.telegram.org/bots/faq, "My bot is hitting limits": 20 a minute in a group, and about one a second
  /// in a chat, with a few at once.
  package let rate: SendingRate? = SendingRate(burst: 5, pause: .seconds(4))

  private let address: WebAddress
  private let token: Secret
  private let chat: String
  private let thread: Int?

  package init(reading table: SettingsTable) throws(SettingsError) {
    token = try table.secret("token", "the token of the bot, as @BotFather gives it")
    // It becomes a part of the address.
    guard token.reveal().utf8.allSatisfy(Self.isOfTokens) else {
      throw table.invalid("token_file", "a file with a bot's token: letters, digits, a colon, - and _")
    }
    let server = try table.server("https://api.telegram.org")
    address = try table.madeAddress("\(server)/bot\(token.reveal())/sendMessage", from: "server")
    chat = try table.required("chat", try table.string("chat"), "the chat's id, or @ and a channel's name")
    thread = try table.integer("thread", in: 1...Int.max)
  }

  package var secrets: [Secret] { [token] }

  package func request(for notice: Notice, at now: Timestamp) -> WebRequest {
    let button = notice.acknowledgement.flatMap { Self.canBeButton($0.address) ? $0 : nil }
    let ending = button == nil ? notice.acknowledgement.map { "\n\($0.label): \($0.address)" } ?? "" : ""
    let text = "\(notice.title)\n\(notice.text)".shortened(toUnits: Self.longestText - ending.utf16.count)
    return .json(
      Message(
        chatID: chat, thread: thread, text: text + ending, isSilent: notice.urgency == .low,
        keyboard: button.map { Message.Keyboard(buttons: [[.init(text: $0.label, url: $0.address)]]) }),
      to: address)
  }

  package func judge(_ answer: WebAnswer) -> DeliveryResult {
    guard let reply = answer.json(as: Reply.self) else {
      return answer.isSuccess ? answer.unreadable(Self.name) : answer.resultOfStatus(Self.name)
    }
    if answer.isSuccess, reply.isTaken {
      guard let message = reply.result else { return answer.unreadable(Self.name) }
      return .delivered(answer: "message \(message.id)")
    }
    var refusal = answer
    // No status says yes where the body says no.
    if answer.isSuccess { refusal.status = max(reply.code ?? 400, 400) }
    let newChat = reply.parameters?.newChat.map { "; the chat's id is \($0) now" } ?? ""
    let result = refusal.resultOfStatus(Self.name, why: reply.description.map { $0 + newChat })
    guard case .retry(_, let why) = result, let seconds = reply.parameters?.pause else { return result }
    return .retry(after: WebAnswer.pause(seconds: seconds), why: why)
  }

  private static func isOfTokens(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  /// Telegram refuses a message whole where a button leads to a host without a dot, as names in one's own
  /// network are (github.com/tdlib/td, LinkManager::check_link_impl).
  private static func canBeButton(_ address: String) -> Bool {
    guard let host = URL(string: address)?.host() else { return false }
    return host.contains(".") || host.contains(":")
  }

  private struct Message: Encodable {
    var chatID: String
    /// A topic of a group.
    var thread: Int?
    var text: String
    var isSilent: Bool
    /// A preview would ask for the acknowledgement's page.
    var preview = Preview()
    var keyboard: Keyboard?

    struct Preview: Encodable {
      var isDisabled = true

      enum CodingKeys: String, CodingKey { case isDisabled = "is_disabled" }
    }

    struct Keyboard: Encodable {
      /// In rows.
      var buttons: [[Button]]

      struct Button: Encodable {
        var text: String
        var url: String
      }

      enum CodingKeys: String, CodingKey { case buttons = "inline_keyboard" }
    }

    enum CodingKeys: String, CodingKey {
      case text
      case chatID = "chat_id"
      case thread = "message_thread_id"
      case isSilent = "disable_notification"
      case preview = "link_preview_options"
      case keyboard = "reply_markup"
    }
  }

  /// core.telegram.org/bots/api, "Making requests" and "ResponseParameters".
  private struct Reply: Decodable {
    var isTaken: Bool
    var result: Message?
    var code: Int?
    var description: String?
    var parameters: Parameters?

    struct Message: Decodable {
      var id: Int

      enum CodingKeys: String, CodingKey { case id = "message_id" }
    }

    struct Parameters: Decodable {
      /// In seconds.
      var pause: Double?
      /// What a group's id becomes when it grows into a supergroup.
      var newChat: Int?

      enum CodingKeys: String, CodingKey {
        case pause = "retry_after"
        case newChat = "migrate_to_chat_id"
      }
    }

    enum CodingKeys: String, CodingKey {
      case result, description, parameters
      case isTaken = "ok"
      case code = "error_code"
    }
  }
}
