package import NIOCore

/// Where an exchange of AUTH packets is (MQTT 5.0, 4.12).
struct AuthenticationExchange {
  enum Step: Equatable {
    case idle
    /// The application works on its answer.
    case answering(isFinal: Bool)
    /// CONNACK counts once the application has approved of the data in it.
    indirect case holding(Connack)
    /// AUTH has been sent on a standing connection.
    case awaitingBroker
  }

  let method: String?
  var step = Step.idle
  /// The call that has begun a re-authentication.
  var caller: RequestID?
  var deadline: NIODeadline?

  init(method: String?) { self.method = method }

  /// The connection is about to end: no answer is to be sent any more, and CONNACK does not count.
  mutating func abandon() {
    step = .idle
    deadline = nil
  }

  /// Nothing else may be looked at before the application has answered.
  var isHoldingConnack: Bool { if case .holding = step { true } else { false } }

  /// Returns the call that waited for the broker.
  mutating func connectionLost() -> RequestID? {
    defer { self = AuthenticationExchange(method: method) }
    return caller
  }
}

extension SessionMachine {
  /// Authenticates again on the standing connection.
  package mutating func reauthenticate(_ id: RequestID, data: ByteBuffer?, at now: NIODeadline)
    throws(MQTTError)
  {
    guard authentication.method != nil else { throw .noAuthenticator }
    guard case .connected = phase, authentication.step == .idle else { throw .notConnected }
    authentication.caller = id
    send(.reauthenticate, data, at: now)
  }

  package mutating func cancelReauthentication(_ id: RequestID) {
    if authentication.caller == id { authentication.caller = nil }
  }

  /// Answers ``Action/authenticate(_:isFinal:)``.
  package mutating func authenticationAnswered(_ data: ByteBuffer?, at now: NIODeadline) -> Action {
    switch authentication.step {
    case .idle, .awaitingBroker: break
    case .holding(let connack):
      authentication.step = .idle
      return accept(connack, at: now)
    case .answering(isFinal: false):
      authentication.step = .idle
      authentication.deadline = nil
      send(.continueAuthentication, data, at: now)
    case .answering(isFinal: true):
      authentication.step = .idle
      authentication.deadline = nil
      if let caller = authentication.caller { finishedRequests.append((caller, nil)) }
      authentication.caller = nil
    }
    return .none
  }

  /// The application does not accept the broker's step.
  package mutating func authenticationFailed(_ detail: String) -> Action {
    authentication.step = .idle
    // "Not authorized" is for brokers only (MQTT 5.0, 3.14.2.1).
    return fail(.authenticationFailed(broker: broker, detail: detail), reasonCode: .unspecifiedError)
  }

  /// What AUTH of the broker asks for.
  mutating func receive(_ packet: Authentication) -> Action {
    guard authentication.method != nil, packet.properties.method == authentication.method else {
      return violation(.mismatchedAuthenticationMethod)
    }
    let isBeforeConnack = if case .awaitingConnack = phase { true } else { false }
    let isFinal = packet.reasonCode == .success
    guard packet.reasonCode != .reauthenticate,
      isBeforeConnack
        ? !isFinal && authentication.step == .idle : authentication.step == .awaitingBroker
    else { return violation(unexpected(.auth(packet))) }
    authentication.step = .answering(isFinal: isFinal)
    return .authenticate(packet.properties.data, isFinal: isFinal)
  }

  /// Holds CONNACK until the application has seen the broker's last step.
  mutating func authenticate(_ connack: Connack, at now: NIODeadline) -> Action {
    guard connack.properties.authenticationMethod == authentication.method else {
      return violation(.mismatchedAuthenticationMethod)
    }
    guard authentication.method != nil else { return accept(connack, at: now) }
    authentication.step = .holding(connack)
    return .authenticate(connack.properties.authenticationData, isFinal: true)
  }

  private mutating func send(_ code: ReasonCode, _ data: ByteBuffer?, at now: NIODeadline) {
    var packet = Authentication(reasonCode: code)
    packet.properties.method = authentication.method
    packet.properties.data = data
    control = .auth(packet)
    if case .connected = phase {
      authentication.step = .awaitingBroker
      authentication.deadline = now + configuration.answerTime
    }
  }
}
