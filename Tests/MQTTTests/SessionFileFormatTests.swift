import NIOCore
import TestSupport
import Testing

@testable import MQTT

@Suite struct SessionFileFormatTests {
  private let format = SessionFileFormat(salt: 0x0123_4567_89ab_cdef)
  private let groups = ["first", "", "the third"].map { ByteBuffer(string: $0) }

  private func file(_ groups: [ByteBuffer], _ format: SessionFileFormat) -> ByteBuffer {
    var bytes = ByteBuffer()
    format.writeHeader(to: &bytes)
    for group in groups { format.writeFrame(group, at: bytes.readableBytes, to: &bytes) }
    return bytes
  }

  private func header(_ bytes: ByteBuffer) -> SessionFileFormat.Header {
    SessionFileFormat.header(ByteBuffer(bytes: bytes.readableBytesView.prefix(SessionFileFormat.headerSize)))
  }

  private func isDamaged(_ bytes: ByteBuffer) -> Bool {
    if case .damaged = header(bytes) { true } else { false }
  }

  /// Files of this format exist: a change must change the version.
  @Test func isTheFormatOfVersionOne() {
    let bytes = Array(file([ByteBuffer(string: "ab")], format).readableBytesView)
    let salt: [UInt8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]
    #expect(Array(bytes[..<20]) == Array("MQTTsess".utf8) + [0, 0, 0, 1] + salt)
    #expect(Array(bytes[20..<24]) == [0x63, 0x8d, 0x15, 0x3a])
    #expect(Array(bytes[24..<28]) == [0, 0, 0, 2])
    #expect(Array(bytes[28..<32]) == [0x5c, 0x6b, 0x05, 0x99])
    #expect(Array(bytes[32..<36]) == [0x9d, 0xe3, 0x31, 0xf6])
    #expect(Array(bytes[36...]) == Array("ab".utf8))
  }

  @Test func groupsComeBackInOrder() {
    let bytes = file(groups, format)
    #expect(header(bytes) == .valid(format))
    #expect(format.frames(in: bytes) == .init(groups: groups, size: bytes.readableBytes))
    #expect(bytes.readableBytes == 24 + 3 * 12 + 14)
  }

  @Test func aFileCutOffAnywhereHasTheGroupsThatAreWhole() {
    let bytes = file(groups, format)
    for length in 24...bytes.readableBytes {
      let frames = format.frames(in: ByteBuffer(bytes: bytes.readableBytesView.prefix(length)))
      let whole = (0...3).last { file(Array(groups.prefix($0)), format).readableBytes <= length } ?? 0
      let size = file(Array(groups.prefix(whole)), format).readableBytes
      #expect(frames == .init(groups: Array(groups.prefix(whole)), size: size))
    }
  }

  @Test func aHeaderCutOffAnywhereIsIncomplete() {
    for length in 0..<24 {
      #expect(header(ByteBuffer(bytes: file([], format).readableBytesView.prefix(length))) == .incomplete)
    }
  }

  @Test func everyFlippedBitIsFound() {
    let bytes = file(groups, format)
    let last = file(Array(groups.prefix(2)), format).readableBytes
    for bit in 0..<(bytes.readableBytes * 8) {
      var flipped = Array(bytes.readableBytesView)
      flipped[bit / 8] ^= 1 << (bit % 8)
      let buffer = ByteBuffer(bytes: flipped)
      guard bit / 8 >= 24 else {
        #expect(isDamaged(buffer), "bit \(bit)")
        continue
      }
      let frames = format.frames(in: buffer)
      let before = bit / 8 >= last ? 2 : bit / 8 >= 24 + 17 ? 1 : 0
      #expect(frames.groups == Array(groups.prefix(before)))
      // Only what is wrong in the last group can come from a crash.
      #expect((frames.damage != nil) == (bit / 8 < last), "bit \(bit)")
    }
  }

  @Test func aLaterVersionIsNoDamage() {
    var bytes = file([], format)
    bytes.setInteger(UInt32(2), at: 8)
    var checksum = Checksum()
    bytes.withUnsafeReadableBytes { checksum.add(UnsafeRawBufferPointer(rebasing: $0.prefix(20))) }
    bytes.setInteger(checksum.value, at: 20)
    #expect(header(bytes) == .unsupported(version: 2))
  }

  @Test func aFrameIsValidInItsPlaceOnly() {
    let first = ByteBuffer(string: "one")
    let second = ByteBuffer(string: "two")
    var swapped = ByteBuffer()
    format.writeHeader(to: &swapped)
    format.writeFrame(second, at: 24 + 15, to: &swapped)
    format.writeFrame(first, at: 24, to: &swapped)
    #expect(format.frames(in: swapped) == .init())
  }

  @Test func aFrameIsValidInItsFileOnly() {
    let other = SessionFileFormat(salt: 1)
    var bytes = file([groups[0]], format)
    let size = bytes.readableBytes
    other.writeFrame(groups[2], at: size, to: &bytes)
    #expect(format.frames(in: bytes) == .init(groups: [groups[0]], size: size))
  }

  /// Whoever sends a message whose payload is a session file does not get the receiver's set aside.
  @Test func framesInAPayloadThatWasBeingWrittenAreNoDamage() {
    let payload = file(groups, SessionFileFormat(salt: 5))
    let bytes = file([payload], format)
    let cut = ByteBuffer(bytes: bytes.readableBytesView.dropLast())
    #expect(format.frames(in: cut) == .init())
    #expect(format.frames(in: bytes).groups == [payload])
  }

  @Test(arguments: 0..<50 as Range<UInt64>) func garbageIsNoGroup(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var bytes = file(groups, format)
    let size = bytes.readableBytes
    let few = generator.chance(50)
    for _ in 0..<Int.random(in: 0...5000, using: &generator) {
      bytes.writeInteger(
        few ? UInt8.random(in: 0...1, using: &generator) : .random(in: .min ... .max, using: &generator))
    }
    #expect(format.frames(in: bytes) == .init(groups: groups, size: size))
    let garbage = ByteBuffer(bytes: bytes.readableBytesView.dropFirst(size))
    #expect(garbage.readableBytes == 0 || isDamaged(garbage))
  }
}
