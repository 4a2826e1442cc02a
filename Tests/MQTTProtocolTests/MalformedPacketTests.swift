import MQTTProtocol
import NIOCore
import Testing

/// What the standard calls malformed, or a protocol error within one packet: the error, what DISCONNECT tells
/// the broker of 5.0 about it, and the statement that says so. Each ends the connection.
///
/// Left to the application, as the standard allows: whether a payload that is declared to be text is UTF-8
/// (3.3.2.3.2), and control characters and non-characters in strings (1.5.4).
@Suite struct MalformedPacketTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var statement: String
    var what: String
    var bytes: [UInt8]
    var error: MalformedPacket
    var reason: ReasonCode
    var versions: [ProtocolVersion]

    /// - Parameter body: What follows the length.
    init(
      _ statement: String, _ what: String, _ first: UInt8, _ body: [UInt8], _ error: MalformedPacket,
      _ reason: ReasonCode = .malformedPacket, _ versions: ProtocolVersion...
    ) {
      self.init(statement, what, stream: packet(first, body), error, reason, versions)
    }

    init(
      _ statement: String, _ what: String, stream: [UInt8], _ error: MalformedPacket,
      _ reason: ReasonCode = .malformedPacket, _ versions: [ProtocolVersion] = []
    ) {
      self.statement = statement
      self.what = what
      bytes = stream
      self.error = error
      self.reason = reason
      self.versions = versions.isEmpty ? [.v5] : versions
    }

    var testDescription: String { "\(statement): \(what)" }
  }

  @Test(arguments: headers + publishes + acknowledgements + connacks + others)
  func endsTheConnectionWithItsReason(_ row: Row) throws {
    for version in row.versions {
      let thrown = #expect(throws: MalformedPacket.self) { try decoded(row.bytes, version) }
      let error = try #require(thrown)
      #expect(error == row.error, "\(version)")
      let session = try Session { $0.versions = .only(version) }
      session.connect()
      #expect(session.machine.receiveFailed(error) == .close)
      let farewell = Packet.disconnect(Disconnect(reasonCode: row.reason))
      #expect(session.written() == (version == .v5 ? [farewell] : []))
      let failure = ConnectionFailure.malformedPacket(broker: "broker:1883", row.error)
      guard case .wait(_, failure, _) = session.disconnect() else {
        Issue.record("the failure is not reported")
        continue
      }
    }
  }

  /// Fixed headers (2.1).
  private static let headers: [Row] = [
    Row("2.1.2", "packet type 0", 0x00, [], .invalidPacketType(0), .malformedPacket, .v5, .v3_1_1),
    Row("2.1.2", "AUTH before 5.0", 0xF0, [], .invalidPacketType(15), .malformedPacket, .v3_1_1),
    Row(
      "1.5.5", "a length of five bytes", stream: [0x30, 0x80, 0x80, 0x80, 0x80, 1],
      .invalidVariableByteInteger, .malformedPacket, [.v5, .v3_1_1]),
    Row(
      "MQTT-1.5.5-1", "a length longer than it need be", stream: [0xD0, 0x80, 0],
      .invalidVariableByteInteger),
    Row(
      "MQTT-1.5.5-1", "a length of 127 in three bytes", stream: [0xD0, 0xFF, 0x80, 0],
      .invalidVariableByteInteger),
    Row(
      "3.1.2.11.4", "a packet above our maximum", stream: [0x30, 0xFF, 0xFF, 0x7F],
      .packetTooLarge(size: 2_097_155, maximum: 1 << 20), .packetTooLarge),
    Row(
      "2.2.3", "an acknowledgement above our maximum", stream: [0x90, 0xFF, 0xFF, 0x7F],
      .packetTooLarge(size: 2_097_155, maximum: 1 << 20), .packetTooLarge, [.v5, .v3_1_1]),
    Row("3.13", "PINGRESP with a body", 0xD0, [0], .trailingBytes, .malformedPacket, .v5, .v3_1_1),
  ]

  private static let publishes: [Row] = [
    Row("MQTT-3.3.1-4", "PUBLISH at 3", 0x36, [0, 1, 97, 0, 1, 0], .invalidQualityOfService),
    Row(
      "MQTT-3.3.1-4", "PUBLISH at 3", 0x36, [0, 1, 97, 0, 1], .invalidQualityOfService, .malformedPacket,
      .v3_1_1),
    Row("MQTT-3.3.1-2", "DUP at 0", 0x38, [0, 1, 97, 0], .reservedFlags),
    Row("MQTT-3.3.1-2", "DUP at 0", 0x38, [0, 1, 97], .reservedFlags, .malformedPacket, .v3_1_1),
    Row("MQTT-2.2.1-4", "packet identifier 0", 0x32, [0, 1, 97, 0, 0, 0], .packetIdentifierZero),
    Row(
      "MQTT-2.3.1-1", "packet identifier 0", 0x34, [0, 1, 97, 0, 0], .packetIdentifierZero, .malformedPacket,
      .v3_1_1),
    Row(
      "MQTT-2.2.1-4", "no packet identifier", 0x32, [0, 1, 97], .truncated, .malformedPacket, .v5, .v3_1_1),
    Row("3.3.2", "nothing", 0x30, [], .truncated, .malformedPacket, .v5, .v3_1_1),
    Row("3.3.2", "a topic beyond the packet", 0x30, [0, 9, 97], .truncated, .malformedPacket, .v5, .v3_1_1),
    Row("3.3.2.1", "neither topic nor alias", 0x30, [0, 0, 0], .missingTopic, .protocolError),
    Row("MQTT-4.7.3-1", "an empty topic", 0x30, [0, 0], .missingTopic, .protocolError, .v3_1_1),
    Row("MQTT-3.3.2-2", "# in a topic", 0x30, [0, 3, 97, 47, 35, 0], .invalidTopicName),
    Row("MQTT-3.3.2-2", "+ in a topic", 0x30, [0, 1, 43], .invalidTopicName, .malformedPacket, .v3_1_1),
    Row("MQTT-3.3.2-2", "# beside an alias", 0x30, [0, 1, 35, 3, 0x23, 0, 1], .invalidTopicName),
    Row("2.2.2.1", "no property length", 0x30, [0, 1, 97], .truncated),
    Row("2.2.2.1", "properties beyond the packet", 0x30, [0, 1, 97, 5], .truncated),
    Row("2.2.2.1", "a property cut off", 0x30, [0, 1, 97, 2, 2, 0, 0, 0, 0], .truncated),
    Row("2.2.2.2", "an unknown property", 0x30, [0, 1, 97, 2, 0x7F, 0], .unknownProperty(0x7F)),
    Row("2.2.2.2", "a property of two bytes", 0x30, [0, 1, 97, 3, 0x81, 1, 0], .unknownProperty(129)),
    Row(
      "MQTT-1.5.5-1", "a property length of 0 in two bytes", 0x30, [0, 1, 97, 0x80, 0],
      .invalidVariableByteInteger),
    Row(
      "3.3.2.3.2", "payload format 2", 0x30, [0, 1, 97, 2, 1, 2], .invalidPropertyValue(1), .protocolError),
    Row(
      "MQTT-3.3.2-8", "topic alias 0", 0x30, [0, 1, 97, 3, 0x23, 0, 0], .invalidPropertyValue(0x23),
      .topicAliasInvalid),
    Row(
      "3.3.2.3.8", "subscription identifier 0", 0x30, [0, 1, 97, 2, 0x0B, 0], .invalidPropertyValue(0x0B),
      .protocolError),
    Row(
      "1.5.5", "a subscription identifier of five bytes", 0x30,
      [0, 1, 97, 6, 0x0B, 0x80, 0x80, 0x80, 0x80, 1], .invalidVariableByteInteger),
    Row(
      "MQTT-3.3.2-14", "a wildcard in the response topic", 0x30, [0, 1, 97, 4, 8, 0, 1, 43],
      .invalidTopicName),
    Row("MQTT-4.7.3-1", "an empty response topic", 0x30, [0, 1, 97, 3, 8, 0, 0], .invalidTopicName),
  ]

  private static let acknowledgements: [Row] = [
    Row("2.2.1", "PUBACK of 0", 0x40, [0, 0], .packetIdentifierZero, .malformedPacket, .v5, .v3_1_1),
    Row("2.2.1", "PUBREL of 0", 0x62, [0, 0], .packetIdentifierZero, .malformedPacket, .v5, .v3_1_1),
    Row("3.4.2", "half a packet identifier", 0x40, [1], .truncated, .malformedPacket, .v5, .v3_1_1),
    Row("3.4.2", "PUBACK with a reason code", 0x40, [0, 1, 0], .trailingBytes, .malformedPacket, .v3_1_1),
    Row("3.4.2", "more than the properties", 0x40, [0, 1, 0, 0, 9], .trailingBytes),
    Row("3.7.2", "PUBCOMP with a reason code", 0x70, [0, 1, 0], .trailingBytes, .malformedPacket, .v3_1_1),
    Row("3.9.3", "SUBACK of nothing", 0x90, [0, 1, 0], .emptyList, .protocolError),
    Row("3.9.3", "SUBACK of nothing", 0x90, [0, 1], .emptyList, .protocolError, .v3_1_1),
    Row("2.2.1", "SUBACK of 0", 0x90, [0, 0, 0, 0], .packetIdentifierZero),
    Row(
      "MQTT-3.9.3-2", "0x87 in SUBACK", 0x90, [0, 1, 0x87], .unknownReasonCode(0x87), .malformedPacket,
      .v3_1_1),
    Row("MQTT-3.9.3-2", "3 in SUBACK", 0x90, [0, 1, 3], .unknownReasonCode(3), .malformedPacket, .v3_1_1),
    Row("3.11.3", "UNSUBACK of nothing", 0xB0, [0, 1, 0], .emptyList, .protocolError),
    Row("3.11", "UNSUBACK with codes", 0xB0, [0, 1, 0], .trailingBytes, .malformedPacket, .v3_1_1),
  ]

  private static let connacks: [Row] = [
    Row("3.2.2", "nothing", 0x20, [], .truncated, .malformedPacket, .v5, .v3_1_1),
    Row("MQTT-3.2.2-1", "reserved flags", 0x20, [2, 0, 0], .reservedFlags),
    Row("MQTT-3.2.2-1", "reserved flags", 0x20, [0x81, 0], .reservedFlags, .malformedPacket, .v3_1_1),
    Row("MQTT-3.2.2-6", "a session, and refused", 0x20, [1, 0x87, 0], .reservedFlags),
    Row("MQTT-3.2.2-4", "a session, and refused", 0x20, [1, 5], .reservedFlags, .malformedPacket, .v3_1_1),
    Row("3.2.2.3", "return code 6", 0x20, [0, 6], .unknownReasonCode(6), .malformedPacket, .v3_1_1),
    Row("3.2.2", "properties in 3.1.1", 0x20, [0, 0, 0], .trailingBytes, .malformedPacket, .v3_1_1),
    Row(
      "3.2.2.3.3", "receive maximum 0", 0x20, [0, 0, 3, 0x21, 0, 0], .invalidPropertyValue(0x21),
      .protocolError),
    Row(
      "3.2.2.3.4", "maximum quality of service 2", 0x20, [0, 0, 2, 0x24, 2], .invalidPropertyValue(0x24),
      .protocolError),
    Row(
      "3.2.2.3.5", "retain available 2", 0x20, [0, 0, 2, 0x25, 2], .invalidPropertyValue(0x25), .protocolError
    ),
    Row(
      "3.2.2.3.6", "maximum packet size 0", 0x20, [0, 0, 5, 0x27, 0, 0, 0, 0], .invalidPropertyValue(0x27),
      .protocolError),
    Row(
      "3.2.2.3.11", "wildcards available 2", 0x20, [0, 0, 2, 0x28, 2], .invalidPropertyValue(0x28),
      .protocolError),
    Row(
      "3.2.2.3.12", "identifiers available 2", 0x20, [0, 0, 2, 0x29, 2], .invalidPropertyValue(0x29),
      .protocolError),
    Row(
      "3.2.2.3.13", "sharing available 2", 0x20, [0, 0, 2, 0x2A, 2], .invalidPropertyValue(0x2A),
      .protocolError),
  ]

  /// What ends a connection, and what only clients send.
  private static let others: [Row] = [
    Row("3.14.2", "DISCONNECT with a reason", 0xE0, [0], .trailingBytes, .malformedPacket, .v3_1_1),
    Row("3.14.2", "more than the properties", 0xE0, [0, 0, 0], .trailingBytes),
    Row("3.15.2", "AUTH without properties", 0xF0, [0x18], .truncated),
    Row("MQTT-3.8.3-2", "SUBSCRIBE to nothing", 0x82, [0, 1, 0], .emptyList, .protocolError),
    Row("MQTT-3.8.3-5", "reserved options", 0x82, [0, 1, 0, 0, 1, 97, 0x40], .reservedFlags),
    Row("3.8.3.1", "retain handling 3", 0x82, [0, 1, 0, 0, 1, 97, 0x30], .reservedFlags),
    Row("3.8.3.1", "quality of service 3", 0x82, [0, 1, 0, 0, 1, 97, 3], .invalidQualityOfService),
    Row("MQTT-4.7.1-1", "# inside a filter", 0x82, [0, 1, 0, 0, 3, 35, 47, 97, 0], .invalidTopicFilter),
    Row("MQTT-4.8.2-1", "no share name", 0xA2, packetOf("$share//a"), .invalidTopicFilter),
    Row("MQTT-3.10.3-2", "UNSUBSCRIBE from nothing", 0xA2, [0, 1, 0], .emptyList, .protocolError),
    Row("MQTT-3.1.2-1", "protocol name", 0x10, [0, 4, 77, 81, 84, 85], .unknownProtocol),
    Row(
      "MQTT-3.1.2-3", "CONNECT's reserved flag", 0x10, [0, 4, 77, 81, 84, 84, 5, 1, 0, 0, 0], .reservedFlags),
  ]

  private static func packetOf(_ filter: String) -> [UInt8] {
    [0, 1, 0, 0, UInt8(filter.utf8.count)] + filter.utf8
  }

  /// 2.1.3: "if invalid flags are received it is a Malformed Packet".
  @Test(arguments: [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] as [UInt8])
  func theFlagsOfEachPacketArePrescribed(type: UInt8) {
    let prescribed: UInt8 = [6, 8, 10].contains(type) ? 2 : 0
    for flags in 0...15 as ClosedRange<UInt8> where flags != prescribed {
      #expect(throws: MalformedPacket.reservedFlags) { try decoded([type << 4 | flags, 0]) }
    }
  }

  /// MQTT-1.5.4-1, -2.
  @Test(
    arguments: [
      [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80],
      [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80], [0xE2, 0x82], [0xFE], [0xFF], [97, 0, 97],
    ] as [[UInt8]])
  func aStringIsWellFormedUTF8WithoutNull(_ text: [UInt8]) {
    let field = [0, UInt8(text.count)] + text
    let good: [UInt8] = [0, 1, 97]
    #expect(throws: MalformedPacket.invalidString) { try decoded(packet(0x30, field), .v3_1_1) }
    #expect(throws: MalformedPacket.invalidString) { try decoded(packet(0x30, field + [0])) }
    for property in [[3] + field, [8] + field, [0x26] + field + good, [0x26] + good + field] {
      let body = good + [UInt8(property.count)] + property
      #expect(throws: MalformedPacket.invalidString) { try decoded(packet(0x30, body)) }
    }
    for property in [0x12, 0x15, 0x1A, 0x1C, 0x1F] as [UInt8] {
      let body = [0, 0, UInt8(field.count + 1), property] + field
      #expect(throws: MalformedPacket.invalidString) { try decoded(packet(0x20, body)) }
    }
    #expect(MalformedPacket.invalidString.reasonCode == .malformedPacket)
  }

  /// MQTT-1.5.4-3 and 1.5.4: what is well-formed is taken as it is.
  @Test(arguments: ["\u{FEFF}a", "a\u{FEFF}", "\u{1}\u{1F}\u{7F}\u{9F}", "\u{FFFF}\u{10FFFF}", "a\u{301}"])
  func stringsAreTakenAsTheyAre(_ topic: String) throws {
    let bytes = packet(0x30, [0, UInt8(topic.utf8.count)] + Array(topic.utf8) + [0])
    guard case .publish(let publish) = try decoded(bytes) else {
      Issue.record("no PUBLISH")
      return
    }
    #expect(Array(publish.topic.utf8) == Array(topic.utf8))
  }

  /// 3.3.2.3.2: a receiver may check, and leaves it to the application.
  @Test func aPayloadThatIsDeclaredTextIsNotChecked() throws {
    guard case .publish(let publish) = try decoded(packet(0x30, [0, 1, 97, 2, 1, 1, 0xFF])) else {
      Issue.record("no PUBLISH")
      return
    }
    #expect(publish.message.properties.isPayloadText == true)
    #expect(publish.payload == ByteBuffer(bytes: [0xFF]))
  }

  /// 3.1.1, 2.2.3, does not demand the shortest form.
  @Test func aLengthOf311MayBeLongerThanItNeedBe() throws {
    #expect(try decoded([0xD0, 0x80, 0x80, 0], .v3_1_1) == .pingresp)
  }
}

/// A packet of 127 bytes at most after its length.
func packet(_ first: UInt8, _ body: [UInt8]) -> [UInt8] { [first, UInt8(body.count)] + body }
