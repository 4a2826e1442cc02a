import NIOCore

/// A frame as a client writes it: whole and masked (RFC 6455, 5.2 and 5.3).
enum WebSocketFrame {
  /// All kinds that are written; each is also final.
  enum Kind: UInt8 {
    case binary = 0x82
    case close = 0x88
    case pong = 0x8A
  }

  /// Two bytes, the longest length, the mask.
  private static let headerLimit = 2 + 8 + 4

  static func bytes(_ kind: Kind, _ payload: ByteBuffer, mask: UInt32, allocator: ByteBufferAllocator)
    -> ByteBuffer
  {
    let length = payload.readableBytes
    var frame = allocator.buffer(capacity: headerLimit + length)
    frame.writeInteger(kind.rawValue)
    switch length {
    case ...125:
      frame.writeInteger(0x80 | UInt8(length))
    case ...0xFFFF:
      frame.writeInteger(0x80 | 126 as UInt8)
      frame.writeInteger(UInt16(length))
    default:
      frame.writeInteger(0x80 | 127 as UInt8)
      frame.writeInteger(UInt64(length))
    }
    frame.writeInteger(mask)
    frame.writeMasked(payload, with: mask)
    return frame
  }
}

extension ByteBuffer {
  /// Eight bytes at a time: every byte that is sent goes through this.
  fileprivate mutating func writeMasked(_ payload: ByteBuffer, with mask: UInt32) {
    let wide = (UInt64(mask) << 32 | UInt64(mask)).bigEndian
    payload.withUnsafeReadableBytes { source in
      _ = writeWithUnsafeMutableBytes(minimumWritableBytes: source.count) { target in
        var index = 0
        while index + 8 <= source.count {
          let masked = source.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ wide
          target.storeBytes(of: masked, toByteOffset: index, as: UInt64.self)
          index += 8
        }
        while index < source.count {
          target[index] = source[index] ^ UInt8(truncatingIfNeeded: mask >> UInt32(24 - 8 * (index % 4)))
          index += 1
        }
        return source.count
      }
    }
  }
}
