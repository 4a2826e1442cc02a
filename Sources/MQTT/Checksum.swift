/// CRC-32C (Castagnoli; RFC 3720, 12.1), which finds every error within 32 bits in a row, and misses one in
/// four thousand million of the others.
struct Checksum {
  /// The remainder that each byte leaves; the polynomial is 0x1EDC6F41, its bits in reverse.
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { remainder, _ in
      remainder & 1 == 0 ? remainder >> 1 : remainder >> 1 ^ 0x82f6_3b78
    }
  }

  private var remainder = UInt32.max

  var value: UInt32 { ~remainder }

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    remainder = Self.table.withUnsafeBufferPointer { table in
      var remainder = remainder
      for byte in bytes {
        remainder = remainder >> 8 ^ table[Int(UInt8(truncatingIfNeeded: remainder) ^ byte)]
      }
      return remainder
    }
  }

  /// Adds its bytes, the most significant first.
  mutating func add(_ integer: some FixedWidthInteger) {
    withUnsafeBytes(of: integer.bigEndian) { add($0) }
  }
}
