import NIOCore
import TestSupport
import Testing

@testable import MQTT

@Suite struct WebSocketDecoderTests {
  /// All events, with data that comes in pieces put together.
  private func events(_ pieces: [[UInt8]]) throws -> (data: [UInt8], control: [WebSocketDecoder.Event]) {
    var decoder = WebSocketDecoder()
    var data: [UInt8] = []
    var control: [WebSocketDecoder.Event] = []
    for piece in pieces {
      decoder.append(ByteBuffer(bytes: piece))
      while let event = try decoder.next() {
        if case .data(let bytes) = event {
          #expect(bytes.readableBytes > 0)
          data += bytes.readableBytesView
        } else {
          control.append(event)
        }
      }
    }
    return (data, control)
  }

  @Test(arguments: [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
  func everyLengthIsRead(length: Int) throws {
    let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
    #expect(try events([webSocketFrame(0x82, payload)]).data == payload)
  }

  @Test(arguments: UInt64(1)...20)
  func theSameComesOutHoweverTheBytesAreCut(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var bytes: [UInt8] = []
    var data: [UInt8] = []
    var control: [WebSocketDecoder.Event] = []
    var isInMessage = false
    for _ in 0..<200 {
      if generator.chance(20) {
        let payload = (0..<Int.random(in: 0...125, using: &generator)).map { UInt8($0) }
        bytes += webSocketFrame(0x89, payload)
        control.append(.ping(ByteBuffer(bytes: payload)))
      } else {
        let limit = generator.chance(5) ? 70_000 : 300
        let payload = (0..<Int.random(in: 0...limit, using: &generator)).map { UInt8(truncatingIfNeeded: $0) }
        let isFinal = generator.chance(60)
        bytes += webSocketFrame((isFinal ? 0x80 : 0) | (isInMessage ? 0 : 2), payload)
        isInMessage = !isFinal
        data += payload
      }
    }
    var pieces: [[UInt8]] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Int.random(in: 1...(generator.chance(50) ? 5 : 5000), using: &generator)
      pieces.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    let result = try events(pieces)
    #expect(result.data == data)
    #expect(result.control == control)
  }

  @Test func aCloseFrameHasACodeAndAReasonOrNeither() throws {
    #expect(try events([webSocketFrame(0x88, [])]).control == [.close(code: nil, reason: "")])
    #expect(
      try events([webSocketFrame(0x88, [0x03, 0xE9] + Array("bye".utf8))]).control
        == [.close(code: 1001, reason: "bye")])
    #expect(throws: WebSocketViolation.malformedClose) { try events([webSocketFrame(0x88, [3])]) }
  }

  /// Whatever comes, there is an end: events or a violation, and never more bytes than went in.
  @Test(arguments: UInt64(1)...200)
  func noiseDoesNoHarm(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var decoder = WebSocketDecoder()
    var given = 0
    var taken = 0
    for _ in 0..<20 {
      let bytes = (0..<Int.random(in: 0...50, using: &generator)).map { _ in
        generator.chance(50)
          ? UInt8([0x82, 0x02, 0x80, 0x00, 0x89, 0x88].randomElement(using: &generator) ?? 0)
          : UInt8.random(in: 0...127, using: &generator)
      }
      given += bytes.count
      decoder.append(ByteBuffer(bytes: bytes))
      do throws(WebSocketViolation) {
        while let event = try decoder.next() {
          if case .data(let data) = event { taken += data.readableBytes }
        }
      } catch {
        break
      }
    }
    #expect(taken <= given)
  }
}
