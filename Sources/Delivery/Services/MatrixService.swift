package import Appliance
package import DoorCore
import Foundation
import NIOHTTP1

/// A room of Matrix (spec.matrix.org/latest/client-server-api, "Sending events to a room", "Instant
/// Messaging").
///
/// The transaction's id is the notice's own: a homeserver answers a repetition with the event of the first
/// try ("Transaction identifiers"). An alarm can mention the whole room; what is only good to know is a
/// notice, of which by the usual rules nobody is told ("Push Notifications", `.m.rule.suppress_notices`).
/// Messages are not encrypted.
package struct MatrixService: WebService {
  package static let name = "Matrix"
  /// The specification leaves it to the homeserver. This is what Synapse allows where nobody has changed it
  /// (element-hq.github.io/synapse/latest/usage/configuration/config_documentation.html, `rc_message`).
  package let rate: SendingRate? = SendingRate(burst: 10, pause: .seconds(5))
  /// "Size limits": an event has 65536 bytes with its signatures, and as JSON one byte of a text can take
  /// six.
  private static let longestText = 10_000
  private static let longestTitle = 250
  /// "Common error codes": what the homeserver has too much of may pass.
  private static let passing: Set<String> = ["M_LIMIT_EXCEEDED", "M_RESOURCE_LIMIT_EXCEEDED"]

  /// All of the address but the transaction.
  private let prefix: String
  private let token: Secret
  private let mentionsRoom: Bool

  package init(reading table: SettingsTable) throws(SettingsError) {
    let server = try table.server(nil)
    let room = try table.required("room", try table.string("room"), "the id of the room, !…")
    // An alias can come to mean another room.
    guard room.hasPrefix("!"), room.utf8.count > 1 else {
      throw table.invalid("room", "the id of a room, which begins with !; an alias, #…, is none")
    }
    prefix = "\(server)/_matrix/client/v3/rooms/\(WebRequest.percentEncoded(room))/send/m.room.message/"
    _ = try table.madeAddress(prefix, from: "server")
    token = try table.secret("token", "the access token of the account that writes")
    mentionsRoom = try table.boolean("mention_room") ?? false
  }

  package var secrets: [Secret] { [token] }

  package func request(for notice: Notice, at now: Timestamp) -> WebRequest {
    guard let address = try? WebAddress(prefix + notice.fingerprint) else {
      preconditionFailure("An address is one with digits at its end, too.")
    }
    let title = notice.title.shortened(toBytes: Self.longestTitle)
    var request = WebRequest.json(
      Message(
        type: notice.urgency == .low ? "m.notice" : "m.text",
        body: "\(title)\n\(notice.text(withLink: Self.longestText))",
        // "User and room mentions": also where nobody is mentioned, so that no text is taken for a mention.
        mentions: Message.Mentions(room: mentionsRoom && notice.urgency == .critical ? true : nil)),
      to: address, headers: [("Authorization", "Bearer \(token.reveal())")])
    request.method = .PUT
    return request
  }

  package func judge(_ answer: WebAnswer) -> DeliveryResult {
    guard answer.isSuccess else { return failed(answer) }
    guard let sent = answer.json(as: Sent.self) else { return answer.unreadable(Self.name) }
    return .delivered(answer: "event \(WebAnswer.shown(sent.event))")
  }

  /// "Standard error response": its code says more than the status.
  private func failed(_ answer: WebAnswer) -> DeliveryResult {
    guard let failure = answer.json(as: Failure.self) else { return answer.resultOfStatus(Self.name) }
    let reason = failure.code + (failure.text.map { ": \($0)" } ?? "")
    guard Self.passing.contains(failure.code) else { return answer.resultOfStatus(Self.name, why: reason) }
    let formerly = failure.retryAfter.map { WebAnswer.pause(seconds: $0 / 1_000) }
    return .retry(
      after: answer.retryAfter ?? formerly,
      why: "\(Self.name) answered HTTP \(answer.status) (\(WebAnswer.shown(reason)))")
  }

  private struct Message: Encodable {
    var type: String
    var body: String
    var mentions: Mentions

    struct Mentions: Encodable {
      var room: Bool?
    }

    enum CodingKeys: String, CodingKey {
      case body
      case type = "msgtype"
      case mentions = "m.mentions"
    }
  }

  private struct Sent: Decodable {
    var event: String

    enum CodingKeys: String, CodingKey {
      case event = "event_id"
    }
  }

  private struct Failure: Decodable {
    var code: String
    var text: String?
    /// In milliseconds; homeservers before 1.10 have no header for it.
    var retryAfter: Double?

    enum CodingKeys: String, CodingKey {
      case code = "errcode"
      case text = "error"
      case retryAfter = "retry_after_ms"
    }
  }
}
