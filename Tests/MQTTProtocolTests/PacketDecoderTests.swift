import MQTTProtocol
import NIOCore
import TestSupport
import Testing

@Suite struct PacketDecoderTests {
  private static let stream: [Packet] = [
    .connack(Connack(sessionPresent: true)),
    .publish(Publish(Message("a/b", String(repeating: "x", count: 300)), packetIdentifier: 1)),
    .pingresp,
    .publish(Publish(Message("c", "", qualityOfService: .atMostOnce))),
    .suback(SubscribeAcknowledgement(packetIdentifier: 1, reasonCodes: [.success])),
  ]

  @Test(arguments: [1, 2, 3, 7, 100, 10_000])
  func packetsMayArriveInPiecesOfAnySize(pieceSize: Int) throws {
    let bytes = Self.stream.flatMap { encoded($0) }
    var decoder = PacketDecoder(version: .v5, maximumPacketSize: 1000)
    var packets: [Packet] = []
    for start in stride(from: 0, to: bytes.count, by: pieceSize) {
      decoder.append(ByteBuffer(bytes: bytes[start..<min(start + pieceSize, bytes.count)]))
      while let packet = try decoder.next() { packets.append(packet) }
    }
    #expect(packets == Self.stream)
  }

  @Test(arguments: [1, 5, 4096])
  func anOversizedMessageOf311PassesByWithoutItsPayload(pieceSize: Int) throws {
    let large = Message("large", String(repeating: "x", count: 5000))
    let bytes =
      encoded(.publish(Publish(large, packetIdentifier: 5)), .v3_1_1) + encoded(.pingresp, .v3_1_1)
    var decoder = PacketDecoder(version: .v3_1_1, maximumPacketSize: 1024)
    var packets: [Packet] = []
    for start in stride(from: 0, to: bytes.count, by: pieceSize) {
      decoder.append(ByteBuffer(bytes: bytes[start..<min(start + pieceSize, bytes.count)]))
      while let packet = try decoder.next() { packets.append(packet) }
    }
    var truncated = Publish(Message("large", ""), packetIdentifier: 5)
    truncated.isPayloadTruncated = true
    #expect(packets == [.publish(truncated), .pingresp])
  }

  @Test func anOversizedPacketThatIsNoMessageIsRefusedIn311Too() {
    var decoder = PacketDecoder(version: .v3_1_1, maximumPacketSize: 1024)
    decoder.append(ByteBuffer(bytes: [0x90, 0x80, 0x10]))
    #expect(throws: MalformedPacket.packetTooLarge(size: 2051, maximum: 1024)) { try decoder.next() }
  }

  @Test func anEndlessMessageOf311TakesNoMemory() throws {
    var decoder = PacketDecoder(version: .v3_1_1, maximumPacketSize: 1024)
    decoder.append(ByteBuffer(bytes: [0x30, 0xFF, 0xFF, 0xFF, 0x7F, 0, 1, 97]))
    #expect(try decoder.next() != nil)
    for _ in 0..<1000 {
      decoder.append(ByteBuffer(repeating: 0, count: 1000))
      #expect(try decoder.next() == nil)
      #expect(decoder.heldBytes <= 4096)
    }
  }

  @Test(arguments: 0..<40 as Range<UInt64>)
  func randomBytesNeverCrash(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<500 {
      var bytes = (0..<Int.random(in: 0..<60, using: &random)).map { _ in
        UInt8.random(in: .min ... .max, using: &random)
      }
      // A plausible beginning leads further into the decoder.
      if bytes.count > 2, Bool.random(using: &random) { bytes[1] = UInt8(bytes.count - 2) }
      drain(bytes, version: Bool.random(using: &random) ? .v5 : .v3_1_1)
    }
  }

  @Test(arguments: 0..<40 as Range<UInt64>)
  func corruptedPacketsNeverCrashAndSurvivorsEncodeAgain(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let properties = PublishProperties(
      isPayloadText: true,
      messageExpiryInterval: 1,
      contentType: "c",
      responseTopic: "r",
      correlationData: ByteBuffer(bytes: [1]),
      userProperties: [UserProperty(name: "a", value: "b")]
    )
    var message = Message("topic", "payload")
    message.properties = properties
    let packets = Self.stream + [.publish(Publish(message, packetIdentifier: 3, topicAlias: 1))]
    for _ in 0..<300 {
      guard let packet = packets.randomElement(using: &random) else { return }
      var bytes = encoded(packet)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
      }
      drain(bytes, version: .v5)
    }
  }

  private func drain(_ bytes: [UInt8], version: ProtocolVersion) {
    var decoder = PacketDecoder(version: version, maximumPacketSize: 1024)
    decoder.append(ByteBuffer(bytes: bytes))
    do {
      while let packet = try decoder.next() {
        let again = try decoded(encoded(packet, version), version)
        if case .publish(let publish) = packet, publish.isPayloadTruncated { continue }
        #expect(again == packet)
      }
    } catch {}
  }
}
