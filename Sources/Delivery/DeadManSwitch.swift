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

  package init(address: WebAddress, timeLimit: Duration = .seconds(10)) {
    self.address = address
    self.timeLimit = timeLimit
  }

  /// Says it once; within a bounded time.
  package func ping() async -> Answer {
    do throws(WebAddress.NoAnswer) {
      let answer = try await WebAddress.get(address, timeLimit: timeLimit)
      return answer.isSuccess ? .heard : .unheard(why: "it answered HTTP \(answer.status)")
    } catch {
      return .unheard(why: "it \(error)")
    }
  }
}
