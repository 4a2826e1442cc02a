import MQTTProtocol
import NIOCore
import Testing

/// Well-formed packets that the broker must not send, or not then: the connection ends, and a broker of 5.0 is
/// told why.
@Suite struct UnexpectedPacketTests {
  enum State: Sendable { case connecting, authenticating, subscribing, connected }

  struct Row: Sendable, CustomTestStringConvertible {
    var statement: String
    var what: String
    var state: State
    var packets: [Packet]
    var violation: ProtocolViolation
    var reason: ReasonCode
    var versions: [ProtocolVersion]

    /// - Parameter packets: The last one is the violation; those before it are not.
    init(
      _ statement: String, _ what: String, _ state: State, _ packets: [Packet],
      _ violation: ProtocolViolation,
      _ reason: ReasonCode = .protocolError, _ versions: [ProtocolVersion] = [.v5]
    ) {
      self.statement = statement
      self.what = what
      self.state = state
      self.packets = packets
      self.violation = violation
      self.reason = reason
      self.versions = versions
    }

    var testDescription: String { "\(statement): \(what)" }
  }

  private static let both: [ProtocolVersion] = [.v5, .v3_1_1]

  @Test(arguments: before + inSession + acknowledging + authenticating)
  func endsTheConnectionWithItsReason(_ row: Row) throws {
    for version in row.versions {
      let session = try Self.session(version, row.state)
      for packet in row.packets.dropLast() {
        #expect(session.receive(packet) != .close, "\(packet)")
        _ = session.written()
      }
      let last = try #require(row.packets.last)
      #expect(session.receive(last) == .close, "\(version)")
      let farewell = Packet.disconnect(Disconnect(reasonCode: row.reason))
      #expect(session.written() == (version == .v5 ? [farewell] : []))
      #expect(session.receive(.pingresp) == .none, "whatever follows is ignored")
      let failure = ConnectionFailure.protocolViolation(broker: "broker:1883", row.violation)
      guard case .wait(_, let reported, _) = session.disconnect() else {
        Issue.record("the failure is not reported")
        continue
      }
      #expect(reported == failure, "\(version)")
    }
  }

  /// A session with three messages on the wire, at quality of service 1, 2 and 2; PUBREC of the last has come.
  private static func session(_ version: ProtocolVersion, _ state: State) throws -> Session {
    let session = try Session(routes: ["t"]) {
      $0.versions = .only(version)
      $0.topicAliasMaximum = 2
      $0.allowsExcessMessages = false
      $0.receiveMaximum = 2
      $0.sessionExpiryInterval = 100
      if state == .authenticating { $0.authenticationMethod = "M" }
    }
    switch state {
    case .connecting, .authenticating: session.machine.connectionOpened(at: session.now)
    case .subscribing:
      session.machine.connectionOpened(at: session.now)
      _ = session.written()
      _ = session.receive(.connack(Connack()))
    case .connected:
      session.connect()
      try session.publish(["1"])
      try session.publish(["2", "3"], .exactlyOnce)
      _ = session.written()
      _ = session.pubrec(3)
    }
    _ = session.written()
    return session
  }

  private static func unexpected(
    _ statement: String, _ state: State, _ packet: Packet, _ versions: [ProtocolVersion] = both
  ) -> Row {
    let name = "\(packet.type)".uppercased()
    return Row(
      statement, "\(name) while \(state)", state, [packet], .unexpectedPacket(name), .protocolError, versions)
  }

  private static func answer(_ identifier: UInt16, _ code: ReasonCode = .success) -> PublishAcknowledgement {
    PublishAcknowledgement(packetIdentifier: identifier, reasonCode: code)
  }

  private static func message(
    _ identifier: UInt16?, _ level: QualityOfService = .exactlyOnce, topic: String = "t", alias: UInt16? = nil
  ) -> Packet {
    .publish(
      Publish(Message(topic, "", qualityOfService: level), packetIdentifier: identifier, topicAlias: alias))
  }

  private static let foreign: [Packet] = [
    .connect(Connect(version: .v5, clientIdentifier: "", cleanStart: true, keepAlive: 0)),
    .subscribe(Subscribe(packetIdentifier: 1, subscriptions: [])),
    .unsubscribe(Unsubscribe(packetIdentifier: 1, filters: ["t"])),
    .pingreq,
  ]

  /// Before CONNACK nothing else comes.
  private static let before: [Row] =
    (foreign + [
      message(nil, .atMostOnce), .puback(answer(1)), .pubrec(answer(1)), .pubrel(answer(1)),
      .pubcomp(answer(1)), .pingresp,
      .suback(SubscribeAcknowledgement(packetIdentifier: 1, reasonCodes: [.success])),
      .unsuback(SubscribeAcknowledgement(packetIdentifier: 1, reasonCodes: [.success])),
    ]).map { unexpected("MQTT-3.2.0-1", .connecting, $0) } + [
      unexpected("MQTT-3.14.0-1", .connecting, .disconnect(Disconnect(reasonCode: .serverBusy)), [.v5]),
      Row(
        "MQTT-3.2.2-2", "a session where a new one was asked for", .connecting,
        [.connack(Connack(sessionPresent: true))], .unexpectedSession),
    ]

  private static let inSession: [Row] =
    foreign.map { unexpected("2.1.2", .connected, $0) } + [
      unexpected("MQTT-3.2.0-2", .connected, .connack(Connack())),
      unexpected("MQTT-3.2.0-2", .subscribing, .connack(Connack(reasonCode: .serverBusy))),
      unexpected("3.13", .connected, .pingresp),
      unexpected("3.14.2.1", .connected, .disconnect(Disconnect(reasonCode: .disconnectWithWill)), [.v5]),
      unexpected("3.14 of 3.1.1", .connected, .disconnect(Disconnect()), [.v3_1_1]),
      unexpected("MQTT-3.14.2-2", .connected, .disconnect(Disconnect(properties: expiring)), [.v5]),
      Row(
        "MQTT-2.2.1-6", "SUBACK of nothing", .connected,
        [.suback(SubscribeAcknowledgement(packetIdentifier: 9, reasonCodes: [.success]))],
        .mismatchedSubscribeAcknowledgement, .protocolError, both),
      Row(
        "MQTT-3.8.4-6", "SUBACK with a code too many", .subscribing,
        [
          .suback(
            SubscribeAcknowledgement(packetIdentifier: .max, reasonCodes: [.success, .success]))
        ], .mismatchedSubscribeAcknowledgement, .protocolError, both),
      Row(
        "MQTT-2.2.1-6", "UNSUBACK in the place of SUBACK", .subscribing,
        [.unsuback(SubscribeAcknowledgement(packetIdentifier: .max, reasonCodes: [.success]))],
        .mismatchedSubscribeAcknowledgement, .protocolError, both),
      Row(
        "MQTT-3.3.2-11", "an alias above our maximum", .connected, [message(nil, .atMostOnce, alias: 3)],
        .unexpectedTopicAlias, .topicAliasInvalid),
      Row(
        "3.3.2.3.4", "an alias that stands for nothing", .connected,
        [message(nil, .atMostOnce, topic: "", alias: 1)], .unknownTopicAlias),
      Row(
        "MQTT-3.3.4-9", "more than our receive maximum", .connected,
        [message(1, .atLeastOnce), message(2), message(3, .atLeastOnce)], .receiveMaximumExceeded,
        .receiveMaximumExceeded),
      Row(
        "MQTT-2.2.1-4", "an identifier that is in use", .connected, [message(5), message(5)],
        .identifierInUse(5), .protocolError, both),
      Row(
        "MQTT-4.3.3-5", "PUBREL before PUBREC", .connected, [message(5), .pubrel(answer(5))],
        .unexpectedRelease(packetIdentifier: 5), .protocolError, both),
    ]

  private static let expiring: DisconnectProperties = {
    var properties = DisconnectProperties()
    properties.sessionExpiryInterval = 1
    return properties
  }()

  /// MQTT-2.2.1-5, 4.3.2 and 4.3.3: message 1 is at quality of service 1, 2 and 3 are at 2.
  private static let acknowledging: [Row] = [
    ("PUBREC at 1", Packet.pubrec(answer(1)), UInt16(1)),
    ("a PUBREC that refuses at 1", .pubrec(answer(1, .quotaExceeded)), 1),
    ("PUBCOMP at 1", .pubcomp(answer(1)), 1),
    ("PUBACK at 2", .puback(answer(2)), 2),
    ("a PUBACK that refuses at 2", .puback(answer(3, .notAuthorized)), 3),
    ("PUBCOMP without PUBREC", .pubcomp(answer(2)), 2),
  ].map { what, packet, identifier in
    Row(
      "4.3", what, .connected, [packet], .mismatchedAcknowledgement(packetIdentifier: identifier),
      .protocolError, both)
  }

  private static func auth(_ code: ReasonCode, _ method: String?) -> Packet {
    var packet = Authentication(reasonCode: code)
    packet.properties.method = method
    return .auth(packet)
  }

  private static func connack(method: String?) -> Packet {
    var connack = Connack()
    connack.properties.authenticationMethod = method
    return .connack(connack)
  }

  private static let authenticating: [Row] = [
    Row(
      "MQTT-4.12.0-6", "AUTH without a method in CONNECT", .connecting, [auth(.continueAuthentication, "M")],
      .mismatchedAuthenticationMethod),
    Row(
      "MQTT-4.12.0-6", "CONNACK with a method", .connecting, [connack(method: "M")],
      .mismatchedAuthenticationMethod),
    Row(
      "MQTT-4.12.0-5", "CONNACK without the method", .authenticating, [connack(method: nil)],
      .mismatchedAuthenticationMethod),
    Row(
      "MQTT-4.12.0-5", "CONNACK with another method", .authenticating, [connack(method: "N")],
      .mismatchedAuthenticationMethod),
    Row(
      "3.15.2.2.2", "AUTH without a method", .authenticating, [auth(.continueAuthentication, nil)],
      .mismatchedAuthenticationMethod),
    Row(
      "MQTT-4.12.0-2", "success before CONNACK", .authenticating, [auth(.success, "M")],
      .unexpectedPacket("AUTH")),
    Row(
      "3.15.2.1", "a broker re-authenticates", .authenticating, [auth(.reauthenticate, "M")],
      .unexpectedPacket("AUTH")),
    Row(
      "MQTT-4.12.0-3", "a step before our answer", .authenticating,
      [auth(.continueAuthentication, "M"), auth(.continueAuthentication, "M")], .unexpectedPacket("AUTH")),
    Row(
      "MQTT-4.12.0-3", "CONNACK before our answer", .authenticating,
      [auth(.continueAuthentication, "M"), connack(method: "M")], .unexpectedPacket("CONNACK")),
    Row(
      "4.12", "AUTH in 3.1.1", .connecting, [auth(.success, nil)], .mismatchedAuthenticationMethod,
      .protocolError, [.v3_1_1]),
  ]

  @Test func nothingComesBeforeConnectHasGoneOut() throws {
    let session = try Session()
    session.machine.connectionOpened(at: session.now)
    #expect(session.receive(.connack(Connack())) == .close)
    #expect(session.written().isEmpty, "no DISCONNECT without CONNECT")
  }

  /// MQTT-3.2.2-3: there a session is what was asked for.
  @Test func aSessionMayBeThereIfItWasAskedFor() throws {
    let session = try Session { $0.cleanStart = false }
    session.machine.connectionOpened(at: session.now)
    _ = session.written()
    #expect(session.receive(.connack(Connack(sessionPresent: true))) != .close)
  }

  /// 3.2.2.3.7: it is for those who have none; the standard does not call it an error.
  @Test func anIdentifierThatWasNotAskedForIsPassedOver() throws {
    let session = try Session()
    var properties = ConnackProperties()
    properties.assignedClientIdentifier = "other"
    session.connect(properties)
    #expect(session.machine.clientIdentifier == "me")
  }

  /// What a reconnect can leave behind is no violation (4.4).
  @Test func acknowledgementsOfNothingAreNoViolations() throws {
    for version in Self.both {
      let session = try Self.session(version, .connected)
      for packet in [Packet.puback(Self.answer(9)), .pubcomp(Self.answer(9)), .puback(Self.answer(.max))] {
        #expect(session.receive(packet) == .none)
      }
      #expect(session.receive(.pubrec(Self.answer(9))) == .none)
      #expect(session.receive(.pubrel(Self.answer(9))) == .none)
      #expect(session.written().map(\.line) == ["pubcomp 9", "pubrel 9"])
    }
  }

  /// The standard names no error for a message above the quality of service that was granted, nor for one that
  /// no filter covers: both are acknowledged.
  @Test func messagesOfMoreThanWasGrantedAreTaken() throws {
    let session = try Session()
    session.machine.connectionOpened(at: session.now)
    _ = session.written()
    _ = session.receive(.connack(Connack()))
    #expect(session.receive(Self.message(1, topic: "never asked for")) == .unrouted(topic: "never asked for"))
    #expect(session.written().map(\.line) == ["pubrec 1"])
  }

  /// A broker that asks and does not take the answers is left before they fill the memory.
  @Test(arguments: both) func noMoreAnswersAreKeptThanThereAreIdentifiers(version: ProtocolVersion) throws {
    let floods: [(UInt16) -> Packet] = [
      { .pubrel(Self.answer($0)) }, { .pubrec(Self.answer($0)) },
      { Self.message($0, .atLeastOnce, topic: "unrouted") },
    ]
    for flood in floods {
      let session = try Session { $0.versions = .only(version) }
      session.connect()
      var count = 0
      while count < 100_000 {
        count += 1
        if session.receive(flood(UInt16(count % 60_000 + 1))) == .close { break }
      }
      #expect(count == Int(UInt16.max) + 1)
    }
  }
}
