import MQTT
import MQTTProtocol
import NIOCore
import TestSupport
import Testing

/// What becomes of messages while there is no connection, and when there is one again.
@Suite struct OfflineQueueTests {
  /// Runs a client whose broker starts only when the closure has ended, and returns what then arrives.
  private static func received(
    limit: Int = 1000, _ body: (MQTTClient) async throws -> Void
  ) async throws -> [ReceivedMessage] {
    let broker = try Mosquitto()
    let received = Received()
    var small = configuration(port: broker.port, "c")
    small.outgoingQueueLimit = limit
    try await withClient(small, routes: [received.route("#")], connected: false) { client in
      try await client.firstFailure()
      try await body(client)
      try await broker.start()
      try await eventually("room in the queue") {
        do {
          try await client.publish(Message("end", ""))
          return true
        } catch MQTTError.queueFull {
          return false
        }
      }
      try await client.fence()
    }
    return received.messages.dropLast()
  }

  @Test func everythingIsKeptUpToTheLimit() async throws {
    let messages = try await Self.received(limit: 3) { client in
      try await client.enqueue((1...3).map { Message("a", "\($0)") })
      await #expect(throws: MQTTError.queueFull(limit: 3, byteLimit: 16 * 1024 * 1024)) {
        try await client.enqueue(Message("a", "4"))
      }
    }
    #expect(messages.map(\.text).prefix(3) == ["1", "2", "3"])
  }

  @Test func onlyTheLatestOfATopicIsKept() async throws {
    let messages = try await Self.received { client in
      let first = Task { try await client.publish(Message("a", "1"), queue: .keepLatest) }
      try await Task.sleep(for: .milliseconds(50))
      try await client.enqueue(Message("b", "1"), queue: .keepLatest)
      try await client.enqueue(Message("a", "2"), queue: .keepLatest)
      await #expect(throws: MQTTError.superseded) { try await first.value }
      try await client.enqueue(Message("a", "kept"), queue: .keepAll)
      try await client.enqueue(Message("a", "3"), queue: .keepLatest)
    }
    #expect(messages.map { "\($0.topic) \($0.text)" } == ["b 1", "a kept", "a 3"])
  }

  @Test func aMessageThatIsNotToWaitIsRefused() async throws {
    let messages = try await Self.received { client in
      await #expect(throws: MQTTError.notConnected) {
        try await client.publish(Message("a", "x"), queue: .refuse)
      }
      try await client.enqueue(Message("a", "y"))
    }
    #expect(messages.map(\.text) == ["y"])
  }

  @Test func theTimeOfAMessageRunsWhileItWaits() async throws {
    let messages = try await Self.received { client in
      var short = Message("a", "short")
      short.properties.messageExpiryInterval = 1
      var long = Message("a", "long")
      long.properties.messageExpiryInterval = 3600
      let expiring = Task { try await client.publish(short) }
      try await client.enqueue(long)
      await #expect(throws: MQTTError.expired) { try await expiring.value }
    }
    #expect(messages.map(\.text) == ["long"])
    let rest = try #require(messages.first?.properties.messageExpiryInterval)
    #expect(rest < 3600 && rest > 3000)
  }
}
