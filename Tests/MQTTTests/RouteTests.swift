import Logging
import MQTT
import MQTTProtocol
import NIOCore
import Synchronization
import TestSupport
import Testing

/// Subscriptions and handlers, byte for byte.
@Suite struct RouteTests {
  struct Failure: Error {}

  /// A PUBLISH at quality of service 1, or 2, with the packet identifier 7.
  private static func publish(
    _ version: ProtocolVersion, _ topic: String, _ text: String, at qualityOfService: UInt8 = 1,
    _ property: [UInt8] = []
  ) -> [UInt8] {
    packet(
      0x30 | qualityOfService << 1, field(topic), [0, 7], properties(version, property), Array(text.utf8))
  }

  // MARK: Subscribing

  @Test(arguments: ProtocolVersion.both)
  func subscriptionOptionsAreOneByte(_ version: ProtocolVersion) async throws {
    try await ScriptedBroker.with { broker in
      let routes = [
        Route("a", qualityOfService: .atMostOnce) { _ in },
        Route("b", qualityOfService: .exactlyOnce, retained: .never, noLocal: true, retainAsPublished: true) {
          _ in
        },
        Route("c", retained: .whenNew) { _ in },
        Route("$share/g/d", retainAsPublished: true) { _ in },
      ]
      try await withClient(configuration(broker, version), routes: routes, connected: false) { _ in
        let connection = try await broker.acceptSession(version)
        let options: [UInt8] = version == .v5 ? [0x00, 0x2E, 0x11, 0x09] : [0, 2, 1, 1]
        #expect(
          try await connection.receivePacket()
            == packet(
              0x82, [0xFF, 0xFF], properties(version), field("a"), [options[0]], field("b"), [options[1]],
              field("c"), [options[2]], field("$share/g/d"), [options[3]]))
      }
    }
  }

  @Test func everySubscriptionIdentifierHasAPacketOfItsOwn() async throws {
    try await ScriptedBroker.with { broker in
      let (named, other) = (Received(), Received())
      let routes = [
        other.route("a/#"), Route("a/+", subscriptionIdentifier: 300) { named.append($0) },
      ]
      try await withClient(configuration(broker), routes: routes, connected: false) { client in
        let connection = try await broker.acceptSession()
        #expect(
          try await connection.receivePacket() == packet(0x82, [0xFF, 0xFF, 0], field("a/#"), [1]))
        #expect(
          try await connection.receivePacket()
            == packet(0x82, [0xFF, 0xFE, 3, 0x0B, 0xAC, 0x02], field("a/+"), [1]))
        connection.send([0x90, 4, 0xFF, 0xFF, 0, 1, 0x90, 4, 0xFF, 0xFE, 0, 1])
        try await client.reaches { $0.connectedState != nil }
        connection.send(Self.publish(.v5, "a/b", "named", [0x0B, 0xAC, 0x02]))
        #expect(try await connection.receivePacket() == [0x40, 2, 0, 7])
        connection.send(Self.publish(.v5, "a/b", "not named"))
        #expect(try await connection.receivePacket() == [0x40, 2, 0, 7])
      }
      #expect(named.texts == ["named"] && other.texts == ["not named"])
      #expect(named.messages.first?.subscriptionIdentifiers == [300])
    }
  }

  @Test(arguments: ProtocolVersion.both)
  func messagesOfASharedSubscriptionFindTheirRoute(_ version: ProtocolVersion) async throws {
    try await ScriptedBroker.with { broker in
      let received = Received()
      let routes = [received.route("$share/g/doors/+")]
      try await withClient(configuration(broker, version), routes: routes, connected: false) { _ in
        let connection = try await broker.acceptSession(version, granting: [1])
        connection.send(Self.publish(version, "doors/front", "open"))
        #expect(try await connection.receivePacket() == [0x40, 2, 0, 7])
      }
      #expect(received.texts == ["open"])
    }
  }

  @Test(arguments: ProtocolVersion.both)
  func aRefusedSubscriptionIsAnErrorOfItsOwn(_ version: ProtocolVersion) async throws {
    try await ScriptedBroker.with { broker in
      let code: UInt8 = version == .v5 ? 0x87 : 0x80
      let reason = version == .v5 ? ReasonCode.notAuthorized : .unspecifiedError
      let received = Received()
      let log = LogRecord()
      let routes = [Received().route("secret"), received.route("open")]
      try await withClient(configuration(broker, version), routes: routes, log: log, connected: false) {
        client in
        let connection = try await broker.acceptSession(version, granting: [code, 1])
        let state = try await client.reaches { $0.connectedState != nil }
        #expect(state.connectedState?.refusedSubscriptions == ["secret": reason])
        #expect(log.lines.contains { $0.level == .warning && $0.message.contains("'secret'") })
        connection.send(Self.publish(version, "open", "x"))
        #expect(try await connection.receivePacket() == [0x40, 2, 0, 7])

        let subscribing = Task { try await client.subscribe(to: Received().route("more")) }
        let subscribe = try await connection.receivePacket()
        #expect(subscribe == packet(0x82, [0xFF, 0xFE], properties(version), field("more"), [1]))
        connection.send(packet(0x90, [0xFF, 0xFE], properties(version), [code]))
        await #expect(throws: MQTTError.subscriptionRefused(filter: "more", reason)) {
          try await subscribing.value
        }
      }
      #expect(received.texts == ["x"])
    }
  }

  @Test(arguments: ProtocolVersion.both)
  func whatComesAfterUnsubscribingIsForTheFallback(_ version: ProtocolVersion) async throws {
    try await ScriptedBroker.with { broker in
      let (received, rest) = (Received(), Received())
      try await withClient(
        configuration(broker, version), routes: [received.route("a")], fallback: { rest.append($0) },
        connected: false
      ) { client in
        let connection = try await broker.acceptSession(version, granting: [1])
        try await client.reaches { $0.connectedState != nil }
        let unsubscribing = Task { try await client.unsubscribe(from: "a") }
        #expect(
          try await connection.receivePacket()
            == packet(0xA2, [0xFF, 0xFE], properties(version), field("a")))
        connection.send(Self.publish(version, "a", "late"))
        #expect(try await connection.receivePacket() == [0x40, 2, 0, 7])
        connection.send(packet(0xB0, [0xFF, 0xFE], properties(version), version == .v5 ? [0] : []))
        try await unsubscribing.value
      }
      #expect(received.messages.isEmpty && rest.texts == ["late"])
    }
  }

  @Test func anUnsubscriptionThatTheBrokerRefusesThrows() async throws {
    try await ScriptedBroker.with { broker in
      try await withClient(configuration(broker), connected: false) { client in
        let connection = try await broker.acceptSession()
        let unsubscribing = Task { try await client.unsubscribe(from: "a") }
        #expect(try await connection.receivePacket() == packet(0xA2, [0xFF, 0xFF, 0], field("a")))
        connection.send([0xB0, 4, 0xFF, 0xFF, 0, 0x87])
        await #expect(throws: MQTTError.subscriptionRefused(filter: "a", .notAuthorized)) {
          try await unsubscribing.value
        }
      }
    }
  }

  // MARK: Messages that nobody takes

  @Test(arguments: ProtocolVersion.both)
  func aMessageOfNoRouteGoesToTheFallbackBeforeItIsAcknowledged(_ version: ProtocolVersion) async throws {
    try await ScriptedBroker.with { broker in
      let (gate, open) = AsyncStream.makeStream(of: Void.self)
      let rest = Received()
      let log = LogRecord()
      let fallback: Route.Handler = { batch in
        rest.append(batch)
        for await _ in gate { return }
      }
      try await withClient(configuration(broker, version), fallback: fallback, log: log, connected: false) {
        _ in
        let connection = try await broker.acceptSession(version, isPresent: true)
        connection.send(Self.publish(version, "old", "x"))
        try await eventually { rest.texts == ["x"] }
        #expect(try await connection.isSilent(for: .milliseconds(50)))
        open.yield()
        #expect(try await connection.receivePacket() == [0x40, 2, 0, 7])
      }
      #expect(!log.lines.contains { $0.level == .warning })
    }
  }

  @Test(arguments: ProtocolVersion.both)
  func withoutAFallbackAMessageOfNoRouteIsAcknowledgedWithAWarning(_ version: ProtocolVersion) async throws {
    try await ScriptedBroker.with { broker in
      let log = LogRecord()
      try await withClient(configuration(broker, version), log: log, connected: false) { _ in
        let connection = try await broker.acceptSession(version, isPresent: true)
        connection.send(Self.publish(version, "old", "x"))
        #expect(try await connection.receivePacket() == [0x40, 2, 0, 7])
      }
      #expect(log.lines.contains { $0.level == .warning && $0.message.contains("old") })
    }
  }

  // MARK: Handlers that fail

  @Test(arguments: ProtocolVersion.both, [UInt8(1), 2])
  func aMessageThatKeepsFailingIsRefusedWithItsReason(
    _ version: ProtocolVersion, at qualityOfService: UInt8
  ) async throws {
    try await ScriptedBroker.with { broker in
      let tries = Mutex(0)
      let log = LogRecord()
      let route = Route(
        "t", qualityOfService: .exactlyOnce, whenFailing: .refuse(after: 2, with: .payloadFormatInvalid)
      ) { _ in
        tries.withLock { $0 += 1 }
        throw Failure()
      }
      try await withClient(configuration(broker, version), routes: [route], log: log, connected: false) { _ in
        let connection = try await broker.acceptSession(version, granting: [2])
        connection.send(Self.publish(version, "t", "bad", at: qualityOfService))
        let first: UInt8 = qualityOfService == 1 ? 0x40 : 0x50
        #expect(
          try await connection.receivePacket() == packet(first, [0, 7], version == .v5 ? [0x99] : []))
      }
      #expect(tries.withLock { $0 } == 2)
      #expect(log.lines.contains { $0.level == .error && $0.message.contains("refuse") })
    }
  }

  @Test(arguments: ProtocolVersion.both)
  func aMessageThatKeepsFailingIsParkedAndThenAcknowledged(_ version: ProtocolVersion) async throws {
    try await ScriptedBroker.with { broker in
      let (handled, parked) = (Received(), Received())
      let log = LogRecord()
      let route = Route("t", whenFailing: .park(after: 2, in: { parked.append($0) })) { batch in
        if batch.contains(where: { $0.text == "bad" }) { throw Failure() }
        handled.append(batch)
      }
      try await withClient(configuration(broker, version), routes: [route], log: log, connected: false) { _ in
        let connection = try await broker.acceptSession(version, granting: [1])
        for (identifier, text) in [(7, "good"), (8, "bad"), (9, "better")] as [(UInt8, String)] {
          connection.send(packet(0x32, field("t"), [0, identifier], properties(version), Array(text.utf8)))
        }
        #expect(try await connection.receive(12) == [0x40, 2, 0, 7, 0x40, 2, 0, 8, 0x40, 2, 0, 9])
      }
      #expect(parked.texts == ["bad"] && handled.texts == ["good", "better"])
      #expect(log.lines.contains { $0.level == .error && $0.message.contains("parked") })
    }
  }
}
