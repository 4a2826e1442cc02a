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

  struct Malformed: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var bytes: [UInt8]
    var error: MalformedPacket
    var version: ProtocolVersion

    init(_ what: String, _ bytes: [UInt8], _ error: MalformedPacket, _ version: ProtocolVersion = .v5) {
      testDescription = what
      self.bytes = bytes
      self.error = error
      self.version = version
    }
  }

  @Test(arguments: [
    Malformed("type 0", [0, 0], .invalidPacketType(0)),
    Malformed("AUTH in 3.1.1", [0xF0, 0], .invalidPacketType(15), .v3_1_1),
    Malformed("flags of PUBACK", [0x41, 2], .reservedFlags),
    Malformed("flags of SUBSCRIBE", [0x80, 2], .reservedFlags),
    Malformed("five length bytes", [0x30, 0x80, 0x80, 0x80, 0x80, 1], .invalidVariableByteInteger),
    Malformed("a length longer than needed", [0xD0, 0x80, 0], .invalidVariableByteInteger),
    Malformed("PINGRESP with a body", [0xD0, 1, 0], .trailingBytes),
    Malformed("PUBLISH at 3", [0x36, 3, 0, 1, 97], .invalidQualityOfService),
    Malformed("DUP at 0", [0x38, 4, 0, 1, 97, 0], .reservedFlags),
    Malformed("PUBLISH without identifier", [0x32, 3, 0, 1, 97], .truncated),
    Malformed("identifier 0", [0x32, 6, 0, 1, 97, 0, 0, 0], .packetIdentifierZero),
    Malformed("empty topic", [0x30, 3, 0, 0, 0], .invalidTopicName),
    Malformed("wildcard in topic", [0x30, 4, 0, 1, 35, 0], .invalidTopicName),
    Malformed("topic beyond the packet", [0x30, 3, 0, 9, 97], .truncated),
    Malformed("topic with U+0000", [0x30, 4, 0, 1, 0, 0], .invalidString),
    Malformed("topic not UTF-8", [0x30, 4, 0, 1, 0xFF, 0], .invalidString),
    Malformed("surrogate in topic", [0x30, 6, 0, 3, 0xED, 0xA0, 0x80, 0], .invalidString),
    Malformed("overlong UTF-8", [0x30, 5, 0, 2, 0xC0, 0x80, 0], .invalidString),
    Malformed("properties beyond the packet", [0x30, 4, 0, 1, 97, 5], .truncated),
    Malformed("unknown property", [0x30, 6, 0, 1, 97, 2, 0x7F, 0], .unknownProperty(0x7F)),
    Malformed("property of CONNACK in PUBLISH", [0x30, 6, 0, 1, 97, 2, 0x24, 0], .misplacedProperty(0x24)),
    Malformed("property twice", [0x30, 8, 0, 1, 97, 4, 1, 0, 1, 0], .duplicateProperty(1)),
    Malformed("payload format 2", [0x30, 6, 0, 1, 97, 2, 1, 2], .invalidPropertyValue(1)),
    Malformed("topic alias 0", [0x30, 7, 0, 1, 97, 3, 0x23, 0, 0], .invalidPropertyValue(0x23)),
    Malformed("subscription identifier 0", [0x30, 6, 0, 1, 97, 2, 0x0B, 0], .invalidPropertyValue(0x0B)),
    Malformed("response topic with wildcard", [0x30, 8, 0, 1, 97, 4, 8, 0, 1, 43], .invalidTopicName),
    Malformed("receive maximum 0", [0x20, 6, 0, 0, 3, 0x21, 0, 0], .invalidPropertyValue(0x21)),
    Malformed("CONNACK flags", [0x20, 3, 2, 0, 0], .reservedFlags),
    Malformed("session present and refused", [0x20, 3, 1, 0x87, 0], .reservedFlags),
    Malformed("CONNACK code of 3.1.1 unknown", [0x20, 2, 0, 6], .unknownReasonCode(6), .v3_1_1),
    Malformed("CONNACK with a code of SUBACK", [0x20, 3, 0, 1, 0], .unknownReasonCode(1)),
    Malformed("unknown reason code", [0x40, 3, 0, 1, 0x7F], .unknownReasonCode(0x7F)),
    Malformed("PUBACK too long for 3.1.1", [0x40, 3, 0, 1, 0], .trailingBytes, .v3_1_1),
    Malformed("SUBACK of nothing", [0x90, 3, 0, 1, 0], .emptyList),
    Malformed("SUBSCRIBE to nothing", [0x82, 3, 0, 1, 0], .emptyList),
    Malformed("filter with # inside", [0x82, 9, 0, 1, 0, 0, 3, 35, 47, 97, 0], .invalidTopicFilter),
    Malformed("options of SUBSCRIBE", [0x82, 7, 0, 1, 0, 0, 1, 97, 0x40], .reservedFlags),
    Malformed("retain handling 3", [0x82, 7, 0, 1, 0, 0, 1, 97, 0x30], .reservedFlags),
    Malformed("too large", [0x30, 0xFF, 0xFF, 0x7F], .packetTooLarge(size: 2_097_155, maximum: 1 << 20)),
    Malformed("protocol name", [0x10, 6, 0, 4, 77, 81, 84, 85], .unknownProtocol),
    Malformed("CONNECT flags", [0x10, 9, 0, 4, 77, 81, 84, 84, 5, 1, 0], .reservedFlags),
  ])
  func whatIsNotAPacketIsNamed(_ malformed: Malformed) {
    #expect(throws: malformed.error) { try decoded(malformed.bytes, malformed.version) }
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
