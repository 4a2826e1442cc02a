import AsyncHTTPClient
import DoorCore
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// An http or https address. It can have a key in it: it is never shown, nor found by mirrors.
struct WebAddress: Sendable, CustomStringConvertible, CustomReflectable {
  /// Redirections are not followed: a POST that becomes a GET on its way is no delivery. Never shut down, as
  /// `HTTPClient.shared` is not either.
  private static let client: HTTPClient = {
    var configuration = HTTPClient.Configuration.singletonConfiguration
    configuration.redirectConfiguration = .disallow
    return HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
  }()

  private let text: String

  init(_ text: String) throws(WebAddressError) {
    guard let url = URL(string: text), let scheme = url.scheme, ["http", "https"].contains(scheme),
      let host = url.host(), !host.isEmpty, Self.hasValidPort(text)
    else { throw WebAddressError() }
    self.text = text
  }

  var description: String { "(address)" }
  var customMirror: Mirror { Mirror(self, children: []) }

  /// A request to it, of our own name.
  var request: HTTPClientRequest {
    var request = HTTPClientRequest(url: text)
    request.headers.add(name: "User-Agent", value: "dooralarm")
    return request
  }

  /// - Throws: why nobody has answered, without the address.
  static func send(
    _ request: HTTPClientRequest, timeLimit: Duration
  ) async throws(NoAnswer) -> HTTPClientResponse {
    do {
      return try await client.execute(request, timeout: .nanoseconds(timeLimit.wholeNanoseconds))
    } catch let error as HTTPClientError {
      // Its text names the kind of failure and not the address.
      throw NoAnswer(description: "did not answer: \(error.shortDescription)")
    } catch is CancellationError {
      throw NoAnswer(description: "was not waited for")
    } catch {
      throw NoAnswer(description: "cannot be reached: is its server running, is the address right?")
    }
  }

  /// Nobody has answered a request.
  struct NoAnswer: Error, CustomStringConvertible {
    /// What is to be said of whoever was asked.
    let description: String
  }

  /// Whether the address names no port or one that there is; the client traps where it names another.
  private static func hasValidPort(_ address: String) -> Bool {
    let authority = address.drop { $0 != "/" }.dropFirst(2).prefix { !"/?#".contains($0) }
    let host = authority[(authority.lastIndex(of: "]") ?? authority.startIndex)...]
    guard let colon = host.lastIndex(of: ":") else { return true }
    let port = host[host.index(after: colon)...]
    return port.isEmpty || Int(port).map { (1...65_535).contains($0) } ?? false
  }
}

/// A text that is no ``WebAddress``. It does not hold the text, which can be a secret.
package struct WebAddressError: Error, Equatable, CustomStringConvertible {
  package var description: String { "this is no http or https address" }
}
