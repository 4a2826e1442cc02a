import Logging
import MQTT
import MQTTProtocol
import NIOCore
import TestSupport
import Testing

/// Quality of service 2, byte for byte.
@Suite struct ExactlyOnceTests {
  private static func publish(
    _ version: ProtocolVersion, _ identifier: UInt8, _ text: String, isDuplicate: Bool = false
  ) -> [UInt8] {
    packet(
      isDuplicate ? 0x3C : 0x34, field("t"), [0, identifier], properties(version), Array(text.utf8))
  }

  private static func message(_ text: String) -> Message {
    Message("t", text, qualityOfService: .exactlyOnce)
  }

  // MARK: Publishing

  @Test(arguments: ProtocolVersion.both)
  func publishingTakesFourPackets(_ version: ProtocolVersion) async throws {
    try await ScriptedBroker.with { broker in
      try await withClient(configuration(broker, version), connected: false) { client in
        let connection = try await broker.acceptSession(version)
        let publishing = Task { try await client.publish(Self.message("x")) }
        #expect(try await connection.receivePacket() == Self.publish(version, 1, "x"))
        connection.send([0x50, 2, 0, 1])
        #expect(try await connection.receivePacket() == [0x62, 2, 0, 1])
        #expect(try await connection.isSilent(for: .milliseconds(50)))
        connection.send([0x70, 2, 0, 1])
        try await publishing.value
      }
    }
  }

  @Test(arguments: ProtocolVersion.both)
  func aResumedSessionIsContinuedWhereItWas(_ version: ProtocolVersion) async throws {
    try await ScriptedBroker.with { broker in
      try await withClient(configuration(broker, version), connected: false) { client in
        let first = try await broker.acceptSession(version)
        let publishing = Task { try await client.publish(["1", "2", "3"].map(Self.message)) }
        for _ in 1...3 { _ = try await first.receivePacket() }
        first.send([0x50, 2, 0, 1, 0x50, 2, 0, 2])
        #expect(try await first.receive(8) == [0x62, 2, 0, 1, 0x62, 2, 0, 2])
        first.send([0x70, 2, 0, 2])
        try await Task.sleep(for: .milliseconds(50))
        first.close()

        let second = try await broker.acceptSession(version, isPresent: true)
        let again = [0x62, 2, 0, 1] + Self.publish(version, 3, "3", isDuplicate: true)
        #expect(try await second.receive(again.count) == again)
        second.send([0x70, 2, 0, 1, 0x50, 2, 0, 3])
        #expect(try await second.receivePacket() == [0x62, 2, 0, 3])
        second.send([0x70, 2, 0, 3])
        try await publishing.value
      }
    }
  }

  @Test(arguments: ProtocolVersion.both)
  func aForgottenSessionIsAnErrorOfWhatTheBrokerHadTakenOver(_ version: ProtocolVersion) async throws {
    try await ScriptedBroker.with { broker in
      try await withClient(configuration(broker, version), connected: false) { client in
        let first = try await broker.acceptSession(version)
        let takenOver = Task { try await client.publish(Self.message("1")) }
        _ = try await first.receivePacket()
        let notTakenOver = Task { try await client.publish(Self.message("2")) }
        _ = try await first.receivePacket()
        first.send([0x50, 2, 0, 1])
        #expect(try await first.receivePacket() == [0x62, 2, 0, 1])
        first.close()

        let second = try await broker.acceptSession(version, isPresent: false)
        await #expect(throws: MQTTError.sessionLost(topic: "t")) { try await takenOver.value }
        let again = try await second.receivePacket()
        #expect(again == Self.publish(version, again[6], "2"))
        second.send([0x50, 2, 0, again[6]])
        #expect(try await second.receivePacket() == [0x62, 2, 0, again[6]])
        second.send([0x70, 2, 0, again[6]])
        try await notTakenOver.value
      }
    }
  }

  @Test func aRefusedMessageIsNotReleased() async throws {
    try await ScriptedBroker.with { broker in
      try await withClient(configuration(broker), connected: false) { client in
        let connection = try await broker.acceptSession()
        let publishing = Task { try await client.publish(Self.message("x")) }
        _ = try await connection.receivePacket()
        connection.send([0x50, 3, 0, 1, 0x97])
        await #expect(throws: MQTTError.refused(topic: "t", .quotaExceeded)) { try await publishing.value }
        #expect(try await connection.isSilent(for: .milliseconds(50)))
      }
    }
  }

  @Test(arguments: ProtocolVersion.both)
  func whatNobodyKnowsIsReleasedSoThatTheBrokerIsDone(_ version: ProtocolVersion) async throws {
    try await ScriptedBroker.with { broker in
      try await withClient(configuration(broker, version), connected: false) { _ in
        let connection = try await broker.acceptSession(version)
        connection.send([0x50, 2, 0, 9])
        #expect(
          try await connection.receivePacket() == (version == .v5 ? [0x62, 3, 0, 9, 0x92] : [0x62, 2, 0, 9]))
        connection.send([0x62, 2, 0, 8])
        #expect(
          try await connection.receivePacket() == (version == .v5 ? [0x70, 3, 0, 8, 0x92] : [0x70, 2, 0, 8]))
      }
    }
  }

  // MARK: Receiving

  @Test(arguments: ProtocolVersion.both)
  func receivingWaitsForTheHandler(_ version: ProtocolVersion) async throws {
    try await ScriptedBroker.with { broker in
      let (gate, open) = AsyncStream.makeStream(of: Void.self)
      let route = Route("t", qualityOfService: .exactlyOnce) { _ in
        for await _ in gate { return }
      }
      try await withClient(configuration(broker, version), routes: [route], connected: false) { _ in
        let connection = try await broker.acceptSession(version, granting: [2])
        connection.send(Self.publish(version, 7, "x"))
        #expect(try await connection.isSilent(for: .milliseconds(100)))
        open.yield()
        #expect(try await connection.receivePacket() == [0x50, 2, 0, 7])
        connection.send([0x62, 2, 0, 7])
        #expect(try await connection.receivePacket() == [0x70, 2, 0, 7])
      }
    }
  }

  @Test(arguments: ProtocolVersion.both)
  func aMessageIsHandledOnceUntilItsRelease(_ version: ProtocolVersion) async throws {
    try await ScriptedBroker.with { broker in
      let received = Received()
      let routes = [received.route("t", qualityOfService: .exactlyOnce)]
      try await withClient(configuration(broker, version), routes: routes, connected: false) { _ in
        let first = try await broker.acceptSession(version, granting: [2])
        first.send(Self.publish(version, 7, "once"))
        #expect(try await first.receivePacket() == [0x50, 2, 0, 7])
        first.close()

        let second = try await broker.acceptSession(version, isPresent: true, granting: [2])
        second.send(Self.publish(version, 7, "once", isDuplicate: true))
        #expect(try await second.receivePacket() == [0x50, 2, 0, 7])
        second.send([0x62, 2, 0, 7])
        #expect(try await second.receivePacket() == [0x70, 2, 0, 7])
        // From here on the identifier is that of another message.
        second.send(Self.publish(version, 7, "another"))
        #expect(try await second.receivePacket() == [0x50, 2, 0, 7])
      }
      #expect(received.texts == ["once", "another"])
    }
  }

  @Test(arguments: ProtocolVersion.both)
  func aNewSessionKnowsNoIdentifiers(_ version: ProtocolVersion) async throws {
    try await ScriptedBroker.with { broker in
      let received = Received()
      let routes = [received.route("t", qualityOfService: .exactlyOnce)]
      try await withClient(configuration(broker, version), routes: routes, connected: false) { _ in
        let first = try await broker.acceptSession(version, granting: [2])
        first.send(Self.publish(version, 7, "old"))
        #expect(try await first.receivePacket() == [0x50, 2, 0, 7])
        first.close()

        let second = try await broker.acceptSession(version, isPresent: false, granting: [2])
        second.send(Self.publish(version, 7, "new"))
        #expect(try await second.receivePacket() == [0x50, 2, 0, 7])
      }
      #expect(received.texts == ["old", "new"])
    }
  }
}
