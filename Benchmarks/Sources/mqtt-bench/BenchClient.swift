import Glibc
import Logging
import MQTT
import NIOCore
import Synchronization

/// What is measured of the client. All use of its API is in this file.
struct BenchClient {
  /// Messages in one call of `publish`.
  private static let batchSize = 100
  private static let payloadSize = 100
  private static let topic = "bench/messages"

  private let client: MQTTClient

  /// - Parameter identifier: Of a session that the broker keeps; nil is a new one, which ends with the connection.
  init(port: Int, identifier: String? = nil) {
    var configuration = MQTTClient.Configuration(
      address: BrokerAddress(host: "127.0.0.1", port: port), clientIdentifier: identifier ?? "bench-ours")
    configuration.cleanStart = identifier == nil
    configuration.sessionExpiry = .seconds(identifier == nil ? 0 : 3600)
    client = MQTTClient(
      configuration: configuration, logger: Logger(label: "mqtt-bench") { _ in SwiftLogNoOpLogHandler() })
  }

  /// Returns the time from the first message to the last acknowledgement.
  ///
  /// How many messages are in flight is the client's business, up to what the broker takes; `calls` only keeps
  /// enough of them waiting.
  func publish(count: Int, calls: Int) async throws -> Duration {
    try await connected(to: []) {
      let next = Counter()
      let start = ContinuousClock.now
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<calls {
          group.addTask { [client] in
            while true {
              let first = next.add(Self.batchSize) - Self.batchSize
              guard first < count else { return }
              let batch = (first..<min(first + Self.batchSize, count)).map(Self.message)
              try await client.publish(batch)
            }
          }
        }
        try await group.waitForAll()
      }
      return ContinuousClock.now - start
    }
  }

  /// Returns the time from the connection to the handling of the last message.
  func receive(count: Int) async throws -> Duration {
    let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
    let handled = Counter()
    let bytes = Counter()
    let route = Route("bench/#") { batch in
      bytes.add(batch.reduce(0) { $0 + $1.payload.readableBytes })
      if handled.add(batch.count) >= count { arrival.finish() }
    }
    return try await connected(to: [route]) {
      let start = ContinuousClock.now
      for await _ in arrivals {}
      let time = ContinuousClock.now - start
      guard bytes.add(0) == count * Self.payloadSize else {
        throw BenchError("other messages came than were published")
      }
      return time
    }
  }

  /// Returns the times from the call of `publish` to the handler, one message at a time.
  func roundTrips(count: Int, interval: Duration) async throws -> [Duration] {
    let (arrivals, arrival) = AsyncStream.makeStream(of: ContinuousClock.Instant.self)
    let route = Route("bench/#") { batch in
      let now = ContinuousClock.now
      for _ in batch { arrival.yield(now) }
    }
    return try await connectedOnOneThread(to: [route]) {
      var times: [Duration] = []
      var iterator = arrivals.makeAsyncIterator()
      var due = ContinuousClock.now
      for number in 0..<count {
        due += interval
        let message = Self.message(number)
        // The acknowledgement of the message before goes out first.
        await Task.yield()
        pause(until: due)
        let start = ContinuousClock.now
        try await client.publish(message)
        guard let end = await iterator.next() else { throw BenchError("the handler has ended") }
        times.append(end - start)
      }
      return times
    }
  }

  /// Without a broker: fills the queue, and then enqueues as many messages more, which push one another out or are
  /// refused. Returns how much the process has grown since the queue was full, in bytes.
  func offline(count: Int) async throws -> Int {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await client.run(routes: []) }
      var memoryWhenFull = 0
      for number in 0..<count {
        try await client.enqueue(Self.message(number), queue: .keepLatest)
        do throws(MQTTError) {
          try await client.enqueue(Self.message(number))
        } catch .queueFull {
          if memoryWhenFull == 0 { memoryWhenFull = try Memory.resident() }
        }
      }
      let growth = try Memory.resident() - memoryWhenFull
      group.cancelAll()
      try await group.waitForAll()
      return growth
    }
  }

  /// The same, with client, handler and `body` on one thread.
  private func connectedOnOneThread<Result: Sendable>(
    to routes: [Route], _ body: @Sendable () async throws -> Result
  ) async throws -> Result {
    try await withTaskExecutorPreference(client.executor) { try await connected(to: routes, body) }
  }

  /// Runs `body` once the client is connected, and disconnects it.
  private func connected<Result: Sendable>(
    to routes: [Route], _ body: () async throws -> Result
  ) async throws -> Result {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await client.run(routes: routes) }
      states: for await state in client.states() {
        switch state {
        case .connected: break states
        case .waiting(_, let reason): throw BenchError("\(reason)")
        case .stopped: throw BenchError("the client has stopped")
        case .idle, .connecting: continue
        }
      }
      let result = try await body()
      group.cancelAll()
      try await group.waitForAll()
      return result
    }
  }

  /// The payload is made anew for each message, as an application's would be.
  private static func message(_ number: Int) -> Message {
    var payload = ByteBuffer(repeating: UInt8(ascii: "x"), count: payloadSize)
    payload.setInteger(UInt64(number), at: 0)
    return Message(topic: topic, payload: payload)
  }
}

/// Keeps the thread, as the peer does: a task that sleeps wakes other threads with it, which then are in the way.
private func pause(until due: ContinuousClock.Instant) {
  while true {
    let rest = due - .now
    guard rest > .zero else { return }
    usleep(UInt32(clamping: rest.components.attoseconds / 1_000_000_000_000 + 1))
  }
}

private final class Counter: Sendable {
  private let value = Atomic(0)

  /// Returns the new value.
  @discardableResult
  func add(_ number: Int) -> Int { value.add(number, ordering: .relaxed).newValue }
}

struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
