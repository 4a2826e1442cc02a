/// What a broker agreed to when it accepted a connection.
public struct ConnectedState: Sendable, Hashable {
  /// What both sides speak.
  public var version: ProtocolVersion
  /// Whether the broker still had the session, with its subscriptions and undelivered messages.
  public var isSessionPresent: Bool
  /// The identifier in use: the configured one, or one that the broker has assigned.
  public var clientIdentifier: String
  /// What the broker takes.
  public var limits: ServerLimits
  /// The filters of routes that the broker refused, and why; no messages come for these.
  public var refusedSubscriptions: [String: ReasonCode]
  /// What answers to this client's requests may be sent to (MQTT 5.0, 3.2.2.3.15).
  public var responseInformation: String?
  /// What else the broker says of the connection (MQTT 5.0, 3.2.2.3.10).
  public var userProperties: [UserProperty]

  /// For tests of programs that look at the state.
  public init(
    version: ProtocolVersion,
    isSessionPresent: Bool,
    clientIdentifier: String,
    limits: ServerLimits,
    refusedSubscriptions: [String: ReasonCode] = [:],
    responseInformation: String? = nil,
    userProperties: [UserProperty] = []
  ) {
    self.version = version
    self.isSessionPresent = isSessionPresent
    self.clientIdentifier = clientIdentifier
    self.limits = limits
    self.refusedSubscriptions = refusedSubscriptions
    self.responseInformation = responseInformation
    self.userProperties = userProperties
  }
}

/// What a broker takes from a client (MQTT 5.0, 3.2.2.3). On 3.1.1 a broker cannot say, and all is allowed.
public struct ServerLimits: Sendable, Hashable {
  /// How many messages at quality of service 1 and 2 may be unacknowledged at a time.
  public var receiveMaximum: UInt16
  /// Of a whole packet, in bytes.
  public var maximumPacketSize: Int
  /// Messages above it are refused by the client itself.
  public var maximumQualityOfService: QualityOfService
  /// Whether the broker keeps retained messages.
  public var isRetainAvailable: Bool
  /// The highest topic alias that the client may use; 0 is none.
  public var topicAliasMaximum: UInt16
  /// Whether filters may hold `+` and `#`.
  public var isWildcardSubscriptionAvailable: Bool
  /// Whether subscriptions may have an identifier.
  public var isSubscriptionIdentifierAvailable: Bool
  /// Whether there are shared subscriptions (`$share/GROUP/FILTER`).
  public var isSharedSubscriptionAvailable: Bool
  /// The keep-alive in force, in seconds; 0 is none.
  public var keepAlive: UInt16
  /// How long the broker keeps the session after the connection, in seconds, where it differs from what was
  /// asked for.
  public var sessionExpiryInterval: UInt32?

  package init(_ properties: ConnackProperties = .init(), requestedKeepAlive: UInt16 = 0) {
    receiveMaximum = properties.receiveMaximum ?? .max
    maximumPacketSize = min(
      properties.maximumPacketSize.map(Int.init) ?? .max,
      variableByteIntegerMaximum + 5
    )
    maximumQualityOfService = properties.maximumQualityOfService ?? .exactlyOnce
    isRetainAvailable = properties.isRetainAvailable ?? true
    topicAliasMaximum = properties.topicAliasMaximum ?? 0
    isWildcardSubscriptionAvailable = properties.isWildcardSubscriptionAvailable ?? true
    isSubscriptionIdentifierAvailable = properties.isSubscriptionIdentifierAvailable ?? true
    isSharedSubscriptionAvailable = properties.isSharedSubscriptionAvailable ?? true
    keepAlive = properties.serverKeepAlive ?? requestedKeepAlive
    sessionExpiryInterval = properties.sessionExpiryInterval
  }

  /// Throws unless the broker takes `message`.
  package func check(_ message: Message, version: ProtocolVersion) throws(MQTTError) {
    guard message.qualityOfService <= maximumQualityOfService else {
      throw .qualityOfServiceNotAvailable(maximum: maximumQualityOfService)
    }
    guard !message.retain || isRetainAvailable else { throw .retainNotAvailable }
    let size = message.encodedSize(version: version)
    guard size <= maximumPacketSize else {
      throw .packetTooLarge(size: size, maximum: maximumPacketSize)
    }
  }
}
