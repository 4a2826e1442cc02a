import Logging
import MQTT
import MQTTProtocol
import NIOCore
import TestSupport
import Testing

/// What the client writes and reads, byte for byte.
@Suite struct ScriptedBrokerTests {
  private static let connack5: [UInt8] = [0x20, 3, 0, 0, 0]
  private static let connack3: [UInt8] = [0x20, 2, 0, 0]

  @Test func aBrokerThatKnowsOnly311IsSpokenToIn311() async throws {
    try await ScriptedBroker.with { broker in
      var older = configuration(port: broker.port, "c")
      older.sessionExpiry = .zero
      older.cleanStart = true
      older.maximumPacketSize = 2048
      let received = Received()
      try await withClient(older, routes: [received.route("t")], connected: false) { client in
        let first = try await broker.accept()
        #expect(
          try await first.receivePacket() == [
            0x10, 22, 0, 4, 0x4D, 0x51, 0x54, 0x54, 5, 0x02, 0, 30,  // MQTT, 5, clean start, 30 s
            8, 0x21, 0, 100, 0x27, 0, 0, 8, 0,  // receive maximum 100, maximum packet size 2048
            0, 1, 0x63,
          ]
        )
        first.send([0x20, 2, 0, 1])
        #expect(try await first.receiveUntilClosed() == [])
        first.close()

        let second = try await broker.accept()
        #expect(
          try await second.receivePacket() == [
            0x10, 13, 0, 4, 0x4D, 0x51, 0x54, 0x54, 4, 0x02, 0, 30, 0, 1, 0x63,
          ]
        )
        second.send(Self.connack3)
        #expect(try await second.receivePacket() == [0x82, 6, 0xFF, 0xFF, 0, 1, 0x74, 1])
        second.send([0x90, 3, 0xFF, 0xFF, 1])
        let state = try await client.reaches { $0.connectedState != nil }
        #expect(state.connectedState?.version == .v3_1_1)

        let publishing = Task { try await client.publish(Message("p", "x", retain: true)) }
        #expect(try await second.receivePacket() == [0x33, 6, 0, 1, 0x70, 0, 1, 0x78])
        second.send([0x40, 2, 0, 1])
        try await publishing.value
      }
    }
  }

  @Test func garbageInsteadOfConnackIsSaidToBeNoMQTT() async throws {
    try await ScriptedBroker.with { broker in
      try await withClient(configuration(port: broker.port, "c"), connected: false) { client in
        let connection = try await broker.accept()
        _ = try await connection.receivePacket()
        connection.send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        let failure = try await client.firstFailure()
        guard case .malformedPacket = failure else {
          Issue.record("\(String(describing: failure))")
          return
        }
      }
    }
  }

  @Test func anOversizedPacketOf5EndsTheConnectionWithItsReason() async throws {
    try await ScriptedBroker.with { broker in
      var small = configuration(port: broker.port, "c")
      small.maximumPacketSize = 1024
      try await withClient(small, connected: false) { client in
        let connection = try await broker.accept()
        _ = try await connection.receivePacket()
        connection.send(Self.connack5)
        connection.send([0x30, 0x80, 0x10, 0, 1, 0x74])
        #expect(try await connection.receiveUntilClosed() == [0xE0, 1, 0x95])
        connection.close()
        let failure = try await client.firstFailure()
        #expect(
          failure
            == .malformedPacket(
              broker: "127.0.0.1:\(broker.port)",
              .packetTooLarge(size: 2051, maximum: 1024)
            )
        )
      }
    }
  }

  @Test func anOversizedMessageOf311ArrivesWithoutItsPayload() async throws {
    try await ScriptedBroker.with { broker in
      let received = Received()
      var small = configuration(port: broker.port, "c")
      small.maximumPacketSize = 1024
      try await withClient(small, routes: [received.route("t")], connected: false) { _ in
        let refusing = try await broker.accept()
        _ = try await refusing.receivePacket()
        refusing.send([0x20, 2, 0, 1])
        let connection = try await broker.accept()
        _ = try await connection.receivePacket()
        connection.send(Self.connack3)
        _ = try await connection.receivePacket()
        connection.send([0x90, 3, 0xFF, 0xFF, 1])
        connection.send([0x32, 0x85, 0x10, 0, 1, 0x74, 0, 9])
        connection.send([UInt8](repeating: 0x78, count: 2048))
        connection.send([0x32, 6, 0, 1, 0x74, 0, 10, 0x79])
        #expect(try await connection.receive(8) == [0x40, 2, 0, 9, 0x40, 2, 0, 10])
      }
      #expect(received.texts == ["", "y"])
      #expect(received.messages.map { $0.isPayloadTruncated } == [true, false])
    }
  }

  @Test func acknowledgementsFollowTheHandlersInOrderOfArrival() async throws {
    try await ScriptedBroker.with { broker in
      let (gate, open) = AsyncStream.makeStream(of: Void.self)
      let slow = Route("slow") { _ in
        for await _ in gate { return }
      }
      let quick = Route("quick") { _ in }
      try await withClient(configuration(port: broker.port, "c"), routes: [slow, quick], connected: false) {
        _ in
        let connection = try await broker.accept()
        _ = try await connection.receivePacket()
        connection.send(Self.connack5)
        _ = try await connection.receivePacket()
        connection.send([0x90, 5, 0xFF, 0xFF, 0, 1, 1])
        connection.send([0x32, 10, 0, 4] + Array("slow".utf8) + [0, 7, 0, 0x78])
        connection.send([0x32, 11, 0, 5] + Array("quick".utf8) + [0, 5, 0, 0x78])
        connection.send([0x32, 10, 0, 4] + Array("none".utf8) + [0, 6, 0, 0x78])
        #expect(try await connection.isSilent(for: .milliseconds(200)))
        open.yield()
        #expect(try await connection.receive(12) == [0x40, 2, 0, 7, 0x40, 2, 0, 5, 0x40, 2, 0, 6])
      }
    }
  }

  @Test func aBurstIsSentAgainInItsOrderAfterALostConnection() async throws {
    try await ScriptedBroker.with { broker in
      var staying = configuration(port: broker.port, "c")
      staying.cleanStart = false
      try await withClient(staying, connected: false) { client in
        let first = try await broker.accept()
        _ = try await first.receivePacket()
        first.send(Self.connack5)
        let publishing = Task {
          try await client.publish(["1", "2", "3"].map { Message("t", $0) })
        }
        let sent = try await first.receive(27)
        #expect(sent[0] == 0x32 && sent[6] == 1 && sent[15] == 2 && sent[24] == 3)
        first.send([0x40, 2, 0, 1])
        try await Task.sleep(for: .milliseconds(100))
        first.close()

        let second = try await broker.accept()
        _ = try await second.receivePacket()
        second.send([0x20, 3, 1, 0, 0])
        let again = try await second.receive(18)
        #expect(again == [0x3A, 7, 0, 1, 0x74, 0, 2, 0, 0x32, 0x3A, 7, 0, 1, 0x74, 0, 3, 0, 0x33])
        second.send([0x40, 2, 0, 2, 0x40, 2, 0, 3])
        try await publishing.value
      }
    }
  }

  @Test func aTakenOverSessionIsLeftAloneForTheCeiling() async throws {
    try await ScriptedBroker.with { broker in
      var twin = configuration(port: broker.port, "twin")
      twin.backoff = ReconnectBackoff(initial: .milliseconds(20), ceiling: .seconds(3600))
      try await withClient(twin, connected: false) { client in
        let connection = try await broker.accept()
        _ = try await connection.receivePacket()
        connection.send(Self.connack5 + [0xE0, 1, 0x8E])
        #expect(try await connection.receiveUntilClosed() == [])
        connection.close()
        guard case .waiting(let until, let reason) = try await client.reaches({ $0.failure != nil }) else {
          return
        }
        #expect(
          reason == .sessionTakenOver(broker: "127.0.0.1:\(broker.port)", clientIdentifier: "twin")
        )
        #expect(until > .now + .seconds(1800))
      }
    }
  }

  @Test func anEndInGoodOrderAcknowledgesWhatIsHandledAndSaysGoodbye() async throws {
    try await ScriptedBroker.with { broker in
      let client = MQTTClient(
        configuration: configuration(port: broker.port, "c"),
        logger: LogRecord().logger
      )
      let running = Task {
        // The handler ends the run, and is done with its batch only after that.
        try await client.run(routes: [Route("t") { _ in withUnsafeCurrentTask { $0?.cancel() } }])
      }
      let connection = try await broker.accept()
      _ = try await connection.receivePacket()
      connection.send(Self.connack5)
      _ = try await connection.receivePacket()
      connection.send([0x90, 4, 0xFF, 0xFF, 0, 1])
      connection.send([0x32, 7, 0, 1, 0x74, 0, 7, 0, 0x78])
      #expect(try await connection.receiveUntilClosed() == [0x40, 2, 0, 7, 0xE0, 0])
      connection.close()
      try await running.value
    }
  }
}
