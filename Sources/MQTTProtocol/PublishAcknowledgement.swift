import NIOCore

/// PUBACK, PUBREC, PUBREL or PUBCOMP (MQTT 5.0, 3.4 to 3.7).
package struct PublishAcknowledgement: Sendable, Equatable {
  package var packetIdentifier: UInt16
  package var reasonCode: ReasonCode
  package var properties: AcknowledgementProperties

  package init(
    packetIdentifier: UInt16,
    reasonCode: ReasonCode = .success,
    properties: AcknowledgementProperties = .init()
  ) {
    self.packetIdentifier = packetIdentifier
    self.reasonCode = reasonCode
    self.properties = properties
  }
}

/// What a peer can say about its acknowledgement.
package struct AcknowledgementProperties: Sendable, Equatable {
  package var reasonString: String?
  package var userProperties: [UserProperty] = []

  package init() {}

  var isEmpty: Bool { reasonString == nil && userProperties.isEmpty }
}

extension PublishAcknowledgement {
  /// It consists of its packet identifier.
  var isPlain: Bool { reasonCode == .success && properties.isEmpty }

  func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) {
    buffer.writeInteger(packetIdentifier)
    let hasProperties = !properties.isEmpty
    guard version == .v5, hasProperties || reasonCode != .success else { return }
    buffer.writeInteger(reasonCode.rawValue)
    if hasProperties { buffer.writeProperties(properties) }
  }

  init(
    from reader: inout PacketReader, type: PacketType, version: ProtocolVersion
  ) throws(MalformedPacket) {
    self.init(packetIdentifier: try reader.packetIdentifier())
    guard version == .v5, !reader.isAtEnd else { return }
    reasonCode = try reader.reasonCode(of: type)
    if !reader.isAtEnd { try reader.properties(into: &properties) }
  }
}

extension AcknowledgementProperties: PropertySet {
  mutating func read(_ property: PropertyIdentifier, from reader: inout PacketReader) throws(MalformedPacket)
    -> Bool
  {
    switch property {
    case .reasonString: reasonString = try reader.string()
    case .userProperty: userProperties.append(try reader.userProperty())
    default: return false
    }
    return true
  }

  func write(to buffer: inout ByteBuffer) {
    buffer.writeProperty(.reasonString, reasonString)
    buffer.writeUserProperties(userProperties)
  }
}
