import MQTTProtocol
import NIOCore
import Testing

@Suite struct AuthenticationExchangeTests {
  private func session() throws -> Session {
    try Session {
      $0.authenticationMethod = "M"
      $0.keepAlive = 0
    }
  }

  private func auth(_ code: ReasonCode, _ text: String?, method: String? = "M") -> Packet {
    var packet = Authentication(reasonCode: code)
    packet.properties.method = method
    packet.properties.data = text.map { ByteBuffer(string: $0) }
    return .auth(packet)
  }

  private func connack(_ text: String?, method: String? = "M") -> Packet {
    var properties = ConnackProperties()
    properties.authenticationMethod = method
    properties.authenticationData = text.map { ByteBuffer(string: $0) }
    return .connack(Connack(properties: properties))
  }

  private func open(_ session: Session) -> Packet? {
    session.machine.connectionOpened(authenticationData: ByteBuffer(string: "first"), at: session.now)
    return session.written().first
  }

  private func connect(_ session: Session) {
    _ = open(session)
    _ = session.receive(connack("final"))
    _ = session.machine.authenticationAnswered(nil, at: session.now)
  }

  @Test func theExchangeGoesOnUntilTheApplicationHasSeenTheLastStep() throws {
    let session = try session()
    guard case .connect(let connect) = open(session) else {
      Issue.record("no CONNECT")
      return
    }
    #expect(connect.properties.authenticationMethod == "M")
    #expect(connect.properties.authenticationData == ByteBuffer(string: "first"))
    let challenge = session.receive(auth(.continueAuthentication, "challenge"))
    #expect(challenge == .authenticate(ByteBuffer(string: "challenge"), isFinal: false))
    #expect(session.written().isEmpty)
    #expect(session.machine.authenticationAnswered(ByteBuffer(string: "answer"), at: session.now) == .none)
    #expect(session.written() == [auth(.continueAuthentication, "answer")])
    #expect(session.receive(connack("final")) == .authenticate(ByteBuffer(string: "final"), isFinal: true))
    #expect(!session.canReceive(), "nothing counts before the broker has proved itself")
    guard case .connected = session.machine.authenticationAnswered(nil, at: session.now) else {
      Issue.record("not connected")
      return
    }
    #expect(session.canReceive())
  }

  @Test func aBrokerThatDoesNotConvinceTheApplicationIsLeft() throws {
    let session = try session()
    _ = open(session)
    _ = session.receive(connack("final"))
    #expect(session.machine.authenticationFailed("wrong signature") == .close)
    let failure = ConnectionFailure.authenticationFailed(broker: "broker:1883", detail: "wrong signature")
    #expect(session.disconnect() == .wait(.seconds(1), failure, isRepeated: false))
  }

  @Test func anotherMethodThanOursIsAViolation() throws {
    for packet in [connack(nil, method: nil), connack(nil, method: "N")] {
      let session = try session()
      _ = open(session)
      #expect(session.receive(packet) == .close)
    }
    let session = try session()
    _ = open(session)
    #expect(session.receive(auth(.continueAuthentication, nil, method: "N")) == .close)
  }

  @Test func aStandingConnectionCanBeAuthenticatedAgain() throws {
    let session = try session()
    connect(session)
    try session.machine.reauthenticate(RequestID(1), data: ByteBuffer(string: "again"), at: session.now)
    #expect(session.written() == [auth(.reauthenticate, "again")])
    _ = session.receive(auth(.continueAuthentication, "challenge"))
    _ = session.machine.authenticationAnswered(ByteBuffer(string: "answer"), at: session.now)
    #expect(session.written() == [auth(.continueAuthentication, "answer")])
    #expect(session.receive(auth(.success, nil)) == .authenticate(nil, isFinal: true))
    #expect(session.machine.authenticationAnswered(nil, at: session.now) == .none)
    #expect(session.outputs() == [.finishRequest(RequestID(1), nil)])
  }

  @Test func aBrokerThatDoesNotAnswerIsGivenUp() throws {
    let session = try session()
    connect(session)
    try session.machine.reauthenticate(RequestID(1), data: nil, at: session.now)
    _ = session.written()
    session.now = session.now + .seconds(10)
    #expect(session.tick() == .close)
    _ = session.disconnect()
    #expect(session.outputs() == [.finishRequest(RequestID(1), .notConnected)])
  }

  @Test func anUnaskedStepIsAViolation() throws {
    let session = try session()
    connect(session)
    #expect(session.receive(auth(.continueAuthentication, nil)) == .close)
    #expect(session.written() == [.disconnect(Disconnect(reasonCode: .protocolError))])
  }

  @Test func withoutAMethodThereIsNothingToAuthenticateAgain() throws {
    let session = try Session()
    session.connect()
    #expect(throws: MQTTError.noAuthenticator) {
      try session.machine.reauthenticate(RequestID(1), data: nil, at: session.now)
    }
  }

  /// The application may think for longer than the connection stands.
  @Test func anAnswerThatComesTooLateChangesNothing() throws {
    let session = try session()
    _ = open(session)
    _ = session.receive(connack("final"))
    session.now = session.now + .seconds(10)
    #expect(session.tick() == .close)
    #expect(session.machine.authenticationAnswered(nil, at: session.now) == .none)
    #expect(session.written().isEmpty)

    let other = try self.session()
    connect(other)
    try other.machine.reauthenticate(RequestID(1), data: nil, at: other.now)
    _ = other.written()
    _ = other.receive(auth(.continueAuthentication, "challenge"))
    #expect(other.receive(.pingreq) == .close)
    _ = other.machine.authenticationAnswered(ByteBuffer(string: "answer"), at: other.now)
    #expect(other.written() == [.disconnect(Disconnect(reasonCode: .protocolError))])
  }
}
