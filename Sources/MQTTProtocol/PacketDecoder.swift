package import NIOCore

/// Cuts a stream of bytes into packets.
///
/// It holds at most one packet of `maximumPacketSize` (or, on 3.1.1, the 65,542 bytes that the fields before a
/// payload can take) and what was last appended.
package struct PacketDecoder {
  /// The version of the packets to come; known once CONNECT has been sent.
  package var version: ProtocolVersion
  private let maximumPacketSize: Int
  private var accumulated = ByteBuffer()
  /// What is left of a payload that is too large, and passes by unread.
  private var bytesToSkip = 0

  package init(version: ProtocolVersion, maximumPacketSize: Int) {
    self.version = version
    self.maximumPacketSize = maximumPacketSize
  }

  /// The memory of what has come and is not decoded, in bytes.
  package var heldBytes: Int { accumulated.storageCapacity }

  package mutating func append(_ bytes: ByteBuffer) {
    var bytes = bytes
    let skipped = min(bytesToSkip, bytes.readableBytes)
    bytes.moveReaderIndex(forwardBy: skipped)
    bytesToSkip -= skipped
    accumulated.discardReadBytes()
    accumulated.writeBuffer(&bytes)
  }

  /// The next packet; nil until more bytes have been appended. After an error the stream is lost.
  package mutating func next() throws(MalformedPacket) -> Packet? {
    let start = accumulated.readerIndex
    guard let first = accumulated.getInteger(at: start, as: UInt8.self) else {
      accumulated.clear()
      return nil
    }
    guard let type = PacketType(rawValue: first >> 4), type != .auth || version == .v5 else {
      throw .invalidPacketType(first >> 4)
    }
    // Looked at before the body has come: what is not MQTT may never send as much as it seems to announce.
    guard type.flags == nil || type.flags == first & 0xF else { throw .reservedFlags }
    let field = try accumulated.variableByteInteger(at: start + 1, mayBePadded: version == .v3_1_1)
    guard let (length, lengthSize) = field else { return nil }
    let bodyLength = Int(length)
    let headerSize = 1 + lengthSize
    guard headerSize + bodyLength <= maximumPacketSize else {
      guard type == .publish, version == .v3_1_1 else {
        throw .packetTooLarge(size: headerSize + bodyLength, maximum: maximumPacketSize)
      }
      return try truncatedPublish(flags: first & 0xF, headerSize: headerSize, bodyLength: bodyLength)
    }
    guard let body = accumulated.getSlice(at: start + headerSize, length: bodyLength) else { return nil }
    var reader = PacketReader(body)
    let packet = try Packet(type: type, flags: first & 0xF, body: &reader, version: version)
    accumulated.moveReaderIndex(forwardBy: headerSize + bodyLength)
    return packet
  }

  /// A PUBLISH of 3.1.1 without its payload, as soon as the fields before it have come.
  private mutating func truncatedPublish(
    flags: UInt8,
    headerSize: Int,
    bodyLength: Int
  ) throws(MalformedPacket) -> Packet? {
    let bodyStart = accumulated.readerIndex + headerSize
    guard let topicLength = accumulated.getInteger(at: bodyStart, as: UInt16.self) else { return nil }
    let fieldsLength = 2 + Int(topicLength) + (flags >> 1 & 0b11 == 0 ? 0 : 2)
    guard fieldsLength <= bodyLength else { throw .truncated }
    guard let fields = accumulated.getSlice(at: bodyStart, length: fieldsLength) else { return nil }
    var reader = PacketReader(fields)
    var publish = try Publish(from: &reader, flags: flags, version: version)
    publish.isPayloadTruncated = true
    let payloadHere = min(accumulated.readableBytes - headerSize - fieldsLength, bodyLength - fieldsLength)
    accumulated.moveReaderIndex(forwardBy: headerSize + fieldsLength + payloadHere)
    bytesToSkip = bodyLength - fieldsLength - payloadHere
    return .publish(publish)
  }
}
