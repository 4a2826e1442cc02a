import AsyncHTTPClient
package import DoorCore
import FoundationEssentials
import NIOHTTP1

/// Posts the notice as JSON to an address.
///
/// The header `Idempotency-Key` is the same for every try of one notice, so that a receiver can tell a repetition.
package struct WebhookChannel: DeliveryChannel, CustomStringConvertible, CustomReflectable {
  package let id: Identifier
  private let address: WebAddress
  private let timeLimit: Duration

  /// - Parameter address: an http or https address, in which a key can be.
  package init(id: Identifier, address: String, timeLimit: Duration = .seconds(10)) throws(WebAddressError) {
    self.id = id
    self.address = try WebAddress(address)
    self.timeLimit = timeLimit
  }

  package var description: String { "webhook \(id)" }
  package var customMirror: Mirror { Mirror(self, children: ["id": id]) }

  package func deliver(_ notice: Notice) async -> DeliveryResult {
    var request = address.request
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    request.headers.add(name: "Idempotency-Key", value: notice.key)
    // The same bytes every time: a receiver that compares repetitions finds no difference.
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let body = try? encoder.encode(Body(notice)) else {
      preconditionFailure("An alert of words and whole numbers can be encoded.")
    }
    request.body = .bytes(body)
    do throws(WebAddress.NoAnswer) {
      let response = try await WebAddress.send(request, timeLimit: timeLimit)
      return Self.judge(
        status: Int(response.status.code), retryAfter: response.headers.first(name: "Retry-After"))
    } catch {
      return .retry(after: nil, why: "the webhook \(error)")
    }
  }

  /// What an HTTP status means: 2xx is a delivery; a timeout, too many requests and a failing server are
  /// worth another try; every other answer says that the request itself is wrong.
  static func judge(status: Int, retryAfter: String?) -> DeliveryResult {
    switch status {
    case 200..<300:
      return .delivered(answer: "HTTP \(status)")
    case 408, 425, 429, 500..<600:
      let seconds = retryAfter.flatMap { Int($0) }.map { Duration.seconds(min(max($0, 0), 3_600)) }
      return .retry(after: seconds, why: "the webhook answered HTTP \(status)")
    default:
      return .refused(why: "the webhook answered HTTP \(status): check its address")
    }
  }

  /// The one alert's fields; of many alerts those of the first, and all of them in `alerts`.
  private struct Body: Encodable {
    var id: String
    var severity: String
    var title: String
    var text: String
    var atMilliseconds: Int64
    var alert: AlertBody?
    var alerts: [AlertBody]?

    init(_ notice: Notice) {
      id = notice.key
      severity = notice.severity.rawValue
      title = notice.title
      text = notice.text
      atMilliseconds = notice.at.milliseconds
      let bodies = notice.items.map(AlertBody.init)
      alert = bodies.first
      alerts = bodies.count > 1 ? bodies : nil
    }

    enum CodingKeys: String, CodingKey {
      case id, severity, title, text, alerts
      case atMilliseconds = "at_ms"
    }

    func encode(to encoder: any Encoder) throws {
      // First, so that what the notice itself says stands above it.
      try alert?.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(id, forKey: .id)
      try container.encode(severity, forKey: .severity)
      try container.encode(title, forKey: .title)
      try container.encode(text, forKey: .text)
      try container.encode(atMilliseconds, forKey: .atMilliseconds)
      try container.encodeIfPresent(alerts, forKey: .alerts)
    }
  }

  private struct AlertBody: Encodable {
    var id: String
    var severity: String
    var kind: String
    var stage: String
    var area: String
    var agent: String?
    var door: String?
    var state: String?
    var atMilliseconds: Int64
    var late: Bool
    var simulated: Bool
    var count: Int
    var text: String

    init(_ item: Notice.Item) {
      let alert = item.alert
      id = alert.id
      severity = alert.severity.rawValue
      kind = alert.kind.rawValue
      stage = if case .reminder = item.stage { "reminder" } else { item.stage.description }
      area = alert.area.description
      agent = alert.subject.agent?.description
      door = alert.subject.door?.description
      state = alert.state?.rawValue
      atMilliseconds = alert.at.milliseconds
      late = alert.isLate
      simulated = alert.simulated
      count = item.count
      text = item.text
    }

    enum CodingKeys: String, CodingKey {
      case id, severity, kind, stage, area, agent, door, state, late, simulated, count, text
      case atMilliseconds = "at_ms"
    }
  }
}
