package import Appliance
package import DoorCore
import Foundation

/// ntfy.sh, or a server of one's own (docs.ntfy.sh/publish, "Publish as JSON").
///
/// Its priority 5 breaks through what a phone is silenced by; the button acknowledges without a page. A server from
/// 2.16 on shows a repetition in place of what it repeats.
package struct NtfyService: WebService {
  package static let name = "ntfy"
  /// docs.ntfy.sh/publish, "Limitations": longer messages become attachments.
  private static let longestMessage = 4_096
  /// docs.ntfy.sh/publish, "Limitations": 60 at once, then one in five seconds.
  package let rate: SendingRate? = SendingRate(burst: 60, pause: .seconds(5))

  private let server: WebAddress
  private let topic: Secret
  private let token: Secret?

  package init(reading table: SettingsTable) throws(SettingsError) {
    server = try table.madeAddress(try table.server("https://ntfy.sh"), from: "server")
    topic = try table.secretOrPlain("topic", "the topic that the phone is subscribed to")
    token = try Secret.read("token", from: table)
  }

  package var secrets: [Secret] { [topic] + (token.map { [$0] } ?? []) }

  package func request(for notice: Notice, at now: Timestamp) -> WebRequest {
    .json(
      Message(
        topic: topic.reveal(), title: notice.title,
        message: notice.text.shortened(toBytes: Self.longestMessage),
        priority: priority(of: notice.urgency), tags: [tag(of: notice.urgency)],
        sequenceID: notice.fingerprint,
        actions: notice.acknowledgement.map { [Message.Action(label: $0.label, url: $0.address)] }),
      to: server, headers: token.map { [("Authorization", "Bearer \($0.reveal())")] } ?? [])
  }

  package func judge(_ answer: WebAnswer) -> DeliveryResult {
    guard answer.isSuccess else {
      return answer.resultOfStatus(Self.name, why: answer.json(as: Failure.self)?.error)
    }
    guard let published = answer.json(as: Published.self) else { return answer.unreadable(Self.name) }
    return .delivered(answer: "message \(WebAnswer.shown(published.id))")
  }

  private func priority(of urgency: Notice.Urgency) -> Int {
    switch urgency {
    case .critical: 5
    case .normal: 3
    case .low: 2
    }
  }

  /// Names of emojis, which stand before the title.
  private func tag(of urgency: Notice.Urgency) -> String {
    switch urgency {
    case .critical: "rotating_light"
    case .normal: "warning"
    case .low: "information_source"
    }
  }

  private struct Message: Encodable {
    var topic: String
    var title: String
    var message: String
    var priority: Int
    var tags: [String]
    var sequenceID: String
    var actions: [Action]?

    struct Action: Encodable {
      var action = "http"
      var label: String
      var url: String
      var method = "POST"
      /// Takes the message away when the server has the acknowledgement.
      var clear = true
    }

    enum CodingKeys: String, CodingKey {
      case topic, title, message, priority, tags, actions
      case sequenceID = "sequence_id"
    }
  }

  private struct Published: Decodable {
    var id: String
  }

  private struct Failure: Decodable {
    var error: String
  }
}
