import NIOCore

/// The largest value of a Variable Byte Integer, and so of a packet's Remaining Length.
package let variableByteIntegerMaximum = 268_435_455

extension ByteBuffer {
  /// Writes a string or binary field. Its length is checked where it enters the client.
  mutating func writeField(_ string: String) {
    guard let length = UInt16(exactly: string.utf8.count) else {
      preconditionFailure("a string longer than 65,535 bytes passed validation")
    }
    writeInteger(length)
    writeString(string)
  }

  mutating func writeField(_ bytes: ByteBuffer) {
    guard let length = UInt16(exactly: bytes.readableBytes) else {
      preconditionFailure("binary data longer than 65,535 bytes passed validation")
    }
    writeInteger(length)
    writeImmutableBuffer(bytes)
  }

  mutating func writeVariableByteInteger(_ value: Int) {
    precondition(
      value <= variableByteIntegerMaximum,
      "a length beyond the protocol's limit passed validation"
    )
    var rest = value
    repeat {
      let byte = UInt8(rest & 0x7F)
      rest >>= 7
      writeInteger(rest > 0 ? byte | 0x80 : byte)
    } while rest > 0
  }

  /// Writes what `body` writes, after its length.
  ///
  /// - Parameter expectedLength: Spares moving the body when it predicts the size of the length's own field.
  mutating func writeVariableLengthPrefixed(
    expectedLength: Int = 0,
    _ body: (inout ByteBuffer) -> Void
  ) {
    let start = writerIndex
    let reserved = variableByteIntegerSize(expectedLength)
    writeRepeatingByte(0, count: reserved)
    body(&self)
    let bodyStart = start + reserved
    let length = writerIndex - bodyStart
    let needed = variableByteIntegerSize(length)
    if needed != reserved {
      let end = start + needed + length
      if end > writerIndex { writeRepeatingByte(0, count: end - writerIndex) }
      move(from: bodyStart, to: start + needed, length: length)
      moveWriterIndex(to: end)
    }
    let end = writerIndex
    moveWriterIndex(to: start)
    writeVariableByteInteger(length)
    moveWriterIndex(to: end)
  }

  private mutating func move(from source: Int, to target: Int, length: Int) {
    do {
      try copyBytes(at: source, to: target, length: length)
    } catch {
      preconditionFailure("bytes just written cannot be moved: \(error)")
    }
  }
}

/// How many bytes a Variable Byte Integer takes.
func variableByteIntegerSize(_ value: Int) -> Int {
  switch value {
  case ..<128: 1
  case ..<16_384: 2
  case ..<2_097_152: 3
  default: 4
  }
}
