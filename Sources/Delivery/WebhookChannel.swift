import AsyncHTTPClient
package import DoorCore
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// Posts the alert as JSON to an address.
///
/// The header `Idempotency-Key` is the same for every try of one alert, so that a receiver can tell a repetition.
package struct WebhookChannel: DeliveryChannel, CustomStringConvertible, CustomReflectable {
  package let id: Identifier
  /// Redirections are not followed: a POST that becomes a GET on its way is no delivery. Never shut down, as
  /// `HTTPClient.shared` is not either.
  private static let client: HTTPClient = {
    var configuration = HTTPClient.Configuration.singletonConfiguration
    configuration.redirectConfiguration = .disallow
    return HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
  }()

  // It can have a key in it: it is never shown, nor found by mirrors.
  private let address: String
  private let timeLimit: Duration

  /// - Parameter address: an http or https address.
  package init(id: Identifier, address: String, timeLimit: Duration = .seconds(10))
    throws(WebhookAddressError)
  {
    guard let url = URL(string: address), let scheme = url.scheme, ["http", "https"].contains(scheme),
      let host = url.host(), !host.isEmpty, Self.hasValidPort(address)
    else { throw WebhookAddressError() }
    self.id = id
    self.address = address
    self.timeLimit = timeLimit
  }

  package var description: String { "webhook \(id)" }
  package var customMirror: Mirror { Mirror(self, children: ["id": id]) }

  package func deliver(_ notice: Notice) async -> DeliveryResult {
    do {
      var request = HTTPClientRequest(url: address)
      request.method = .POST
      request.headers.add(name: "Content-Type", value: "application/json")
      request.headers.add(name: "Idempotency-Key", value: notice.alert.id)
      request.headers.add(name: "User-Agent", value: "dooralarm")
      // The same bytes every time: a receiver that compares repetitions finds no difference.
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      request.body = .bytes(try encoder.encode(Body(notice)))
      let response = try await Self.client.execute(
        request, timeout: .nanoseconds(timeLimit.wholeNanoseconds))
      return Self.judge(
        status: Int(response.status.code), retryAfter: response.headers.first(name: "Retry-After"))
    } catch let error as HTTPClientError {
      // Its text names the kind of failure and not the address.
      return .retry(after: nil, why: "the webhook did not answer: \(error.shortDescription)")
    } catch is CancellationError {
      return .retry(after: nil, why: "interrupted")
    } catch {
      return .retry(
        after: nil, why: "the webhook cannot be reached: is its server running, is the address right?")
    }
  }

  /// Whether the address names no port or one that there is; the client traps where it names another.
  private static func hasValidPort(_ address: String) -> Bool {
    let authority = address.drop { $0 != "/" }.dropFirst(2).prefix { !"/?#".contains($0) }
    let host = authority[(authority.lastIndex(of: "]") ?? authority.startIndex)...]
    guard let colon = host.lastIndex(of: ":") else { return true }
    let port = host[host.index(after: colon)...]
    return port.isEmpty || Int(port).map { (1...65_535).contains($0) } ?? false
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

  private struct Body: Encodable {
    var id: String
    var severity: String
    var kind: String
    var area: String
    var agent: String
    var door: String?
    var state: String?
    var atMilliseconds: Int64
    var late: Bool
    var simulated: Bool
    var title: String
    var text: String

    init(_ notice: Notice) {
      let alert = notice.alert
      id = alert.id
      severity = alert.severity.rawValue
      kind = alert.kind.rawValue
      area = alert.area.description
      agent = alert.subject.agent.description
      door = alert.subject.door?.description
      state = alert.state?.rawValue
      atMilliseconds = alert.at.milliseconds
      late = alert.isLate
      simulated = alert.simulated
      title = notice.title
      text = notice.text
    }

    enum CodingKeys: String, CodingKey {
      case id, severity, kind, area, agent, door, state, late, simulated, title, text
      case atMilliseconds = "at_ms"
    }
  }
}

/// An address that no webhook has. It does not hold the address, which can be a secret.
package struct WebhookAddressError: Error, Equatable, CustomStringConvertible {
  package var description: String { "this is no http or https address" }
}
