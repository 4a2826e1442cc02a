import Logging
import MQTT
import MQTTProtocol
import NIOCore
import Synchronization
import TestSupport

/// What the client's logger got.
final class LogRecord: Sendable {
  struct Line: Sendable {
    var level: Logger.Level
    var message: String
  }

  private let recorded = Mutex<[Line]>([])

  var lines: [Line] { recorded.withLock { $0 } }

  var logger: Logger {
    var logger = Logger(label: "test") { _ in Handler(record: self) }
    logger.logLevel = .trace
    return logger
  }

  private struct Handler: LogHandler {
    let record: LogRecord
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      record.recorded.withLock {
        $0.append(Line(level: event.level, message: "\(event.message) \(event.metadata ?? [:])"))
      }
    }
  }
}

/// Collects what handlers get.
final class Received: Sendable {
  private let collected = Mutex<[ReceivedMessage]>([])

  var messages: [ReceivedMessage] { collected.withLock { $0 } }
  var texts: [String] { messages.map { String(buffer: $0.payload) } }

  func append(_ batch: [ReceivedMessage]) { collected.withLock { $0 += batch } }

  func route(_ filter: String, qualityOfService: QualityOfService = .atLeastOnce) -> Route {
    Route(filter, qualityOfService: qualityOfService) { self.append($0) }
  }
}

/// A configuration with waits as short as a test wants them.
func configuration(port: Int, _ identifier: String) -> MQTTClient.Configuration {
  configuration([BrokerAddress(host: "127.0.0.1", port: port)], identifier)
}

func configuration(_ addresses: [BrokerAddress], _ identifier: String) -> MQTTClient.Configuration {
  var configuration = MQTTClient.Configuration(addresses: addresses, clientIdentifier: identifier)
  configuration.connectTimeout = .seconds(30)
  configuration.answerTimeout = .seconds(30)
  configuration.backoff = ReconnectBackoff(initial: .milliseconds(50), ceiling: .milliseconds(500))
  return configuration
}

extension ReconnectBackoff {
  /// The client stays in the state of its first failure, so that a test cannot miss it.
  static let hardlyEver = ReconnectBackoff(initial: .seconds(36_000), ceiling: .seconds(36_000))
}

/// Those of the clients that run now. The state of a failure passes: who asks for it afterwards can be too late.
private let firstFailures = Mutex<[ObjectIdentifier: ConnectionFailure]>([:])

/// Runs a client for as long as the closure takes, and lets it disconnect after it.
func withClient<Result: Sendable>(
  _ configuration: MQTTClient.Configuration,
  routes: [Route] = [],
  fallback: Route.Handler? = nil,
  log: LogRecord = LogRecord(),
  connected: Bool = true,
  _ body: (MQTTClient) async throws -> Result
) async throws -> Result {
  let client = MQTTClient(configuration: configuration, logger: log.logger)
  let states = client.states()
  let recording = Task {
    for await state in states {
      guard let failure = state.failure else { continue }
      firstFailures.withLock { $0[ObjectIdentifier(client)] = failure }
      return
    }
  }
  defer {
    recording.cancel()
    firstFailures.withLock { $0[ObjectIdentifier(client)] = nil }
  }
  let running = Task { try await client.run(routes: routes, fallback: fallback) }
  do {
    if connected { _ = try await client.reaches { $0.connectedState != nil } }
    let result = try await body(client)
    running.cancel()
    try await running.value
    return result
  } catch {
    running.cancel()
    throw error
  }
}

extension MQTTClient {
  /// Waits for the first failure of a connection since ``withClient`` started the client.
  @discardableResult
  func firstFailure() async throws -> ConnectionFailure {
    var failure: ConnectionFailure?
    try await eventually("a failure of the connection") {
      failure = firstFailures.withLock { $0[ObjectIdentifier(self)] }
      return failure != nil
    }
    guard let failure else { throw TestSupportError("the connection has not failed") }
    return failure
  }

  /// Waits until the client is in a state that `condition` describes, from the current one on.
  @discardableResult
  func reaches(_ condition: @Sendable @escaping (ConnectionState) -> Bool) async throws -> ConnectionState {
    let states = self.states()
    return try await withThrowingTaskGroup(of: ConnectionState?.self) { group in
      group.addTask {
        for await state in states where condition(state) { return state }
        return nil
      }
      group.addTask {
        try await Task.sleep(for: .seconds(60))
        return nil
      }
      defer { group.cancelAll() }
      guard let state = try await group.next() ?? nil else {
        throw TestSupportError("the client did not reach the state that the test waits for")
      }
      return state
    }
  }
}

extension ConnectionState {
  var connectedState: ConnectedState? {
    if case .connected(let state) = self { state } else { nil }
  }

  var failure: ConnectionFailure? {
    if case .waiting(_, let reason) = self { reason } else { nil }
  }
}

extension Message {
  init(
    _ topic: String,
    _ text: String,
    qualityOfService: QualityOfService = .atLeastOnce,
    retain: Bool = false
  ) {
    self.init(
      topic: topic,
      payload: ByteBuffer(string: text),
      qualityOfService: qualityOfService,
      retain: retain
    )
  }
}
