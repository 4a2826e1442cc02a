package import NIOCore

/// What a session machine needs to know of its client.
package struct SessionConfiguration: Sendable {
  /// The broker of the first connection, as failures name it.
  package var broker: String
  /// So many brokers are tried in turn.
  package var brokerCount = 1
  package var clientIdentifier: String
  package var versions = VersionPreference.newest
  package var cleanStart = true
  /// Seconds; `UInt32.max` is for ever.
  package var sessionExpiryInterval: UInt32 = 0
  package var credentials: Credentials?
  /// nil: no exchange.
  package var authenticationMethod: String?
  package var will: Will?
  package var publishesWillOnStop = false
  /// Seconds; 0 is none.
  package var keepAlive: UInt16 = 30
  package var receiveMaximum: UInt16 = 100
  package var allowsExcessMessages = true
  package var maximumPacketSize = 256 * 1024
  /// The highest alias that the broker may use, and the highest that the client uses if the broker allows it.
  package var topicAliasMaximum: UInt16 = 0
  package var outgoingTopicAliasMaximum: UInt16 = 0
  package var outgoingQueueLimit = 1000
  package var outgoingQueueByteLimit = 16 * 1024 * 1024
  package var sendMaximum = UInt16.max
  package var requestsResponseInformation = false
  package var userProperties: [UserProperty] = []
  /// For CONNACK, SUBACK, UNSUBACK and each step of an authentication, and at most for PINGRESP.
  package var answerTime = TimeAmount.seconds(10)
  /// Without an acknowledgement of any message in flight; nil waits for ever.
  package var acknowledgementTime: TimeAmount?
  package var backoff = ReconnectBackoff()

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
    guard outgoingQueueByteLimit > 0 else {
      throw .invalidValue("the outgoing queue's byte limit is 0: it has to be 1 or more")
    }
    guard sendMaximum > 0 else { throw .invalidValue("the send maximum is 0: it has to be 1 or more") }
    try validateString(authenticationMethod, "authentication method")
    guard authenticationMethod == nil || versions != .only(.v3_1_1) else {
      throw .invalidValue("MQTT 3.1.1 has no authentication method: allow 5.0, or use a password")
    }
    for property in userProperties {
      try validateString(property.name, "name of a user property")
      try validateString(property.value, "value of the user property '\(property.name)'")
    }
    if let will {
      try will.message.validate()
      try validateLength(will.message.payload, "will's payload")
    }
  }

  func connect(
    version: ProtocolVersion, cleanStart: Bool, clientIdentifier: String, authenticationData: ByteBuffer?
  ) -> Connect {
    // A session of 3.1.1 either ends with its connection or never.
    let isClean =
      cleanStart || (version == .v3_1_1 && (sessionExpiryInterval == 0 || clientIdentifier.isEmpty))
    var properties = ConnectProperties()
    properties.sessionExpiryInterval = sessionExpiryInterval == 0 ? nil : sessionExpiryInterval
    properties.receiveMaximum = receiveMaximum
    properties.maximumPacketSize = UInt32(exactly: maximumPacketSize)
    properties.topicAliasMaximum = topicAliasMaximum == 0 ? nil : topicAliasMaximum
    properties.requestResponseInformation = requestsResponseInformation ? true : nil
    properties.userProperties = userProperties
    properties.authenticationMethod = authenticationMethod
    properties.authenticationData = authenticationMethod == nil ? nil : authenticationData
    return Connect(
      version: version,
      clientIdentifier: clientIdentifier,
      cleanStart: isClean,
      keepAlive: keepAlive,
      credentials: credentials.map {
        ConnectCredentials(userName: $0.userName, password: $0.password.map { ByteBuffer(string: $0) })
      },
      will: will,
      properties: properties
    )
  }
}
