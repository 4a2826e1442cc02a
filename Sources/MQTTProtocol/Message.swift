public import NIOCore

/// An application message to publish (MQTT 5.0, 3.3).
public struct Message: Sendable, Equatable {
  /// A topic name without wildcards, 1 to 65,535 bytes of UTF-8.
  public var topic: String
  /// Any bytes. The whole packet has 268,435,460 at most, and the broker may take less.
  public var payload: ByteBuffer
  /// How hard client and broker try. Default 1.
  public var qualityOfService: QualityOfService
  /// Whether the broker keeps the message for later subscribers; an empty payload removes what it kept.
  public var retain: Bool
  fileprivate var box: PropertyBox?

  /// Left out when the broker speaks 3.1.1.
  public var properties: PublishProperties {
    get { box?.properties ?? PublishProperties() }
    set { box = PropertyBox(newValue) }
  }

  /// Nothing is checked yet: publishing throws what of the message cannot be sent.
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
    box = PropertyBox(properties)
  }

  /// Without properties, as most are.
  init(topic: String, payload: ByteBuffer, qualityOfService: QualityOfService, isRetained: Bool) {
    self.topic = topic
    self.payload = payload
    self.qualityOfService = qualityOfService
    retain = isRetained
    box = nil
  }

  /// The text's UTF-8 as the payload.
  public init(
    topic: String,
    text: String,
    qualityOfService: QualityOfService = .atLeastOnce,
    retain: Bool = false,
    properties: PublishProperties = .init()
  ) {
    self.init(
      topic: topic, payload: ByteBuffer(string: text), qualityOfService: qualityOfService, retain: retain,
      properties: properties)
  }

  /// Spares most messages a look at what they do not have.
  package var hasProperties: Bool { box != nil }

  public static func == (lhs: Self, rhs: Self) -> Bool {
    lhs.topic == rhs.topic && lhs.payload == rhs.payload && lhs.qualityOfService == rhs.qualityOfService
      && lhs.retain == rhs.retain && lhs.properties == rhs.properties
  }
}

/// Properties in memory of their own: most messages have none, and are moved about much.
private final class PropertyBox: Sendable {
  let properties: PublishProperties

  /// nil where there are none.
  init?(_ properties: PublishProperties) {
    guard properties != PublishProperties() else { return nil }
    self.properties = properties
  }
}

/// An application message that the broker has delivered.
public struct ReceivedMessage: Sendable, Equatable {
  /// The topic name that it was published to.
  public var topic: String
  /// Any bytes.
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
  /// The identifiers that the matching subscriptions were made with (MQTT 5.0, 3.3.2.3.8).
  public var subscriptionIdentifiers: [UInt32]
  private var box: PropertyBox?

  /// What the publisher says about it; nothing on 3.1.1. The expiry interval is what is left of it.
  public var properties: PublishProperties {
    get { box?.properties ?? PublishProperties() }
    set { box = PropertyBox(newValue) }
  }

  /// The payload as UTF-8; what is none is replaced by U+FFFD.
  public var text: String { String(buffer: payload) }

  /// For tests of handlers.
  public init(
    topic: String,
    payload: ByteBuffer,
    qualityOfService: QualityOfService = .atLeastOnce,
    isRetained: Bool = false,
    isDuplicate: Bool = false,
    isPayloadTruncated: Bool = false,
    subscriptionIdentifiers: [UInt32] = [],
    properties: PublishProperties = .init()
  ) {
    self.topic = topic
    self.payload = payload
    self.qualityOfService = qualityOfService
    self.isRetained = isRetained
    self.isDuplicate = isDuplicate
    self.isPayloadTruncated = isPayloadTruncated
    self.subscriptionIdentifiers = subscriptionIdentifiers
    box = PropertyBox(properties)
  }

  init(_ publish: Publish) {
    topic = publish.topic
    payload = publish.payload
    qualityOfService = publish.message.qualityOfService
    isRetained = publish.message.retain
    isDuplicate = publish.isDuplicate
    isPayloadTruncated = publish.isPayloadTruncated
    subscriptionIdentifiers = publish.subscriptionIdentifiers
    box = publish.message.box
  }

  public static func == (lhs: Self, rhs: Self) -> Bool {
    lhs.topic == rhs.topic && lhs.payload == rhs.payload && lhs.qualityOfService == rhs.qualityOfService
      && lhs.isRetained == rhs.isRetained && lhs.isDuplicate == rhs.isDuplicate
      && lhs.isPayloadTruncated == rhs.isPayloadTruncated
      && lhs.subscriptionIdentifiers == rhs.subscriptionIdentifiers && lhs.properties == rhs.properties
  }
}

/// What a publisher can say about its message (MQTT 5.0, 3.3.2.3).
public struct PublishProperties: Sendable, Equatable {
  /// Whether the payload is declared to be UTF-8 text; nil says nothing.
  public var isPayloadText: Bool?
  /// Seconds after which the message is not delivered any more, in the client's queue nor by the broker; nil is
  /// never (MQTT 5.0, 3.3.2.3.3).
  public var messageExpiryInterval: UInt32?
  /// What the payload is, such as a MIME type; at most 65,535 bytes (MQTT 5.0, 3.3.2.3.9).
  public var contentType: String?
  /// The topic for an answer, without wildcards (MQTT 5.0, 3.3.2.3.5).
  public var responseTopic: String?
  /// What an answer is to carry, so that its receiver can tell which request it answers; at most 65,535 bytes
  /// (MQTT 5.0, 3.3.2.3.6).
  public var correlationData: ByteBuffer?
  /// Of the application's own, in their order (MQTT 5.0, 3.3.2.3.7).
  public var userProperties: [UserProperty]

  /// Without arguments there are none.
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
  /// At most 65,535 bytes, without U+0000.
  public var name: String
  /// At most 65,535 bytes, without U+0000.
  public var value: String

  /// Nothing is checked yet.
  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}
