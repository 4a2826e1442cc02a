/// The outcome of an operation, as the peer reports it (MQTT 5.0, 2.4).
///
/// The return codes of 3.1.1 are expressed by the codes of 5.0 that mean the same.
public enum ReasonCode: UInt8, Sendable, Hashable, Comparable {
  /// Also: normal disconnection, and granted quality of service 0.
  case success = 0x00
  case grantedAtLeastOnce = 0x01
  case grantedExactlyOnce = 0x02
  case disconnectWithWill = 0x04
  case noMatchingSubscribers = 0x10
  case noSubscriptionExisted = 0x11
  case continueAuthentication = 0x18
  case reauthenticate = 0x19
  case unspecifiedError = 0x80
  case malformedPacket = 0x81
  case protocolError = 0x82
  case implementationSpecificError = 0x83
  case unsupportedProtocolVersion = 0x84
  case clientIdentifierNotValid = 0x85
  case badUserNameOrPassword = 0x86
  case notAuthorized = 0x87
  case serverUnavailable = 0x88
  case serverBusy = 0x89
  case banned = 0x8A
  case serverShuttingDown = 0x8B
  case badAuthenticationMethod = 0x8C
  case keepAliveTimeout = 0x8D
  case sessionTakenOver = 0x8E
  case topicFilterInvalid = 0x8F
  case topicNameInvalid = 0x90
  case packetIdentifierInUse = 0x91
  case packetIdentifierNotFound = 0x92
  case receiveMaximumExceeded = 0x93
  case topicAliasInvalid = 0x94
  case packetTooLarge = 0x95
  case messageRateTooHigh = 0x96
  case quotaExceeded = 0x97
  case administrativeAction = 0x98
  case payloadFormatInvalid = 0x99
  case retainNotSupported = 0x9A
  case qualityOfServiceNotSupported = 0x9B
  case useAnotherServer = 0x9C
  case serverMoved = 0x9D
  case sharedSubscriptionsNotSupported = 0x9E
  case connectionRateExceeded = 0x9F
  case maximumConnectTime = 0xA0
  case subscriptionIdentifiersNotSupported = 0xA1
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
