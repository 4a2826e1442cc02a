import AsyncHTTPClient
import DoorCore
import NIOHTTP1

/// Tells a service elsewhere that the notifier is alive; when it has heard nothing for its time, that service tells a
/// person. As healthchecks.io takes it (healthchecks.io/docs/http_api), and others do: a GET to an address of one's own.
package struct DeadManSwitch: Sendable {
  package enum Answer: Sendable, Equatable {
    case heard
    /// It was not; why, without the address.
    case unheard(why: String)
  }

  private let address: WebAddress
  private let timeLimit: Duration

  /// - Parameter address: an http or https address, in which a key can be.
  package init(address: String, timeLimit: Duration = .seconds(10)) throws(WebAddressError) {
    self.address = try WebAddress(address)
    self.timeLimit = timeLimit
  }

  /// Says it once; within a bounded time.
  package func ping() async -> Answer {
    do throws(WebAddress.NoAnswer) {
      let response = try await WebAddress.send(address.request, timeLimit: timeLimit)
      let status = Int(response.status.code)
      return (200..<300).contains(status) ? .heard : .unheard(why: "it answered HTTP \(status)")
    } catch {
      return .unheard(why: "it \(error)")
    }
  }
}
