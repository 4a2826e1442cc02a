import MQTTProtocol
import NIOCore
import Testing

/// Which properties and reason codes each packet can have, held against the standard's tables.
@Suite struct PacketContentTests {
  /// A packet around its properties.
  struct Frame: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var first: UInt8
    var before: [UInt8]
    var after: [UInt8] = []
    var properties: Set<UInt8>

    func bytes(_ properties: [UInt8]) -> [UInt8] {
      packet(first, before + [UInt8(properties.count)] + properties + after)
    }
  }

  /// MQTT 5.0, table 2-4.
  private static let frames: [Frame] = [
    Frame(
      testDescription: "CONNECT", first: 0x10, before: [0, 4, 77, 81, 84, 84, 5, 0, 0, 0], after: [0, 0],
      properties: [0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27]),
    Frame(
      testDescription: "will", first: 0x10, before: [0, 4, 77, 81, 84, 84, 5, 4, 0, 0, 0, 0, 0],
      after: [0, 1, 97, 0, 0], properties: [1, 2, 3, 8, 9, 0x18, 0x26]),
    Frame(
      testDescription: "CONNACK", first: 0x20, before: [0, 0],
      properties: [
        0x11, 0x12, 0x13, 0x15, 0x16, 0x1A, 0x1C, 0x1F, 0x21, 0x22, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A,
      ]),
    Frame(
      testDescription: "PUBLISH", first: 0x30, before: [0, 1, 97],
      properties: [1, 2, 3, 8, 9, 0x0B, 0x23, 0x26]),
    Frame(testDescription: "PUBACK", first: 0x40, before: [0, 1, 0], properties: [0x1F, 0x26]),
    Frame(testDescription: "PUBREC", first: 0x50, before: [0, 1, 0], properties: [0x1F, 0x26]),
    Frame(testDescription: "PUBREL", first: 0x62, before: [0, 1, 0], properties: [0x1F, 0x26]),
    Frame(testDescription: "PUBCOMP", first: 0x70, before: [0, 1, 0], properties: [0x1F, 0x26]),
    Frame(
      testDescription: "SUBSCRIBE", first: 0x82, before: [0, 1], after: [0, 1, 97, 0],
      properties: [0x0B, 0x26]),
    Frame(testDescription: "SUBACK", first: 0x90, before: [0, 1], after: [0], properties: [0x1F, 0x26]),
    Frame(
      testDescription: "UNSUBSCRIBE", first: 0xA2, before: [0, 1], after: [0, 1, 97], properties: [0x26]),
    Frame(testDescription: "UNSUBACK", first: 0xB0, before: [0, 1], after: [0], properties: [0x1F, 0x26]),
    Frame(
      testDescription: "DISCONNECT", first: 0xE0, before: [0], properties: [0x11, 0x1C, 0x1F, 0x26]),
    Frame(testDescription: "AUTH", first: 0xF0, before: [0], properties: [0x15, 0x16, 0x1F, 0x26]),
  ]

  /// A value of each property.
  private static let values: [UInt8: [UInt8]] = {
    let text: [UInt8] = [0, 1, 97]
    var values: [UInt8: [UInt8]] = [0x0B: [1], 0x26: text + text]
    for byte in [1, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A] as [UInt8] { values[byte] = [1] }
    for short in [0x13, 0x21, 0x22, 0x23] as [UInt8] { values[short] = [0, 1] }
    for long in [2, 0x11, 0x18, 0x27] as [UInt8] { values[long] = [0, 0, 0, 1] }
    for field in [3, 8, 9, 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F] as [UInt8] { values[field] = text }
    return values
  }()

  /// 2.2.2.2: a property that is not valid for its packet makes it malformed; one twice is a protocol error.
  @Test(arguments: frames) func propertiesAreForTheirPacketsOnlyAndOnce(_ frame: Frame) {
    for number in 0..<128 as Range<UInt8> {
      let property = [number] + (Self.values[number] ?? [0])
      guard Self.values[number] != nil else {
        let unknown = MalformedPacket.unknownProperty(UInt32(number))
        #expect(throws: unknown) { try decoded(frame.bytes(property)) }
        #expect(unknown.reasonCode == .malformedPacket)
        continue
      }
      guard frame.properties.contains(number) else {
        let misplaced = MalformedPacket.misplacedProperty(number)
        #expect(throws: misplaced, "\(number)") { try decoded(frame.bytes(property)) }
        #expect(misplaced.reasonCode == .malformedPacket)
        continue
      }
      #expect(throws: Never.self, "\(number)") { try decoded(frame.bytes(property)) }
      #expect(throws: MalformedPacket.truncated, "\(number)") {
        try decoded(frame.bytes(property.dropLast()))
      }
      guard number != 0x26, number != 0x0B || frame.first != 0x30 else { continue }
      let duplicate = MalformedPacket.duplicateProperty(number)
      #expect(throws: duplicate, "\(number)") { try decoded(frame.bytes(property + property)) }
      #expect(duplicate.reasonCode == .protocolError)
    }
  }

  /// MQTT-1.5.7-1 and the like: user properties, and the identifiers of subscriptions in PUBLISH, may repeat.
  @Test func someMayRepeat() throws {
    let user: [UInt8] = [0x26, 0, 1, 97, 0, 0]
    let bytes = packet(0x30, [0, 1, 97, 16] + user + user + [0x0B, 1, 0x0B, 2])
    guard case .publish(let publish) = try decoded(bytes) else {
      Issue.record("no PUBLISH")
      return
    }
    let property = UserProperty(name: "a", value: "")
    #expect(publish.message.properties.userProperties == [property, property])
    #expect(publish.subscriptionIdentifiers == [1, 2])
  }

  /// A packet around its reason code.
  struct Coded: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var first: UInt8
    var before: [UInt8]
    var after: [UInt8] = []
    var codes: Set<UInt8>
  }

  private static let published: Set<UInt8> = [0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]

  /// MQTT-3.2.2-8, 3.4.2-1, 3.5.2-1, 3.6.2-1, 3.7.2-1, 3.9.3-2, 3.11.3-2, 3.14.2-1, 3.15.2-1.
  ///
  /// 0x95 in PUBACK and PUBREC is what mosquitto says of messages that are too large for it.
  @Test(arguments: [
    Coded(
      testDescription: "CONNACK", first: 0x20, before: [0], after: [0],
      codes: Set(0x80...0x8A).union([0, 0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F])),
    Coded(testDescription: "PUBACK", first: 0x40, before: [0, 1], codes: published.union([0x95])),
    Coded(testDescription: "PUBREC", first: 0x50, before: [0, 1], codes: published.union([0x95])),
    Coded(testDescription: "PUBREL", first: 0x62, before: [0, 1], codes: [0, 0x92]),
    Coded(testDescription: "PUBCOMP", first: 0x70, before: [0, 1], codes: [0, 0x92]),
    Coded(
      testDescription: "SUBACK", first: 0x90, before: [0, 1, 0],
      codes: [0, 1, 2, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2]),
    Coded(
      testDescription: "UNSUBACK", first: 0xB0, before: [0, 1, 0],
      codes: [0, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91]),
    Coded(
      testDescription: "DISCONNECT", first: 0xE0, before: [],
      codes: Set(0x93...0xA2).union([
        0, 4, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8C, 0x8D, 0x8E, 0x8F, 0x90,
      ])),
    Coded(testDescription: "AUTH", first: 0xF0, before: [], after: [0], codes: [0, 0x18, 0x19]),
  ])
  func reasonCodesAreThoseOfTheirPackets(_ coded: Coded) {
    for code in 0...255 as ClosedRange<UInt8> {
      let bytes = packet(coded.first, coded.before + [code] + coded.after)
      if coded.codes.contains(code) {
        #expect(throws: Never.self, "\(code)") { try decoded(bytes) }
      } else {
        #expect(throws: MalformedPacket.unknownReasonCode(code), "\(code)") { try decoded(bytes) }
      }
    }
    #expect(MalformedPacket.unknownReasonCode(3).reasonCode == .malformedPacket)
  }

  /// MQTT 3.1.1, 3.9.3 and 3.2.2.3.
  @Test func reasonCodesOf311AreFew() {
    for code in 0...255 as ClosedRange<UInt8> {
      let suback = packet(0x90, [0, 1, code])
      let connack = packet(0x20, [0, code])
      let isSuback = [0, 1, 2, 0x80].contains(code)
      // 0x84 is how a broker that knows only 5.0 refuses 3.1.1.
      let isConnack = (0...5).contains(code) || code == 0x84
      #expect(((try? decoded(suback, .v3_1_1)) != nil) == isSuback, "\(code)")
      #expect(((try? decoded(connack, .v3_1_1)) != nil) == isConnack, "\(code)")
    }
  }

  /// MQTT 5.0, 3.14.2.1, "sent by".
  @Test func aClientEndsItsConnectionWithCodesThatClientsMayUse() {
    let codes = (0...255 as ClosedRange<UInt8>).compactMap(ReasonCode.init).filter(\.isOfClientsDisconnect)
    let expected: [UInt8] = [
      0, 4, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
    ]
    #expect(codes.map(\.rawValue) == expected)
  }
}
