public import Logging
import MQTTProtocol

extension MQTTClient {
  /// Connects, runs `body` when the subscriptions are made, disconnects, and returns what `body` does: for
  /// programs that have one thing to do.
  ///
  /// Unlike ``run(routes:fallback:)`` it does not wait for a broker that is away: each address is tried once.
  ///
  /// - Parameters:
  ///   - configuration: As for any client.
  ///   - routes: What to subscribe to.
  ///   - timeout: For the connection and the subscriptions. `body` has its own time.
  ///   - logger: Gets what a client logs.
  ///   - body: Gets the client, connected.
  /// - Throws: ``MQTTError/unreachable(_:)``, ``MQTTError/timedOut(_:)``, and what `run` and `body` throw.
  public static func visit<Value: Sendable>(
    _ configuration: Configuration,
    routes: [Route] = [],
    timeout: Duration = .seconds(10),
    logger: Logger,
    body: @escaping @Sendable (MQTTClient) async throws -> Value
  ) async throws -> Value {
    let client = MQTTClient(configuration: configuration, logger: logger)
    return try await withThrowingTaskGroup(of: Value?.self) { group in
      group.addTask {
        try await client.run(routes: routes)
        return nil
      }
      group.addTask {
        try await Deadline.run(timeout, or: MQTTError.timedOut("an answer of the broker")) {
          try await client.standsOrFails(
            after: max(1, configuration.addresses.count), fallsBack: configuration.versions == .newest)
        }
        return try await body(client)
      }
      // The run ends with a DISCONNECT, which the group waits for.
      defer { group.cancelAll() }
      while let result = try await group.next() {
        if let result { return result }
      }
      throw MQTTError.stopped
    }
  }

  /// - Parameter fallsBack: Whether a broker that closes the connection gets another try, which may turn out to be
  ///   one of 3.1.1.
  private func standsOrFails(after attempts: Int, fallsBack: Bool) async throws {
    var failures = 0
    for await state in states() {
      switch state {
      case .connected: return
      case .waiting(_, let reason):
        failures += 1
        let isClosed = if case .closed = reason { true } else { false }
        guard failures < attempts || fallsBack && isClosed && failures == attempts else {
          throw MQTTError.unreachable(reason)
        }
      case .idle, .connecting, .stopped: continue
      }
    }
  }
}
