import MQTT
import MQTTProtocol
import NIOCore
import TestSupport
import Testing

/// What the broker announces in CONNACK is obeyed.
@Suite struct ServerLimitsTests {
  @Test func aHigherQualityOfServiceThanTheBrokersThrows() async throws {
    try await ScriptedBroker.with { broker in
      try await withClient(configuration(broker), connected: false) { client in
        let connection = try await broker.acceptSession(announcing: [0x24, 1])
        let state = try await client.reaches { $0.connectedState != nil }
        #expect(state.connectedState?.limits.maximumQualityOfService == .atLeastOnce)
        await #expect(throws: MQTTError.qualityOfServiceNotAvailable(maximum: .atLeastOnce)) {
          try await client.publish(Message("t", "x", qualityOfService: .exactlyOnce))
        }
        let allowed = Task { try await client.publish(Message("t", "y")) }
        #expect(try await connection.receivePacket() == [0x32, 7, 0, 1, 0x74, 0, 1, 0, 0x79])
        connection.send([0x40, 2, 0, 1])
        try await allowed.value
      }
    }
  }

  @Test func whatWaitsForABrokerThatDoesNotTakeItFailsWhenItConnects() async throws {
    try await ScriptedBroker.with { broker in
      try await withClient(configuration(broker), connected: false) { client in
        let connection = try await broker.accept()
        let messages = [
          (Message("t", "x", retain: true), MQTTError.retainNotAvailable),
          (Message("t", String(repeating: "x", count: 60)), .packetTooLarge(size: 68, maximum: 64)),
          (
            Message("t", "x", qualityOfService: .exactlyOnce),
            .qualityOfServiceNotAvailable(maximum: .atLeastOnce)
          ),
        ]
        let publishing = messages.map { message, _ in Task { try await client.publish(message) } }
        _ = try await connection.receivePacket()
        connection.send(packet(0x20, [0, 0], properties(.v5, [0x24, 1, 0x25, 0, 0x27, 0, 0, 0, 64])))
        for (task, (_, error)) in zip(publishing, messages) {
          await #expect(throws: error) { try await task.value }
        }
        #expect(try await connection.isSilent(for: .milliseconds(50)))
      }
    }
  }

  @Test(arguments: [UInt8(1), 2])
  func noMoreMessagesAreUnderWayThanTheReceiveMaximum(at qualityOfService: UInt8) async throws {
    try await ScriptedBroker.with { broker in
      try await withClient(configuration(broker), connected: false) { client in
        let connection = try await broker.acceptSession(announcing: [0x21, 0, 1])
        let level = try #require(QualityOfService(rawValue: qualityOfService))
        let publishing = Task {
          try await client.publish(["1", "2"].map { Message("t", $0, qualityOfService: level) })
        }
        for (identifier, text) in [(1, "1"), (2, "2")] as [(UInt8, String)] {
          #expect(
            try await connection.receivePacket()
              == packet(0x30 | qualityOfService << 1, field("t"), [0, identifier, 0], Array(text.utf8)))
          #expect(try await connection.isSilent(for: .milliseconds(50)))
          if qualityOfService == 2 {
            connection.send([0x50, 2, 0, identifier])
            #expect(try await connection.receivePacket() == [0x62, 2, 0, identifier])
            #expect(try await connection.isSilent(for: .milliseconds(50)))
          }
          connection.send([qualityOfService == 1 ? 0x40 : 0x70, 2, 0, identifier])
        }
        try await publishing.value
      }
    }
  }

  @Test func theBrokersKeepAliveTakesThePlaceOfTheOwn() async throws {
    try await ScriptedBroker.with { broker in
      var patient = configuration(broker)
      patient.keepAlive = .seconds(36_000)
      try await withClient(patient, connected: false) { client in
        let connection = try await broker.acceptSession(announcing: [0x13, 0, 1])
        #expect(try await connection.receivePacket() == [0xC0, 0])
        connection.send([0xD0, 0])
        let state = try await client.reaches { $0.connectedState != nil }
        #expect(state.connectedState?.limits.keepAlive == 1)
      }
    }
  }

  @Test func anAssignedIdentifierIsUsedFromThenOn() async throws {
    try await ScriptedBroker.with { broker in
      var nameless = configuration(broker)
      nameless.clientIdentifier = ""
      try await withClient(nameless, connected: false) { client in
        let first = try await broker.accept()
        #expect(try await first.receivePacket().suffix(2) == [0, 0])
        first.send(packet(0x20, [0, 0], properties(.v5, [0x12] + field("assigned"))))
        let state = try await client.reaches { $0.connectedState != nil }
        #expect(state.connectedState?.clientIdentifier == "assigned")
        first.close()
        let second = try await broker.accept()
        #expect(try await second.receivePacket().suffix(10) == field("assigned"))
      }
    }
  }

  @Test func subscriptionsThatTheBrokerDoesNotOfferAreRefusedWithoutAsking() async throws {
    try await ScriptedBroker.with { broker in
      let routes = [
        Received().route("a/+"), Received().route("$share/g/b"),
        Route("c", subscriptionIdentifier: 1) { _ in }, Received().route("d"),
      ]
      try await withClient(configuration(broker), routes: routes, connected: false) { client in
        let connection = try await broker.accept()
        _ = try await connection.receivePacket()
        connection.send(packet(0x20, [0, 0], properties(.v5, [0x28, 0, 0x29, 0, 0x2A, 0])))
        #expect(try await connection.receivePacket() == packet(0x82, [0xFF, 0xFF, 0], field("d"), [1]))
        connection.send([0x90, 4, 0xFF, 0xFF, 0, 1])
        let state = try await client.reaches { $0.connectedState != nil }
        #expect(
          state.connectedState?.refusedSubscriptions == [
            "a/+": .wildcardSubscriptionsNotSupported, "$share/g/b": .sharedSubscriptionsNotSupported,
            "c": .subscriptionIdentifiersNotSupported,
          ])
      }
    }
  }
}
