package import NIOCore

/// PUBLISH: an application message on its way (MQTT 5.0, 3.3).
package struct Publish: Sendable, Equatable {
  package var message: Message
  package var isDuplicate: Bool
  /// nil at quality of service 0.
  package var packetIdentifier: UInt16?
  package var topicAlias: UInt16?
  package var subscriptionIdentifiers: [UInt32]
  /// The decoder skipped the payload, because the packet is too large.
  package var isPayloadTruncated = false

  package init(
    _ message: Message,
    isDuplicate: Bool = false,
    packetIdentifier: UInt16? = nil,
    topicAlias: UInt16? = nil,
    subscriptionIdentifiers: [UInt32] = []
  ) {
    self.message = message
    self.isDuplicate = isDuplicate
    self.packetIdentifier = packetIdentifier
    self.topicAlias = topicAlias
    self.subscriptionIdentifiers = subscriptionIdentifiers
  }

  var flags: UInt8 {
    (isDuplicate ? 0b1000 : 0) | message.qualityOfService.rawValue << 1 | (message.retain ? 1 : 0)
  }

  package var topic: String { message.topic }
  package var payload: ByteBuffer { message.payload }
}

extension Publish {
  /// It has no properties.
  var isPlain: Bool { !message.hasProperties && topicAlias == nil && subscriptionIdentifiers.isEmpty }

  /// Appends the whole packet, header included.
  func encodePlain(into buffer: inout ByteBuffer, version: ProtocolVersion) {
    let topicLength = topic.utf8.count
    var length = 2 + topicLength + payload.readableBytes
    if packetIdentifier != nil { length += 2 }
    if version == .v5 { length += 1 }
    buffer.reserveCapacity(minimumWritableBytes: 5 + length)
    buffer.writeInteger(PacketType.publish.rawValue << 4 | flags)
    buffer.writeVariableByteInteger(length)
    buffer.writeField(topic)
    if let packetIdentifier { buffer.writeInteger(packetIdentifier) }
    if version == .v5 { buffer.writeInteger(UInt8(0)) }
    buffer.writeImmutableBuffer(payload)
  }

  func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) {
    buffer.writeField(topic)
    if let packetIdentifier { buffer.writeInteger(packetIdentifier) }
    if version == .v5 { encodeProperties(into: &buffer) }
    buffer.writeImmutableBuffer(payload)
  }

  private func encodeProperties(into buffer: inout ByteBuffer) {
    guard !isPlain else {
      buffer.writeInteger(UInt8(0))
      return
    }
    buffer.writeProperties(
      Properties(
        message: message.properties,
        topicAlias: topicAlias,
        subscriptionIdentifiers: subscriptionIdentifiers
      )
    )
  }

  init(from reader: inout PacketReader, flags: UInt8, version: ProtocolVersion) throws(MalformedPacket) {
    guard let qualityOfService = QualityOfService(rawValue: flags >> 1 & 0b11) else {
      throw .invalidQualityOfService
    }
    let isDuplicate = flags & 0b1000 != 0
    guard !isDuplicate || qualityOfService > .atMostOnce else { throw .reservedFlags }
    let topic = try reader.string()
    guard topic.isEmpty || TopicName.isValid(topic) else { throw .invalidTopicName }
    let packetIdentifier = qualityOfService > .atMostOnce ? try reader.packetIdentifier() : nil
    let properties = version == .v5 ? try Properties(from: &reader) : nil
    guard !topic.isEmpty || properties?.topicAlias != nil else { throw .missingTopic }
    self.init(
      Message(
        topic: topic, payload: reader.rest(), qualityOfService: qualityOfService, isRetained: flags & 1 != 0),
      isDuplicate: isDuplicate,
      packetIdentifier: packetIdentifier
    )
    guard let properties else { return }
    message.properties = properties.message
    topicAlias = properties.topicAlias
    subscriptionIdentifiers = properties.subscriptionIdentifiers
  }

  /// A message's properties, and those that concern only this packet.
  fileprivate struct Properties: PropertySet {
    var message = PublishProperties()
    var topicAlias: UInt16?
    var subscriptionIdentifiers: [UInt32] = []

    mutating func read(
      _ property: PropertyIdentifier,
      from reader: inout PacketReader
    ) throws(MalformedPacket) -> Bool {
      switch property {
      case .topicAlias: topicAlias = try reader.nonZeroUInt16(property)
      case .subscriptionIdentifier:
        let identifier = try reader.variableByteInteger()
        guard identifier != 0 else { throw .invalidPropertyValue(property.rawValue) }
        subscriptionIdentifiers.append(identifier)
      default: return try message.read(property, from: &reader)
      }
      return true
    }

    func write(to buffer: inout ByteBuffer) {
      message.write(to: &buffer)
      buffer.writeProperty(.topicAlias, topicAlias)
      for identifier in subscriptionIdentifiers {
        buffer.writeInteger(PropertyIdentifier.subscriptionIdentifier.rawValue)
        buffer.writeVariableByteInteger(Int(identifier))
      }
    }
  }
}

extension Publish.Properties {
  /// nil where there are none, which is the case of most messages.
  fileprivate init?(from reader: inout PacketReader) throws(MalformedPacket) {
    guard let fields = try reader.propertyFields() else { return nil }
    self.init()
    try fields.read(into: &self)
  }
}

extension Message {
  /// The size of the PUBLISH packet that carries the message, in bytes.
  package func encodedSize(version: ProtocolVersion) -> Int {
    var length = 2 + topic.utf8.count + payload.readableBytes
    if qualityOfService > .atMostOnce { length += 2 }
    if version == .v5 {
      if !hasProperties {
        length += 1
      } else {
        var buffer = ByteBuffer()
        buffer.writeProperties(properties)
        length += buffer.readableBytes
      }
    }
    return 1 + variableByteIntegerSize(length) + length
  }
}
