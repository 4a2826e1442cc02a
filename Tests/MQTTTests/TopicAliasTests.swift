import MQTT
import MQTTProtocol
import TestSupport
import Testing

/// Topic aliases, byte for byte.
@Suite struct TopicAliasTests {
  /// A PUBLISH at quality of service 0.
  private static func publish(_ topic: String, alias: UInt8?, _ text: String) -> [UInt8] {
    packet(0x30, field(topic), properties(.v5, alias.map { [0x23, 0, $0] } ?? []), Array(text.utf8))
  }

  @Test func topicsAreSentOncePerConnectionUpToTheBrokersNumber() async throws {
    try await ScriptedBroker.with { broker in
      var abbreviating = configuration(broker)
      abbreviating.outgoingTopicAliasMaximum = 10
      try await withClient(abbreviating, connected: false) { client in
        let messages = [("long/topic", "1"), ("long/topic", "2"), ("other", "3"), ("long/topic", "4")].map {
          Message($0.0, $0.1, qualityOfService: .atMostOnce)
        }
        let expected =
          Self.publish("long/topic", alias: 1, "1") + Self.publish("", alias: 1, "2")
          + Self.publish("other", alias: nil, "3") + Self.publish("", alias: 1, "4")
        for _ in 1...2 {
          // The broker of each connection knows no aliases at first.
          let connection = try await broker.acceptSession(announcing: [0x22, 0, 1])
          try await client.reaches { $0.connectedState != nil }
          try await client.publish(messages)
          #expect(try await connection.receive(expected.count) == expected)
          connection.close()
          try await client.reaches { $0.connectedState == nil }
        }
      }
    }
  }

  @Test func aBrokerThatWantsNoneGetsNone() async throws {
    try await ScriptedBroker.with { broker in
      var abbreviating = configuration(broker)
      abbreviating.outgoingTopicAliasMaximum = 10
      try await withClient(abbreviating, connected: false) { client in
        let connection = try await broker.acceptSession()
        for _ in 1...2 {
          try await client.publish(Message("t", "x", qualityOfService: .atMostOnce))
          #expect(try await connection.receivePacket() == Self.publish("t", alias: nil, "x"))
        }
      }
    }
  }

  @Test func theBrokersAliasesAreUnderstoodUpToTheOwnNumber() async throws {
    try await ScriptedBroker.with { broker in
      var allowing = configuration(broker)
      allowing.topicAliasMaximum = 1
      let received = Received()
      try await withClient(allowing, routes: [received.route("t")], connected: false) { client in
        let connection = try await broker.accept()
        let connect = try await connection.receivePacket()
        #expect(
          Array(connect[13..<29]) == [0x11, 0, 0, 0x0E, 0x10, 0x21, 0, 100, 0x27, 0, 4, 0, 0, 0x22, 0, 1])
        connection.send([0x20, 3, 0, 0, 0])
        _ = try await connection.receivePacket()
        connection.send([0x90, 4, 0xFF, 0xFF, 0, 1])
        connection.send(Self.publish("t", alias: 1, "a") + Self.publish("", alias: 1, "b"))
        try await eventually { received.texts == ["a", "b"] }
        connection.send(Self.publish("t", alias: 2, "c"))
        #expect(try await connection.receiveUntilClosed() == [0xE0, 1, 0x94])
        connection.close()
        let failure = try await client.firstFailure()
        #expect(failure == .protocolViolation(broker: "127.0.0.1:\(broker.port)", .unexpectedTopicAlias))
      }
    }
  }

  @Test func anAliasWithoutATopicIsAProtocolError() async throws {
    try await ScriptedBroker.with { broker in
      var allowing = configuration(broker)
      allowing.topicAliasMaximum = 1
      try await withClient(allowing, connected: false) { _ in
        let connection = try await broker.acceptSession()
        connection.send(Self.publish("", alias: 1, "x"))
        #expect(try await connection.receiveUntilClosed() == [0xE0, 1, 0x82])
      }
    }
  }
}
