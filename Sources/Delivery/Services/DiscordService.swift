package import Appliance
package import DoorCore
import Foundation

/// A channel of Discord, by a webhook (docs.discord.com/developers/resources/webhook, "Execute Webhook").
///
/// The title is the message, which is what a phone shows; the text is an embed, whose colour says how urgent
/// it is. What is only good to know makes no sound; an alarm can mention everybody. The acknowledgement is a
/// link in the text: one address that Discord finds invalid, such as one of a host without a dot, would cost
/// the whole message in a button. Webhooks have no `nonce`: a repetition cannot be told.
package struct DiscordService: WebService {
  package static let name = "Discord"
  /// "Rate Limits" names no numbers. By Discord's answer in its discord-api-docs issue 367 there are 5 in two
  /// seconds for a webhook and 30 a minute for a channel; this is within both.
  package let rate: SendingRate? = SendingRate(burst: 5, pause: .milliseconds(2_400))
  /// "JSON/Form Params", `content`.
  private static let longestContent = 2_000
  /// resources/message, "Embed Limits".
  private static let longestDescription = 4_096
  /// resources/message, "Message Flags": no push and no desktop notification.
  private static let suppressNotifications = 1 << 12

  private let address: WebAddress
  private let mentionsEveryone: Bool

  package init(reading table: SettingsTable) throws(SettingsError) {
    let webhook = try table.webAddress("url", "the address of the webhook").reveal()
    // Without `wait` it says yes before it has the message.
    address = try table.madeAddress(webhook + (webhook.contains("?") ? "&" : "?") + "wait=true", from: "url")
    mentionsEveryone = try table.boolean("mention_everyone") ?? false
  }

  package var secrets: [Secret] { address.secrets }

  package func request(for notice: Notice, at now: Timestamp) -> WebRequest {
    let mention = mentionsEveryone && notice.urgency == .critical
    let title = (mention ? "@everyone " : "") + Self.escaped(notice.title)
    let link = notice.acknowledgement.map { "\n\(Self.escaped($0.label)): \($0.address)" } ?? ""
    let text = Self.escaped(notice.text).shortened(toUnits: Self.longestDescription - link.utf16.count)
    return .json(
      Message(
        content: title.shortened(toUnits: Self.longestContent),
        embeds: [Message.Embed(description: text + link, color: color(of: notice.urgency))],
        // What a text says wakes nobody.
        allowedMentions: Message.AllowedMentions(parse: mention ? ["everyone"] : []),
        flags: notice.urgency == .low ? Self.suppressNotifications : nil),
      to: address)
  }

  package func judge(_ answer: WebAnswer) -> DeliveryResult {
    guard answer.isSuccess else {
      let failure = answer.json(as: Failure.self)
      let result = answer.resultOfStatus(Self.name, why: failure?.message)
      guard case .retry(let after, let why) = result else { return result }
      // "Exceeding A Rate Limit": the body has the time with its fractions.
      return .retry(after: failure?.retryAfter.map { WebAnswer.pause(seconds: $0) } ?? after, why: why)
    }
    guard let message = answer.json(as: Created.self) else { return answer.unreadable(Self.name) }
    return .delivered(answer: "message \(WebAnswer.shown(message.id))")
  }

  private func color(of urgency: Notice.Urgency) -> Int {
    switch urgency {
    case .critical: 0xD50000
    case .normal: 0xFFAB00
    case .low: 0x2962FF
    }
  }

  /// Every text is Markdown (developers/reference, "Message Formatting"): a sign after a backslash is only
  /// itself, and so is what a cut leaves of the two.
  private static func escaped(_ text: String) -> String {
    text.reduce(into: "") { escaped, character in
      if "\\*_~`|<>[]#".contains(character) { escaped.append("\\") }
      escaped.append(character)
    }
  }

  private struct Message: Encodable {
    var content: String
    var embeds: [Embed]
    var allowedMentions: AllowedMentions
    var flags: Int?

    struct Embed: Encodable {
      var description: String
      var color: Int
    }

    struct AllowedMentions: Encodable {
      var parse: [String]
    }

    enum CodingKeys: String, CodingKey {
      case content, embeds, flags
      case allowedMentions = "allowed_mentions"
    }
  }

  private struct Created: Decodable {
    var id: String
  }

  private struct Failure: Decodable {
    var message: String
    var retryAfter: Double?

    enum CodingKeys: String, CodingKey {
      case message
      case retryAfter = "retry_after"
    }
  }
}
