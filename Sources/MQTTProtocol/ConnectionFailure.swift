/// Why a connection was not made, or ended. `broker` is its address: `host:port`, a Unix socket's path, or
/// `ws://host:port/path`.
public enum ConnectionFailure: Error, Sendable, Hashable {
  /// The host's name was not resolved.
  case unknownHost(broker: String, detail: String)
  /// The connection was refused, or the Unix socket does not exist.
  case nothingListens(broker: String)
  /// No connection for another reason that the operating system gives.
  case unreachable(broker: String, detail: String)
  /// TLS was not agreed on, or the broker's certificate is not trusted.
  case encryptionFailed(broker: String, detail: String)
  /// No WebSocket for MQTT was opened, or what came over it is not allowed there (MQTT 5.0, 6).
  case webSocketFailed(broker: String, detail: String)
  /// The broker did not answer the named step within the configured time.
  case timedOut(broker: String, waitingFor: String)
  /// CONNACK refused the user name or password.
  case credentialsRefused(broker: String, ReasonCode, detail: String?)
  /// CONNACK refused for any other reason. Some brokers name another one to use.
  case refused(broker: String, ReasonCode, detail: String?, serverReference: String? = nil)
  /// The exchange of an authentication method failed.
  case authenticationFailed(broker: String, detail: String)
  /// The broker takes neither of the versions that the client may speak.
  case versionNotSupported(broker: String)
  /// Another client has connected with the same client identifier: the broker says so, or it has closed three
  /// connections in a row within ten seconds after CONNACK.
  case sessionTakenOver(broker: String, clientIdentifier: String)
  /// The broker sent DISCONNECT. Some brokers name another one to use.
  case disconnected(broker: String, ReasonCode, detail: String?, serverReference: String? = nil)
  /// The connection ended without a word.
  case closed(broker: String)
  /// The operating system says that the connection is broken.
  case connectionLost(broker: String, detail: String)
  /// No PINGRESP in time: the broker or the network is gone without closing the connection.
  case keepAliveTimeout(broker: String)
  /// What the broker sent is not MQTT (MQTT 5.0, 4.13).
  case malformedPacket(broker: String, MalformedPacket)
  /// The broker sent what it must not send (MQTT 5.0, 4.13).
  case protocolViolation(broker: String, ProtocolViolation)
}

/// A well-formed packet that the broker must not send (MQTT 5.0, 4.13).
public enum ProtocolViolation: Error, Sendable, Hashable {
  /// The packet's name is not expected in this state.
  case unexpectedPacket(String)
  /// The alias is above those that the client allows.
  case unexpectedTopicAlias
  /// The alias stands for no topic yet.
  case unknownTopicAlias
  /// SUBACK or UNSUBACK answers nothing that was sent.
  case mismatchedSubscribeAcknowledgement
  /// An acknowledgement is not one of the message's quality of service.
  case mismatchedAcknowledgement(packetIdentifier: UInt16)
  /// A message at quality of service 2 has the identifier of another that is under way.
  case identifierInUse(UInt16)
  /// PUBREL came before PUBREC was sent.
  case unexpectedRelease(packetIdentifier: UInt16)
  /// More messages are unacknowledged than the client has allowed.
  case receiveMaximumExceeded
  /// CONNACK or AUTH is of another authentication method than CONNECT.
  case mismatchedAuthenticationMethod
  /// CONNACK has a session, but CONNECT asked for a new one.
  case unexpectedSession
  /// More answers are due than there are packet identifiers.
  case tooManyUnanswered

  /// "Packet identifier in use" is for acknowledgements only (MQTT 5.0, 3.14.2.1).
  package var reasonCode: ReasonCode {
    switch self {
    case .unexpectedTopicAlias: .topicAliasInvalid
    case .receiveMaximumExceeded: .receiveMaximumExceeded
    default: .protocolError
    }
  }
}

extension ConnectionFailure: CustomStringConvertible {
  /// What happened to what, and what to do about it.
  public var description: String {
    switch self {
    case .unknownHost(let broker, let detail):
      "the name of the broker at \(broker) cannot be resolved (\(detail)): check the host name and the DNS"
    case .nothingListens(let broker): "nothing listens at \(broker): is the broker running?"
    case .unreachable(let broker, let detail):
      "the broker at \(broker) cannot be reached (\(detail)): check the network and the firewall"
    case .encryptionFailed(let broker, let detail):
      "the connection to the broker at \(broker) cannot be encrypted (\(detail)): is it the broker's TLS port, "
        + "and its certificate for this name and from an authority that is trusted here?"
    case .webSocketFailed(let broker, let detail):
      "the WebSocket to the broker at \(broker) failed (\(detail)): is it the broker's port for WebSockets, "
        + "and the path right?"
    case .timedOut(let broker, let step):
      "the broker at \(broker) did not answer in time (waited for \(step)): is it an MQTT broker, and overloaded?"
    case .credentialsRefused(let broker, let code, let detail):
      "the broker at \(broker) refused the user name or password (\(code)\(Self.suffix(detail))): "
        + "check both, and the broker's password file"
    case .refused(let broker, let code, let detail, let reference):
      "the broker at \(broker) refused the connection (\(code)\(Self.suffix(detail))): "
        + Self.advice(reference)
    case .authenticationFailed(let broker, let detail):
      "the client and the broker at \(broker) could not authenticate each other (\(detail)): "
        + "check the method, and what both know of each other"
    case .versionNotSupported(let broker):
      "the broker at \(broker) speaks neither MQTT 5.0 nor 3.1.1: use another broker"
    case .sessionTakenOver(let broker, let identifier):
      "another client uses the client id '\(identifier)' at the broker \(broker): give each program its own id"
    case .disconnected(let broker, let code, let detail, let reference):
      "the broker at \(broker) ended the connection (\(code)\(Self.suffix(detail))): "
        + Self.advice(reference)
    case .closed(let broker):
      "the broker at \(broker) closed the connection: was it restarted? If not, see the broker's log"
    case .connectionLost(let broker, let detail):
      "the connection to the broker at \(broker) was lost (\(detail)): check the network"
    case .keepAliveTimeout(let broker):
      "the broker at \(broker) does not answer any more: check the network and the broker's machine"
    case .malformedPacket(let broker, let error):
      "what listens at \(broker) sent what is not MQTT (\(error)): is it an MQTT broker, and this its port?"
    case .protocolViolation(let broker, let violation):
      "the broker at \(broker) broke the MQTT protocol (\(violation)): report it to the broker's makers"
    }
  }

  private static func advice(_ serverReference: String?) -> String {
    serverReference.map { "it refers to the broker \($0)" } ?? "see the broker's log"
  }

  private static func suffix(_ detail: String?) -> String {
    detail.map { ": \($0)" } ?? ""
  }
}
