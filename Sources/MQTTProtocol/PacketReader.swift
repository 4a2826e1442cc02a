package import NIOCore

/// Reads the fields of one packet; every method throws rather than read beyond its end.
package struct PacketReader {
  private var bytes: ByteBuffer

  package init(_ bytes: ByteBuffer) { self.bytes = bytes }

  package var isAtEnd: Bool { bytes.readableBytes == 0 }
  package var remainingBytes: Int { bytes.readableBytes }

  package mutating func byte() throws(MalformedPacket) -> UInt8 {
    guard let value = bytes.readInteger(as: UInt8.self) else { throw .truncated }
    return value
  }

  package mutating func uint16() throws(MalformedPacket) -> UInt16 {
    guard let value = bytes.readInteger(as: UInt16.self) else { throw .truncated }
    return value
  }

  package mutating func uint32() throws(MalformedPacket) -> UInt32 {
    guard let value = bytes.readInteger(as: UInt32.self) else { throw .truncated }
    return value
  }

  mutating func uint64() throws(MalformedPacket) -> UInt64 {
    guard let value = bytes.readInteger(as: UInt64.self) else { throw .truncated }
    return value
  }

  package mutating func packetIdentifier() throws(MalformedPacket) -> UInt16 {
    let identifier = try uint16()
    guard identifier != 0 else { throw .packetIdentifierZero }
    return identifier
  }

  package mutating func variableByteInteger() throws(MalformedPacket) -> UInt32 {
    guard let field = try bytes.variableByteInteger(at: bytes.readerIndex) else { throw .truncated }
    bytes.moveReaderIndex(forwardBy: field.length)
    return field.value
  }

  package mutating func string() throws(MalformedPacket) -> String {
    let field = try lengthPrefixed()
    let string = field.withUnsafeReadableBytes { bytes in
      bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    }
    guard let string else { throw .invalidString }
    return string
  }

  package mutating func binary() throws(MalformedPacket) -> ByteBuffer {
    try lengthPrefixed().detached()
  }

  /// A reason code that packets of `type` can have.
  package mutating func reasonCode(of type: PacketType) throws(MalformedPacket) -> ReasonCode {
    let value = try byte()
    guard let code = ReasonCode(rawValue: value), code.isAllowed(in: type) else {
      throw .unknownReasonCode(value)
    }
    return code
  }

  /// All that is left, in memory of its own.
  package mutating func rest() -> ByteBuffer {
    defer { bytes.moveReaderIndex(to: bytes.writerIndex) }
    return bytes.detached()
  }

  package func end() throws(MalformedPacket) {
    guard isAtEnd else { throw .trailingBytes }
  }

  /// A reader of the next `length` bytes, which this one skips.
  package mutating func nested(length: Int) throws(MalformedPacket) -> PacketReader {
    guard let slice = bytes.readSlice(length: length) else { throw .truncated }
    return PacketReader(slice)
  }

  private mutating func lengthPrefixed() throws(MalformedPacket) -> ByteBuffer {
    let length = Int(try uint16())
    guard let slice = bytes.readSlice(length: length) else { throw .truncated }
    return slice
  }
}

extension ByteBuffer {
  /// The Variable Byte Integer at `index` and its length in bytes; nil if more bytes are needed to tell
  /// (MQTT 5.0, 1.5.5).
  ///
  /// - Parameter mayBePadded: Whether it may have more bytes than it needs, as in 3.1.1.
  func variableByteInteger(
    at index: Int, mayBePadded: Bool = false
  ) throws(MalformedPacket) -> (value: UInt32, length: Int)? {
    var value: UInt32 = 0
    for position in 0..<4 {
      guard let byte = getInteger(at: index + position, as: UInt8.self) else { return nil }
      value |= UInt32(byte & 0x7F) << UInt32(7 * position)
      if byte & 0x80 == 0 {
        guard position == 0 || byte != 0 || mayBePadded else { throw .invalidVariableByteInteger }
        return (value, position + 1)
      }
    }
    throw .invalidVariableByteInteger
  }

  /// A copy, so that a few bytes kept for long do not keep a whole read buffer.
  func detached() -> ByteBuffer {
    readableBytes == 0 ? ByteBuffer() : ByteBuffer(bytes: readableBytesView)
  }
}
