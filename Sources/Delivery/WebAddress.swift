import Appliance
import AsyncHTTPClient
import DoorCore
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// An http or https address. It can have a key in it: it is never shown, nor found by mirrors.
package struct WebAddress: Sendable, CustomStringConvertible, CustomReflectable {
  /// Redirections are not followed: a POST that becomes a GET on its way is no delivery. Never shut down, as
  /// `HTTPClient.shared` is not either.
  private static let client: HTTPClient = {
    var configuration = HTTPClient.Configuration.singletonConfiguration
    configuration.redirectConfiguration = .disallow
    // A receiver that is down is told of at once, and tried again by whoever keeps the message.
    configuration.connectionPool.retryConnectionEstablishment = false
    return HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
  }()

  /// Who asks.
  private static let userAgent = "dooralarm"

  private let text: String

  package init(_ text: String) throws(WebAddressError) {
    guard let url = URL(string: text), let scheme = url.scheme, ["http", "https"].contains(scheme),
      let host = url.host(), !host.isEmpty, Self.hasValidPort(text)
    else { throw WebAddressError() }
    self.text = text
  }

  package var description: String { "(address)" }
  package var customMirror: Mirror { Mirror(self, children: []) }

  /// For what has to have the address in it, or be compared with it.
  package func reveal() -> String { text }

  /// What an answer could repeat of an address that is a secret: all of it, or the key at the end of its path. What is
  /// shorter than keys are is none.
  var secrets: [Secret] {
    let path = text.prefix { $0 != "?" && $0 != "#" }
    // Of the parts before the last, the scheme and the host are no keys.
    let key = path.split(separator: "/").dropFirst(2).last.flatMap {
      $0.utf8.count < 6 ? nil : Secret(String($0))
    }
    return [Secret(text)] + (key.map { [$0] } ?? [])
  }

  /// Asks for the address itself.
  ///
  /// - Throws: why nobody has answered, without the address.
  static func get(_ address: WebAddress, timeLimit: Duration) async throws(NoAnswer) -> WebAnswer {
    try await send(WebRequest(method: .GET, address: address, headers: [], body: []), timeLimit: timeLimit)
  }

  /// The head of the answer counts, and what has come of its body: a receiver that has said yes has the notice, also where
  /// the rest of its answer is cut off.
  ///
  /// - Throws: why nobody has answered, without the address.
  static func send(_ request: WebRequest, timeLimit: Duration) async throws(NoAnswer) -> WebAnswer {
    var asked = HTTPClientRequest(url: request.address.text)
    asked.method = request.method
    asked.headers.add(name: "User-Agent", value: userAgent)
    for header in request.headers { asked.headers.add(name: header.name, value: header.value) }
    if !request.body.isEmpty { asked.body = .bytes(request.body) }
    let deadline = ContinuousClock.now + timeLimit
    do {
      let response = try await client.execute(asked, timeout: .nanoseconds(timeLimit.wholeNanoseconds))
      return WebAnswer(
        status: Int(response.status.code), headers: response.headers,
        body: await contents(of: response.body, until: deadline))
    } catch let error as HTTPClientError {
      // Its text names the kind of failure and not the address.
      throw NoAnswer(description: "did not answer: \(error.shortDescription)")
    } catch is CancellationError {
      throw NoAnswer(description: "was not waited for")
    } catch {
      throw NoAnswer(description: "cannot be reached: is its server running, is the address right?")
    }
  }

  /// As much of a body as comes until then: the client's own limit ends with the head.
  private static func contents(
    of body: HTTPClientResponse.Body, until deadline: ContinuousClock.Instant
  ) async -> [UInt8] {
    let reader = Task { await contents(of: body) }
    let timer = Task {
      try await Task.sleep(until: deadline)
      reader.cancel()
    }
    defer { timer.cancel() }
    return await withTaskCancellationHandler {
      await reader.value
    } onCancel: {
      reader.cancel()
    }
  }

  /// As much as comes until it ends, fails or the task is cancelled: what has come is judged.
  private static func contents(of body: HTTPClientResponse.Body) async -> [UInt8] {
    var bytes: [UInt8] = []
    do {
      for try await part in body {
        bytes += part.readableBytesView.prefix(WebAnswer.longestBody - bytes.count)
        if bytes.count == WebAnswer.longestBody { break }
      }
    } catch {
      // It ends there.
    }
    return bytes
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
  package init() {}

  package var description: String { "this is no http or https address" }
}
