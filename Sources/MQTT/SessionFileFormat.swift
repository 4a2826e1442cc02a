import NIOCore

/// The bytes of a session file: a header, then a frame for each group. Integers are big-endian.
///
/// The header is the same in all versions: 8 bytes of magic, 4 of the version, 8 of a random salt, and 4 of
/// the checksum of these. A frame is 4 bytes of the group's length, 4 of a checksum of the length, 4 of a
/// checksum of length and group, and the group.
///
/// The checksums of a frame also cover the salt and the frame's offset. So it is valid in its place and file
/// only: neither a stale block of the disk nor a frame in a message's payload passes for one. That of the
/// length alone keeps the search for a frame among garbage linear.
struct SessionFileFormat: Hashable {
  static let version: UInt32 = 1
  static let headerSize = 24
  static let frameHeadSize = 12
  /// Of all files that can be written, in bytes.
  static let largestSize = 1 << 30
  private static let magic = [UInt8]("MQTTsess".utf8)

  let salt: UInt64

  static func frameSize(_ group: ByteBuffer) -> Int { frameHeadSize + group.readableBytes }

  func writeHeader(to bytes: inout ByteBuffer) {
    let start = bytes.writerIndex
    bytes.writeBytes(Self.magic)
    bytes.writeInteger(Self.version)
    bytes.writeInteger(salt)
    bytes.writeInteger(Self.checksum(bytes, from: start, count: Self.headerSize - 4))
  }

  /// - Parameter offset: Where in the file the frame is to stand.
  func writeFrame(_ group: ByteBuffer, at offset: Int, to bytes: inout ByteBuffer) {
    let length = UInt32(group.readableBytes)
    var checksum = headChecksum(length: length, at: offset)
    bytes.writeInteger(length)
    bytes.writeInteger(checksum.value)
    group.withUnsafeReadableBytes { checksum.add($0) }
    bytes.writeInteger(checksum.value)
    bytes.writeImmutableBuffer(group)
  }

  enum Header: Hashable {
    case valid(SessionFileFormat)
    /// It ends in the middle, as after a crash at the creation of the file: nothing was ever kept in it.
    case incomplete
    case unsupported(version: UInt32)
    case damaged(String)
  }

  /// What the first bytes of a file, at most `headerSize`, are.
  static func header(_ bytes: ByteBuffer) -> Header {
    guard bytes.readableBytesView.prefix(magic.count).elementsEqual(magic.prefix(bytes.readableBytes)) else {
      return .damaged("it does not begin as a session file does")
    }
    let start = bytes.readerIndex
    guard let salt = bytes.getInteger(at: start + 12, as: UInt64.self),
      let version = bytes.getInteger(at: start + 8, as: UInt32.self),
      let checksum = bytes.getInteger(at: start + 20, as: UInt32.self)
    else { return .incomplete }
    guard checksum == Self.checksum(bytes, from: start, count: headerSize - 4) else {
      return .damaged("the checksum of its header is wrong")
    }
    return version == Self.version ? .valid(SessionFileFormat(salt: salt)) : .unsupported(version: version)
  }

  struct Frames: Hashable {
    /// The groups of the valid frames at the beginning.
    var groups: [ByteBuffer] = []
    /// Where those frames end. What follows is the rest of a group that was being written at a crash.
    var size = headerSize
    /// What is wrong with the file otherwise; nil if nothing is.
    var damage: String?
  }

  /// - Parameter file: All bytes of the file, its header included.
  func frames(in file: ByteBuffer) -> Frames {
    let file = file.slice()
    var frames = Frames()
    while let group = frame(in: file, at: frames.size) {
      // A copy: a slice would keep the whole file in memory for as long as any message of it lives.
      frames.groups.append(ByteBuffer(bytes: group.readableBytesView))
      frames.size += Self.frameSize(group)
    }
    // A frame is written when the one before it is on the disk. So a crash makes the last one invalid, no other.
    let rest = (frames.size + 1)..<max(frames.size + 1, file.readableBytes)
    if let next = rest.first(where: { frame(in: file, at: $0) != nil }) {
      frames.damage = "the group at byte \(frames.size) is invalid, but one at byte \(next) follows it"
    }
    return frames
  }

  private func frame(in file: ByteBuffer, at offset: Int) -> ByteBuffer? {
    guard let length = file.getInteger(at: offset, as: UInt32.self),
      Int(length) <= file.readableBytes - offset - Self.frameHeadSize,
      let lengthChecksum = file.getInteger(at: offset + 4, as: UInt32.self),
      let groupChecksum = file.getInteger(at: offset + 8, as: UInt32.self)
    else { return nil }
    var checksum = headChecksum(length: length, at: offset)
    guard checksum.value == lengthChecksum,
      let group = file.getSlice(at: offset + Self.frameHeadSize, length: Int(length))
    else { return nil }
    group.withUnsafeReadableBytes { checksum.add($0) }
    return checksum.value == groupChecksum ? group : nil
  }

  private func headChecksum(length: UInt32, at offset: Int) -> Checksum {
    var checksum = Checksum()
    checksum.add(salt)
    checksum.add(UInt64(offset))
    checksum.add(length)
    return checksum
  }

  private static func checksum(_ bytes: ByteBuffer, from start: Int, count: Int) -> UInt32 {
    var checksum = Checksum()
    bytes.withUnsafeReadableBytes { readable in
      checksum.add(
        UnsafeRawBufferPointer(rebasing: readable.dropFirst(start - bytes.readerIndex).prefix(count)))
    }
    return checksum.value
  }
}
