import Appliance
import ArgumentParser
import DoorCore
import MQTT
import MQTTProtocol

/// Why a command ended without an answer.
enum ControlError: Error, CustomStringConvertible {
  case unreachable(String)
  case noAnswer(String)

  var description: String {
    switch self {
    case .unreachable(let why): why
    case .noAnswer(let what): what
    }
  }
}

/// One visit to the broker: connected with routes, for as long as a body runs.
enum BrokerSession {
  /// Runs `body` once the connection stands and the routes are subscribed.
  ///
  /// - Throws: ``ControlError/unreachable(_:)`` where there is no connection within `timeout`, and what
  ///   `body` throws.
  static func run<Value: Sendable>(
    client: MQTTClient, routes: [Route], timeout: Duration,
    body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
      group.addTask {
        try await client.run(routes: routes)
        return nil
      }
      group.addTask {
        try await connected(client, within: timeout)
        return try await body()
      }
      defer { group.cancelAll() }
      while let result = try await group.next() {
        if let result { return result }
      }
      throw ControlError.unreachable("the connection has ended")
    }
  }

  private static func connected(_ client: MQTTClient, within timeout: Duration) async throws {
    try await Deadline.run(timeout, or: .unreachable("the broker does not answer")) {
      for await state in client.states() {
        switch state {
        case .connected: return
        case .waiting(_, let reason): throw ControlError.unreachable("\(reason)")
        default: continue
        }
      }
    }
  }
}

enum Deadline {
  /// Runs `body`, and throws `error` where it takes longer than `limit`.
  static func run<Value: Sendable>(
    _ limit: Duration, or error: ControlError, body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
      group.addTask { try await body() }
      group.addTask {
        try await Task.sleep(for: limit)
        throw error
      }
      defer { group.cancelAll() }
      guard let value = try await group.next() else { throw error }
      return value
    }
  }
}
