import NIOCore
import Testing

@testable import MQTT

@Suite struct WebSocketFrameTests {
  @Test(arguments: [0, 1, 7, 8, 9, 125, 126, 65_535, 65_536])
  func aFrameIsMaskedAndHasItsLength(length: Int) {
    let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let frame = WebSocketFrame.bytes(
      .binary, ByteBuffer(bytes: payload), mask: 0x0102_03F4, allocator: ByteBufferAllocator())
    let size: [UInt8] =
      switch length {
      case ...125: [0x80 | UInt8(length)]
      case ...65_535: [0xFE, UInt8(length >> 8), UInt8(length & 0xFF)]
      default: [0xFF, 0, 0, 0, 0, 0, 1, 0, 0]
      }
    let mask: [UInt8] = [1, 2, 3, 0xF4]
    #expect(
      Array(frame.readableBytesView) == [0x82] + size + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] })
  }

  /// The example of RFC 6455, 5.7, as a binary frame.
  @Test func theStandardsExampleIsWrittenAsItHasIt() {
    let frame = WebSocketFrame.bytes(
      .binary, ByteBuffer(string: "Hello"), mask: 0x37FA_213D, allocator: ByteBufferAllocator())
    #expect(
      Array(frame.readableBytesView) == [0x82, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
  }
}
