package import Appliance
package import DoorCore
import Foundation

/// A channel of Slack, by an incoming webhook
/// (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks; what blocks hold:
/// docs.slack.dev/reference/block-kit).
///
/// Slack has no levels of urgency: an alarm can mention the people of the channel. The acknowledgement is a
/// link in the text, for a button waits for an answer of the webhook's app
/// (block-kit/block-elements/button-element, "url"), and one address that Slack finds invalid would cost the
/// whole message. A repetition cannot be told.
package struct SlackService: WebService {
  package static let name = "Slack"
  /// docs.slack.dev/apis/web-api/rate-limits, "Overview": one a second for incoming webhooks; more at once
  /// may pass.
  package let rate: SendingRate? = SendingRate(burst: 1, pause: .seconds(1))
  /// block-kit/blocks/header-block, "text".
  private static let longestTitle = 150
  /// block-kit/composition-objects/text-object, "text".
  private static let longestText = 3_000

  /// Of whom the attention is asked for (docs.slack.dev/messaging/formatting-message-text, "Special
  /// mentions").
  private enum Mention: String, CaseIterable {
    /// Everybody in the channel.
    case channel
    /// Those of them who are there.
    case here
  }

  private let address: WebAddress
  private let mention: Mention?

  package init(reading table: SettingsTable) throws(SettingsError) {
    address = try table.webAddress("url", "the address of the incoming webhook")
    mention = try table.word("mention")
  }

  package var secrets: [Secret] { address.secrets }

  package func request(for notice: Notice, at now: Timestamp) -> WebRequest {
    let mention = notice.urgency == .critical ? self.mention.map { "<!\($0.rawValue)>" } : nil
    let title = notice.title.shortened(toUnits: Self.longestTitle)
    let text = notice.text.shortened(toUnits: Self.longestText)
    let link = notice.acknowledgement.map { "<\(Self.escaped($0.address))|\(Self.escaped($0.label))>" }
    let shown = [Block(type: "header", text: .plain(title)), Block(type: "section", text: .plain(text))]
    let marked = [mention, link].compactMap(\.self).map { Block(type: "section", text: .marked($0)) }
    return .json(
      Message(
        text: (mention.map { "\($0) " } ?? "") + Self.escaped("\(title)\n\(text)"), blocks: shown + marked),
      to: address)
  }

  package func judge(_ answer: WebAnswer) -> DeliveryResult {
    let said = String(decoding: answer.body, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    guard answer.isSuccess else {
      return answer.resultOfStatus(Self.name, why: Self.isReason(said) ? said : nil)
    }
    return said == "ok" ? .delivered(answer: said) : answer.unreadable(Self.name)
  }

  /// "Handling errors": one word, such as `invalid_payload`; what else comes is not Slack's.
  private static func isReason(_ text: String) -> Bool {
    let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
    return (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { letters.contains($0) || $0 == UInt8(ascii: "_") }
  }

  /// formatting-message-text, "Escaping text": these three and no others.
  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }

  private struct Message: Encodable {
    /// What notifications and screen readers have in place of the blocks.
    var text: String
    var blocks: [Block]
  }

  private struct Block: Encodable {
    var type: String
    var text: Text
  }

  private struct Text: Encodable {
    var type: String
    var text: String
    /// Only for plain texts: whether what is written as `:word:` becomes a picture.
    var emoji: Bool?

    static func plain(_ text: String) -> Text { Text(type: "plain_text", text: text, emoji: false) }
    static func marked(_ text: String) -> Text { Text(type: "mrkdwn", text: text) }
  }
}
