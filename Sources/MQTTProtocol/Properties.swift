import NIOCore

/// The properties of MQTT 5.0 (2.2.2.2). None is above 63, which lets a bit set find duplicates.
enum PropertyIdentifier: UInt8 {
  case payloadFormatIndicator = 0x01
  case messageExpiryInterval = 0x02
  case contentType = 0x03
  case responseTopic = 0x08
  case correlationData = 0x09
  case subscriptionIdentifier = 0x0B
  case sessionExpiryInterval = 0x11
  case assignedClientIdentifier = 0x12
  case serverKeepAlive = 0x13
  case authenticationMethod = 0x15
  case authenticationData = 0x16
  case requestProblemInformation = 0x17
  case willDelayInterval = 0x18
  case requestResponseInformation = 0x19
  case responseInformation = 0x1A
  case serverReference = 0x1C
  case reasonString = 0x1F
  case receiveMaximum = 0x21
  case topicAliasMaximum = 0x22
  case topicAlias = 0x23
  case maximumQualityOfService = 0x24
  case retainAvailable = 0x25
  case userProperty = 0x26
  case maximumPacketSize = 0x27
  case wildcardSubscriptionAvailable = 0x28
  case subscriptionIdentifierAvailable = 0x29
  case sharedSubscriptionAvailable = 0x2A

  var mayRepeat: Bool { self == .userProperty || self == .subscriptionIdentifier }
}

/// The properties that one kind of packet can have.
protocol PropertySet {
  /// Reads the value of `property`; false if this packet cannot have it.
  mutating func read(_ property: PropertyIdentifier, from reader: inout PacketReader) throws(MalformedPacket)
    -> Bool
  func write(to buffer: inout ByteBuffer)
}

/// The fields of one packet's properties.
struct PropertyFields {
  fileprivate var reader: PacketReader

  /// Reads all of them into `set`, each at most once unless it may repeat.
  consuming func read(into set: inout some PropertySet) throws(MalformedPacket) {
    var seen: UInt64 = 0
    while !reader.isAtEnd {
      let number = try reader.variableByteInteger()
      guard let byte = UInt8(exactly: number), let property = PropertyIdentifier(rawValue: byte) else {
        throw .unknownProperty(number)
      }
      let bit = UInt64(1) << UInt64(byte)
      guard seen & bit == 0 || property.mayRepeat else { throw .duplicateProperty(byte) }
      seen |= bit
      guard try set.read(property, from: &reader) else { throw .misplacedProperty(byte) }
    }
  }
}

extension PacketReader {
  /// Reads a packet's properties into `set`, each at most once unless it may repeat.
  mutating func properties(into set: inout some PropertySet) throws(MalformedPacket) {
    try propertyFields()?.read(into: &set)
  }

  /// The fields of a packet's properties; nil where there are none.
  mutating func propertyFields() throws(MalformedPacket) -> PropertyFields? {
    let length = Int(try variableByteInteger())
    return length > 0 ? PropertyFields(reader: try nested(length: length)) : nil
  }

  mutating func flag(_ property: PropertyIdentifier) throws(MalformedPacket) -> Bool {
    switch try byte() {
    case 0: return false
    case 1: return true
    default: throw .invalidPropertyValue(property.rawValue)
    }
  }

  mutating func nonZeroUInt16(_ property: PropertyIdentifier) throws(MalformedPacket) -> UInt16 {
    let value = try uint16()
    guard value != 0 else { throw .invalidPropertyValue(property.rawValue) }
    return value
  }

  mutating func nonZeroUInt32(_ property: PropertyIdentifier) throws(MalformedPacket) -> UInt32 {
    let value = try uint32()
    guard value != 0 else { throw .invalidPropertyValue(property.rawValue) }
    return value
  }

  mutating func userProperty() throws(MalformedPacket) -> UserProperty {
    UserProperty(name: try string(), value: try string())
  }

  mutating func responseTopic() throws(MalformedPacket) -> String {
    let topic = try string()
    guard TopicName.isValid(topic) else { throw .invalidTopicName }
    return topic
  }
}

/// Writers of one property each; nil writes nothing.
extension ByteBuffer {
  mutating func writeProperties(_ set: some PropertySet) {
    writeVariableLengthPrefixed { set.write(to: &$0) }
  }

  mutating func writeProperty(_ property: PropertyIdentifier, _ value: String?) {
    guard let value else { return }
    writeInteger(property.rawValue)
    writeField(value)
  }

  mutating func writeProperty(_ property: PropertyIdentifier, _ value: ByteBuffer?) {
    guard let value else { return }
    writeInteger(property.rawValue)
    writeField(value)
  }

  mutating func writeProperty(_ property: PropertyIdentifier, _ value: (some FixedWidthInteger)?) {
    guard let value else { return }
    writeInteger(property.rawValue)
    writeInteger(value)
  }

  mutating func writeProperty(_ property: PropertyIdentifier, _ value: Bool?) {
    writeProperty(property, value.map { $0 ? UInt8(1) : 0 })
  }

  mutating func writeUserProperties(_ properties: [UserProperty]) {
    for property in properties {
      writeInteger(PropertyIdentifier.userProperty.rawValue)
      writeField(property.name)
      writeField(property.value)
    }
  }
}

extension PublishProperties: PropertySet {
  mutating func read(_ property: PropertyIdentifier, from reader: inout PacketReader) throws(MalformedPacket)
    -> Bool
  {
    switch property {
    case .payloadFormatIndicator: isPayloadText = try reader.flag(property)
    case .messageExpiryInterval: messageExpiryInterval = try reader.uint32()
    case .contentType: contentType = try reader.string()
    case .responseTopic: responseTopic = try reader.responseTopic()
    case .correlationData: correlationData = try reader.binary()
    case .userProperty: userProperties.append(try reader.userProperty())
    default: return false
    }
    return true
  }

  func write(to buffer: inout ByteBuffer) {
    buffer.writeProperty(.payloadFormatIndicator, isPayloadText)
    buffer.writeProperty(.messageExpiryInterval, messageExpiryInterval)
    buffer.writeProperty(.contentType, contentType)
    buffer.writeProperty(.responseTopic, responseTopic)
    buffer.writeProperty(.correlationData, correlationData)
    buffer.writeUserProperties(userProperties)
  }
}
