import MQTT
import MQTTProtocol
import NIOCore
import TestSupport
import Testing

/// How connections end, byte for byte.
@Suite struct DisconnectTests {
  private static func address(_ broker: ScriptedBroker) -> String { "127.0.0.1:\(broker.port)" }

  // MARK: The broker ends it

  @Test(arguments: [
    (UInt8(0x8B), ReasonCode.serverShuttingDown), (0x89, .serverBusy), (0x98, .administrativeAction),
    (0x93, .receiveMaximumExceeded), (0x00, .success),
  ])
  func theBrokersReasonIsShown(_ code: UInt8, _ reason: ReasonCode) async throws {
    try await ScriptedBroker.with { broker in
      try await withClient(configuration(broker), connected: false) { client in
        let connection = try await broker.acceptSession()
        connection.send(packet(0xE0, [code], properties(.v5, [0x1F] + field("upgrade"))))
        #expect(try await connection.receiveUntilClosed() == [])
        connection.close()
        let failure = try await client.firstFailure()
        #expect(failure == .disconnected(broker: Self.address(broker), reason, detail: "upgrade"))
        #expect(failure.description.contains("upgrade"))
        _ = try await broker.acceptSession(isPresent: true)
        try await client.reaches { $0.connectedState != nil }
      }
    }
  }

  @Test(arguments: [true, false])
  func aReferenceToAnotherBrokerIsShown(isBeforeTheSession: Bool) async throws {
    try await ScriptedBroker.with { broker in
      try await withClient(configuration(broker), connected: false) { client in
        let reference = properties(.v5, [0x1C] + field("other:1883"))
        if isBeforeTheSession {
          let connection = try await broker.accept()
          _ = try await connection.receivePacket()
          connection.send(packet(0x20, [0, 0x9D], reference))
        } else {
          try await broker.acceptSession().send(packet(0xE0, [0x9D], reference))
        }
        let failure = try await client.firstFailure()
        #expect(
          failure
            == (isBeforeTheSession
              ? .refused(
                broker: Self.address(broker), .serverMoved, detail: nil, serverReference: "other:1883")
              : .disconnected(
                broker: Self.address(broker), .serverMoved, detail: nil, serverReference: "other:1883")))
        #expect(failure.description.contains("other:1883"))
      }
    }
  }

  @Test func a311BrokerHasNoDisconnect() async throws {
    try await ScriptedBroker.with { broker in
      try await withClient(configuration(broker, .v3_1_1), connected: false) { client in
        let connection = try await broker.acceptSession(.v3_1_1)
        connection.send([0xE0, 0])
        #expect(try await connection.receiveUntilClosed() == [])
        connection.close()
        let failure = try await client.firstFailure()
        #expect(
          failure == .protocolViolation(broker: Self.address(broker), .unexpectedPacket("DISCONNECT")))
      }
    }
  }

  // MARK: The client ends it

  @Test(arguments: ProtocolVersion.both, [true, false])
  func theWillIsCalledOffOrNot(_ version: ProtocolVersion, isWillWanted: Bool) async throws {
    try await ScriptedBroker.with { broker in
      var leaving = configuration(broker, version)
      leaving.will = Will(Message("w", "gone"))
      leaving.publishesWillOnStop = isWillWanted
      let client = MQTTClient(configuration: leaving, logger: LogRecord().logger)
      let running = Task { try await client.run(routes: []) }
      let connection = try await broker.acceptSession(version)
      try await client.reaches { $0.connectedState != nil }
      running.cancel()
      let expected: [UInt8] =
        switch (version, isWillWanted) {
        case (_, false): [0xE0, 0]
        case (.v5, true): [0xE0, 1, 0x04]
        case (.v3_1_1, true): []
        }
      #expect(try await connection.receiveUntilClosed() == expected)
      connection.close()
      try await running.value
    }
  }

  /// Packets that a broker must not send, in a session without anything under way.
  @Test(
    arguments: [
      ([0xC0, 0], 0x82), ([0xD0, 0], 0x82), ([0x20, 3, 0, 0, 0], 0x82), ([0x90, 4, 0, 1, 0, 0], 0x82),
      ([0xB0, 4, 0, 1, 0, 0], 0x82), ([0x10, 13] + field("MQTT") + [5, 0, 0, 0, 0, 0, 0], 0x82),
      ([0xF0, 2, 0x18, 0], 0x82), ([0xE0, 1, 0x04], 0x82), ([0x00, 0], 0x81), ([0x36, 0], 0x81),
      ([0x32, 6, 0, 1, 0x74, 0, 0, 0], 0x81), ([0x41, 2, 0, 1], 0x81),
    ] as [([UInt8], UInt8)])
  func whatTheBrokerMustNotSendEndsTheConnectionWithItsReason(_ bytes: [UInt8], _ reason: UInt8) async throws
  {
    try await ScriptedBroker.with { broker in
      try await withClient(configuration(broker), connected: false) { client in
        let connection = try await broker.acceptSession()
        connection.send(bytes)
        #expect(try await connection.receiveUntilClosed() == [0xE0, 1, reason])
        connection.close()
        try await client.firstFailure()
      }
    }
  }

  @Test(arguments: ProtocolVersion.both)
  func missingAcknowledgementsEndTheConnectionAndTheMessageIsSentAgain(_ version: ProtocolVersion)
    async throws
  {
    try await ScriptedBroker.with { broker in
      var impatient = configuration(broker, version)
      impatient.acknowledgementTimeout = .milliseconds(200)
      try await withClient(impatient, connected: false) { client in
        let first = try await broker.acceptSession(version)
        let publishing = Task { try await client.publish(Message("t", "x")) }
        let sent = packet(0x32, field("t"), [0, 1], properties(version), [0x78])
        #expect(try await first.receiveUntilClosed() == sent + (version == .v5 ? [0xE0, 1, 0x80] : []))
        first.close()
        let failure = try await client.firstFailure()
        let awaited = "the acknowledgement of a message"
        #expect(failure == .timedOut(broker: Self.address(broker), waitingFor: awaited))

        // A slow machine may let the time pass on further connections; each brings the message again.
        let answering = Task {
          while true {
            let next = try await broker.acceptSession(version, isPresent: true)
            #expect(try await next.receivePacket() == [0x3A] + sent.dropFirst())
            next.send([0x40, 2, 0, 1])
          }
        }
        try await publishing.value
        answering.cancel()
      }
    }
  }

  // MARK: Nobody ends it

  @Test(arguments: ProtocolVersion.both)
  func aBrokerThatFallsSilentIsAskedAndThenGivenUp(_ version: ProtocolVersion) async throws {
    try await ScriptedBroker.with { broker in
      var short = configuration(broker, version)
      short.keepAlive = .seconds(1)
      try await withClient(short, connected: false) { client in
        let connection = try await broker.acceptSession(version)
        #expect(
          try await connection.receiveUntilClosed() == [0xC0, 0] + (version == .v5 ? [0xE0, 1, 0x80] : []))
        connection.close()
        let failure = try await client.firstFailure()
        #expect(failure == .keepAliveTimeout(broker: Self.address(broker)))
      }
    }
  }

  @Test func aConnectionThatForwardsNothingIsReplaced() async throws {
    try await Mosquitto.with { broker in
      try await FaultyProxy.with(to: broker.port) { proxy in
        var short = configuration(port: proxy.port, "c")
        // Long enough for a busy machine to stall the proxy before the broker misses a sign of life.
        short.keepAlive = .seconds(5)
        try await withClient(short) { client in
          proxy.stall()
          async let published: Void = client.publish(Message("t", "x"))
          let failure = try await client.firstFailure()
          #expect(failure == .keepAliveTimeout(broker: "127.0.0.1:\(proxy.port)"))
          try await published
          // On a slow machine the next one can fall silent for so long, too.
          #expect(proxy.acceptedCount >= 2)
        }
      }
    }
  }
}
