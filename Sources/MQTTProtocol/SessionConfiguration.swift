package import NIOCore

/// What a session machine needs to know of its client.
package struct SessionConfiguration: Sendable {
  /// So many of the longest filters still fit into one SUBSCRIBE.
  private static let subscriptionLimit = 1000

  /// `host:port`, as failures name it.
  package var broker: String
  package var clientIdentifier: String
  package var cleanStart = true
  /// Seconds; `UInt32.max` is for ever.
  package var sessionExpiryInterval: UInt32 = 0
  package var credentials: Credentials?
  package var will: Message?
  package var publishesWillOnStop = false
  /// Seconds; 0 is none.
  package var keepAlive: UInt16 = 30
  package var receiveMaximum: UInt16 = 100
  package var maximumPacketSize = 256 * 1024
  package var outgoingQueueLimit = 1000
  /// For CONNACK, for SUBACK, and at most for PINGRESP.
  package var answerTime = TimeAmount.seconds(10)
  package var backoff = ReconnectBackoff()
  /// In the order in which a message looks for the first that matches.
  package var subscriptions: [Subscription] = []

  package init(broker: String, clientIdentifier: String) {
    self.broker = broker
    self.clientIdentifier = clientIdentifier
  }

  /// Throws what the first field that cannot be sent is.
  package func validate() throws(MQTTError) {
    try validateString(clientIdentifier, "client identifier")
    try validateString(credentials?.userName, "user name")
    try validateLength(credentials?.password.map { ByteBuffer(string: $0) }, "password")
    guard receiveMaximum > 0 else { throw .invalidValue("the receive maximum is 0: it has to be 1 or more") }
    guard maximumPacketSize >= 1024 else {
      throw .invalidValue("the maximum packet size is below 1,024 bytes")
    }
    guard outgoingQueueLimit > 0 else {
      throw .invalidValue("the outgoing queue limit is 0: it has to be 1 or more")
    }
    if let will {
      try will.validate()
      try validateLength(will.payload, "will's payload")
    }
    guard subscriptions.count <= Self.subscriptionLimit else {
      throw .invalidValue("there are more than \(Self.subscriptionLimit) routes")
    }
    for subscription in subscriptions {
      guard TopicFilter(subscription.filter) != nil else { throw .invalidFilter(subscription.filter) }
      guard subscription.qualityOfService < .exactlyOnce else {
        throw .unsupportedQualityOfService(subscription.qualityOfService)
      }
    }
  }

  func connect(version: ProtocolVersion, cleanStart: Bool, clientIdentifier: String) -> Connect {
    // A session of 3.1.1 either ends with its connection or never.
    let isClean =
      cleanStart || (version == .v3_1_1 && (sessionExpiryInterval == 0 || clientIdentifier.isEmpty))
    var properties = ConnectProperties()
    properties.sessionExpiryInterval = sessionExpiryInterval == 0 ? nil : sessionExpiryInterval
    properties.receiveMaximum = receiveMaximum
    properties.maximumPacketSize = UInt32(exactly: maximumPacketSize)
    return Connect(
      version: version,
      clientIdentifier: clientIdentifier,
      cleanStart: isClean,
      keepAlive: keepAlive,
      credentials: credentials.map {
        ConnectCredentials(userName: $0.userName, password: $0.password.map { ByteBuffer(string: $0) })
      },
      will: will.map { Will(message: $0) },
      properties: properties
    )
  }
}
