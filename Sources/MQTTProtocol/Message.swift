public import NIOCore

/// An application message to publish (MQTT 5.0, 3.3).
public struct Message: Sendable, Equatable {
  /// A topic name without wildcards, 1 to 65,535 bytes of UTF-8.
  public var topic: String
  public var payload: ByteBuffer
  public var qualityOfService: QualityOfService
  /// Whether the broker keeps the message for later subscribers; an empty payload removes what it kept.
  public var retain: Bool
  /// Left out when the broker speaks 3.1.1.
  public var properties: PublishProperties

  public init(
    topic: String,
    payload: ByteBuffer,
    qualityOfService: QualityOfService = .atLeastOnce,
    retain: Bool = false,
    properties: PublishProperties = .init()
  ) {
    self.topic = topic
    self.payload = payload
    self.qualityOfService = qualityOfService
    self.retain = retain
    self.properties = properties
  }
}

/// An application message that the broker has delivered.
public struct ReceivedMessage: Sendable, Equatable {
  public var topic: String
  public var payload: ByteBuffer
  /// The quality of service of this delivery: the lower of the publisher's and the subscription's.
  public var qualityOfService: QualityOfService
  /// Sent because of a new subscription, not because it was published just now.
  public var isRetained: Bool
  /// The broker may have delivered the same message before.
  public var isDuplicate: Bool
  /// The packet exceeded the client's maximum packet size; `payload` is empty in its place.
  ///
  /// Happens on MQTT 3.1.1 only: there a client cannot announce its limit, and to close the connection would
  /// make the broker send the packet again for ever. On 5.0 the limit is announced and enforced.
  public var isPayloadTruncated: Bool
  public var properties: PublishProperties

  public init(
    topic: String,
    payload: ByteBuffer,
    qualityOfService: QualityOfService = .atLeastOnce,
    isRetained: Bool = false,
    isDuplicate: Bool = false,
    isPayloadTruncated: Bool = false,
    properties: PublishProperties = .init()
  ) {
    self.topic = topic
    self.payload = payload
    self.qualityOfService = qualityOfService
    self.isRetained = isRetained
    self.isDuplicate = isDuplicate
    self.isPayloadTruncated = isPayloadTruncated
    self.properties = properties
  }
}

/// What a publisher can say about its message (MQTT 5.0, 3.3.2.3).
public struct PublishProperties: Sendable, Equatable {
  /// Whether the payload is declared to be UTF-8 text; nil says nothing.
  public var isPayloadText: Bool?
  /// Seconds after which the broker stops delivering the message; nil is never.
  public var messageExpiryInterval: UInt32?
  public var contentType: String?
  /// The topic for an answer.
  public var responseTopic: String?
  /// What an answer is to carry, so that its receiver can tell which request it answers.
  public var correlationData: ByteBuffer?
  public var userProperties: [UserProperty]

  public init(
    isPayloadText: Bool? = nil,
    messageExpiryInterval: UInt32? = nil,
    contentType: String? = nil,
    responseTopic: String? = nil,
    correlationData: ByteBuffer? = nil,
    userProperties: [UserProperty] = []
  ) {
    self.isPayloadText = isPayloadText
    self.messageExpiryInterval = messageExpiryInterval
    self.contentType = contentType
    self.responseTopic = responseTopic
    self.correlationData = correlationData
    self.userProperties = userProperties
  }
}

/// A name and a value of the application's own; names may repeat.
public struct UserProperty: Sendable, Hashable {
  public var name: String
  public var value: String

  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}
