import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import MQTT

/// What depends on whether the channel takes more, which no real socket does on command.
@Suite struct WebSocketHandlerTests {
  private func ping(_ text: String) -> ByteBuffer {
    ByteBuffer(bytes: webSocketFrame(0x89, Array(text.utf8)))
  }

  /// What the payload of a written frame is, without its mask; for less than 126 bytes.
  private func payload(_ frame: ByteBuffer?, kind: UInt8) -> String? {
    guard let bytes = frame.map({ Array($0.readableBytesView) }), bytes.count >= 6, bytes[0] == kind else {
      return nil
    }
    return String(decoding: bytes[6...].enumerated().map { $1 ^ bytes[2 + $0 % 4] }, as: UTF8.self)
  }

  @Test func aServerThatPingsWithoutReadingIsAnsweredOnce() throws {
    let channel = EmbeddedChannel(handler: WebSocketHandler())
    channel.isWritable = false
    for number in 0..<1000 { try channel.writeInbound(ping("\(number)")) }
    #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
    channel.isWritable = true
    channel.pipeline.fireChannelWritabilityChanged()
    channel.embeddedEventLoop.run()
    #expect(payload(try channel.readOutbound(), kind: 0x8A) == "999")
    #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
    _ = try channel.finish()
  }

  @Test func afterTheCloseFrameNothingIsWritten() throws {
    let channel = EmbeddedChannel(handler: WebSocketHandler())
    try channel.close(mode: .output).wait()
    #expect(payload(try channel.readOutbound(), kind: 0x88) == "\u{3}\u{FFFD}")
    #expect(throws: ChannelError.outputClosed) { try channel.writeOutbound(ByteBuffer(string: "x")) }
    try channel.writeInbound(ping("p"))
    #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
    _ = try channel.finish()
  }

  @Test func closingTheChannelSaysSoOnce() throws {
    let channel = EmbeddedChannel(handler: WebSocketHandler())
    channel.close(promise: nil)
    channel.embeddedEventLoop.run()
    #expect(payload(try channel.readOutbound(), kind: 0x88) != nil)
    #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
    #expect(!channel.isActive)
  }
}
