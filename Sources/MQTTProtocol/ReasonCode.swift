/// The outcome of an operation, as the peer reports it (MQTT 5.0, 2.4).
///
/// The return codes of 3.1.1 are expressed by the codes of 5.0 that mean the same.
public enum ReasonCode: UInt8, Sendable, Hashable, Comparable {
  /// Also: normal disconnection, and granted quality of service 0.
  case success = 0x00
  /// The subscription is made, with quality of service 1 at most.
  case grantedAtLeastOnce = 0x01
  /// The subscription is made, with quality of service 2.
  case grantedExactlyOnce = 0x02
  /// The client leaves, and its will is to be published all the same.
  case disconnectWithWill = 0x04
  /// The message is taken, but nobody subscribes to its topic.
  case noMatchingSubscribers = 0x10
  /// There was no such subscription to end.
  case noSubscriptionExisted = 0x11
  /// A step of an authentication that goes on.
  case continueAuthentication = 0x18
  /// The client begins another authentication.
  case reauthenticate = 0x19
  /// The peer does not say why.
  case unspecifiedError = 0x80
  /// The packet is not one of MQTT.
  case malformedPacket = 0x81
  /// The packet is not allowed there, or not then.
  case protocolError = 0x82
  /// The packet is valid, but the peer does not do what it asks for.
  case implementationSpecificError = 0x83
  /// The broker does not speak this version.
  case unsupportedProtocolVersion = 0x84
  /// The broker does not allow this client identifier.
  case clientIdentifierNotValid = 0x85
  /// The broker does not know the user, or the password is wrong.
  case badUserNameOrPassword = 0x86
  /// The client may not do this.
  case notAuthorized = 0x87
  /// The broker does not work at present.
  case serverUnavailable = 0x88
  /// The broker has too much to do: try again later.
  case serverBusy = 0x89
  /// An administrator has shut this client out.
  case banned = 0x8A
  /// The broker is ending.
  case serverShuttingDown = 0x8B
  /// The broker does not know this authentication method, or expects another.
  case badAuthenticationMethod = 0x8C
  /// Nothing has come for one and a half times the keep-alive.
  case keepAliveTimeout = 0x8D
  /// Another connection has the same client identifier.
  case sessionTakenOver = 0x8E
  /// The filter is well-formed, but not allowed.
  case topicFilterInvalid = 0x8F
  /// The topic is well-formed, but not allowed.
  case topicNameInvalid = 0x90
  /// The packet identifier stands for another message.
  case packetIdentifierInUse = 0x91
  /// The packet identifier stands for no message.
  case packetIdentifierNotFound = 0x92
  /// More messages were sent at once than allowed.
  case receiveMaximumExceeded = 0x93
  /// The topic alias is 0, or above what is allowed.
  case topicAliasInvalid = 0x94
  /// The packet has more bytes than allowed.
  case packetTooLarge = 0x95
  /// Messages come too fast.
  case messageRateTooHigh = 0x96
  /// A limit of the peer's is reached.
  case quotaExceeded = 0x97
  /// An administrator has ended the connection.
  case administrativeAction = 0x98
  /// The payload is not the UTF-8 that it was declared to be.
  case payloadFormatInvalid = 0x99
  /// The broker keeps no retained messages.
  case retainNotSupported = 0x9A
  /// The broker does not do this quality of service.
  case qualityOfServiceNotSupported = 0x9B
  /// Use another broker for now.
  case useAnotherServer = 0x9C
  /// Use another broker from now on.
  case serverMoved = 0x9D
  /// The broker has no shared subscriptions, or not for this client.
  case sharedSubscriptionsNotSupported = 0x9E
  /// Connections come too fast.
  case connectionRateExceeded = 0x9F
  /// The connection has lasted as long as this one may.
  case maximumConnectTime = 0xA0
  /// The broker has no subscription identifiers.
  case subscriptionIdentifiersNotSupported = 0xA1
  /// The broker has no wildcards in filters, or not for this client.
  case wildcardSubscriptionsNotSupported = 0xA2

  /// Codes from 0x80 up report a failure.
  public var isFailure: Bool { rawValue >= 0x80 }

  public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

extension ReasonCode: CustomStringConvertible {
  /// The code in words and its number, as in `not authorized (0x87)`.
  public var description: String {
    let digits = String(rawValue, radix: 16, uppercase: true)
    return "\(words) (0x\(digits.count < 2 ? "0" : "")\(digits))"
  }

  private var words: String {
    switch self {
    case .success: "success"
    case .grantedAtLeastOnce: "granted quality of service 1"
    case .grantedExactlyOnce: "granted quality of service 2"
    case .disconnectWithWill: "disconnect with will"
    case .noMatchingSubscribers: "no matching subscribers"
    case .noSubscriptionExisted: "no subscription existed"
    case .continueAuthentication: "continue authentication"
    case .reauthenticate: "reauthenticate"
    case .unspecifiedError: "unspecified error"
    case .malformedPacket: "malformed packet"
    case .protocolError: "protocol error"
    case .implementationSpecificError: "implementation specific error"
    case .unsupportedProtocolVersion: "unsupported protocol version"
    case .clientIdentifierNotValid: "client identifier not valid"
    case .badUserNameOrPassword: "bad user name or password"
    case .notAuthorized: "not authorized"
    case .serverUnavailable: "server unavailable"
    case .serverBusy: "server busy"
    case .banned: "banned"
    case .serverShuttingDown: "server shutting down"
    case .badAuthenticationMethod: "bad authentication method"
    case .keepAliveTimeout: "keep alive timeout"
    case .sessionTakenOver: "session taken over"
    case .topicFilterInvalid: "topic filter invalid"
    case .topicNameInvalid: "topic name invalid"
    case .packetIdentifierInUse: "packet identifier in use"
    case .packetIdentifierNotFound: "packet identifier not found"
    case .receiveMaximumExceeded: "receive maximum exceeded"
    case .topicAliasInvalid: "topic alias invalid"
    case .packetTooLarge: "packet too large"
    case .messageRateTooHigh: "message rate too high"
    case .quotaExceeded: "quota exceeded"
    case .administrativeAction: "administrative action"
    case .payloadFormatInvalid: "payload format invalid"
    case .retainNotSupported: "retain not supported"
    case .qualityOfServiceNotSupported: "quality of service not supported"
    case .useAnotherServer: "use another server"
    case .serverMoved: "server moved"
    case .sharedSubscriptionsNotSupported: "shared subscriptions not supported"
    case .connectionRateExceeded: "connection rate exceeded"
    case .maximumConnectTime: "maximum connect time"
    case .subscriptionIdentifiersNotSupported: "subscription identifiers not supported"
    case .wildcardSubscriptionsNotSupported: "wildcard subscriptions not supported"
    }
  }
}
