extension ReasonCode {
  /// Whether packets of `type` can have the code, whoever sends them (MQTT 5.0, 2.4 and the tables of 3.2.2.2 to
  /// 3.15.2.1).
  package func isAllowed(in type: PacketType) -> Bool {
    switch type {
    case .connack: isOfConnack
    case .puback, .pubrec: isOfPuback
    case .pubrel, .pubcomp: self == .success || self == .packetIdentifierNotFound
    case .suback: isOfSuback
    case .unsuback: isOfUnsuback
    case .disconnect: isOfDisconnect
    case .auth: self == .success || self == .continueAuthentication || self == .reauthenticate
    default: false
    }
  }

  private var isOfConnack: Bool {
    switch self {
    case .success, .unspecifiedError, .malformedPacket, .protocolError, .implementationSpecificError,
      .unsupportedProtocolVersion, .clientIdentifierNotValid, .badUserNameOrPassword, .notAuthorized,
      .serverUnavailable, .serverBusy, .banned, .badAuthenticationMethod, .topicNameInvalid, .packetTooLarge,
      .quotaExceeded, .payloadFormatInvalid, .retainNotSupported, .qualityOfServiceNotSupported,
      .useAnotherServer, .serverMoved, .connectionRateExceeded:
      true
    default: false
    }
  }

  private var isOfPuback: Bool {
    switch self {
    case .success, .noMatchingSubscribers, .unspecifiedError, .implementationSpecificError, .notAuthorized,
      .topicNameInvalid, .packetIdentifierInUse, .quotaExceeded, .payloadFormatInvalid:
      true
    // Not in the standard's table, but mosquitto says so of a message above its `message_size_limit`. To close
    // the connection would send that message again for ever.
    case .packetTooLarge: true
    default: false
    }
  }

  private var isOfSuback: Bool {
    switch self {
    case .success, .grantedAtLeastOnce, .grantedExactlyOnce, .unspecifiedError, .implementationSpecificError,
      .notAuthorized, .topicFilterInvalid, .packetIdentifierInUse, .quotaExceeded,
      .sharedSubscriptionsNotSupported, .subscriptionIdentifiersNotSupported,
      .wildcardSubscriptionsNotSupported:
      true
    default: false
    }
  }

  private var isOfUnsuback: Bool {
    switch self {
    case .success, .noSubscriptionExisted, .unspecifiedError, .implementationSpecificError, .notAuthorized,
      .topicFilterInvalid, .packetIdentifierInUse:
      true
    default: false
    }
  }

  /// What both sides may say, and what only one of them may.
  private var isOfDisconnect: Bool {
    switch self {
    case .disconnectWithWill, .notAuthorized, .serverBusy, .serverShuttingDown, .badAuthenticationMethod,
      .keepAliveTimeout, .sessionTakenOver, .topicFilterInvalid, .retainNotSupported,
      .qualityOfServiceNotSupported, .useAnotherServer, .serverMoved, .sharedSubscriptionsNotSupported,
      .connectionRateExceeded, .maximumConnectTime, .subscriptionIdentifiersNotSupported,
      .wildcardSubscriptionsNotSupported:
      true
    default: isOfClientsDisconnect
    }
  }

  /// Whether a client may end its connection with the code (MQTT 5.0, 3.14.2.1).
  package var isOfClientsDisconnect: Bool {
    switch self {
    case .success, .disconnectWithWill, .unspecifiedError, .malformedPacket, .protocolError,
      .implementationSpecificError, .topicNameInvalid, .receiveMaximumExceeded, .topicAliasInvalid,
      .packetTooLarge, .messageRateTooHigh, .quotaExceeded, .administrativeAction, .payloadFormatInvalid:
      true
    default: false
    }
  }
}
