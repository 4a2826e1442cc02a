package import NIOCore

/// A control packet of either version (MQTT 5.0, 3).
///
/// Those that are rare are kept apart from the others, which are moved about much.
package enum Packet: Sendable, Equatable {
  indirect case connect(Connect)
  indirect case connack(Connack)
  case publish(Publish)
  case puback(PublishAcknowledgement)
  case pubrec(PublishAcknowledgement)
  case pubrel(PublishAcknowledgement)
  case pubcomp(PublishAcknowledgement)
  indirect case subscribe(Subscribe)
  indirect case suback(SubscribeAcknowledgement)
  indirect case unsubscribe(Unsubscribe)
  indirect case unsuback(SubscribeAcknowledgement)
  case pingreq
  case pingresp
  indirect case disconnect(Disconnect)
  indirect case auth(Authentication)

  package var type: PacketType {
    switch self {
    case .connect: .connect
    case .connack: .connack
    case .publish: .publish
    case .puback: .puback
    case .pubrec: .pubrec
    case .pubrel: .pubrel
    case .pubcomp: .pubcomp
    case .subscribe: .subscribe
    case .suback: .suback
    case .unsubscribe: .unsubscribe
    case .unsuback: .unsuback
    case .pingreq: .pingreq
    case .pingresp: .pingresp
    case .disconnect: .disconnect
    case .auth: .auth
    }
  }
}

/// The type in the high bits of a packet's first byte (MQTT 5.0, 2.1.2).
package enum PacketType: UInt8, Sendable, Hashable {
  case connect = 1
  case connack, publish, puback, pubrec, pubrel, pubcomp, subscribe, suback, unsubscribe, unsuback, pingreq
  case pingresp, disconnect, auth

  /// The prescribed low bits of the first byte; PUBLISH has none (MQTT 5.0, 2.1.3).
  var flags: UInt8? {
    switch self {
    case .publish: nil
    case .pubrel, .subscribe, .unsubscribe: 0b0010
    default: 0
    }
  }
}

extension Packet {
  /// Appends the packet as `version` has it. What that version lacks is left out.
  package func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) {
    // Nearly all packets are of these kinds, and their length is known before they are written.
    switch self {
    case .publish(let publish) where publish.isPlain:
      return publish.encodePlain(into: &buffer, version: version)
    case .puback(let answer) where answer.isPlain, .pubrec(let answer) where answer.isPlain,
      .pubrel(let answer) where answer.isPlain, .pubcomp(let answer) where answer.isPlain:
      let first = type.rawValue << 4 | (type.flags ?? 0)
      buffer.writeMultipleIntegers(first, UInt8(2), answer.packetIdentifier)
      return
    default: break
    }
    let flags: UInt8
    var expectedLength = 0
    if case .publish(let publish) = self {
      flags = publish.flags
      expectedLength = publish.topic.utf8.count + publish.payload.readableBytes + 5
    } else {
      flags = type.flags ?? 0
    }
    buffer.writeInteger(type.rawValue << 4 | flags)
    buffer.writeVariableLengthPrefixed(expectedLength: expectedLength) { body in
      switch self {
      case .connect(let connect): connect.encode(into: &body)
      case .connack(let connack): connack.encode(into: &body, version: version)
      case .publish(let publish): publish.encode(into: &body, version: version)
      case .puback(let acknowledgement), .pubrec(let acknowledgement), .pubrel(let acknowledgement),
        .pubcomp(let acknowledgement):
        acknowledgement.encode(into: &body, version: version)
      case .subscribe(let subscribe): subscribe.encode(into: &body, version: version)
      case .suback(let acknowledgement):
        acknowledgement.encode(into: &body, version: version, hasCodes: true)
      case .unsubscribe(let unsubscribe): unsubscribe.encode(into: &body, version: version)
      case .unsuback(let acknowledgement):
        acknowledgement.encode(into: &body, version: version, hasCodes: version == .v5)
      case .pingreq, .pingresp: break
      case .disconnect(let disconnect): disconnect.encode(into: &body, version: version)
      case .auth(let authentication): authentication.encode(into: &body)
      }
    }
  }

  /// Reads the body of a packet, which has to end where its fields do. Its `flags` are the prescribed ones.
  init(
    type: PacketType,
    flags: UInt8,
    body reader: inout PacketReader,
    version: ProtocolVersion
  ) throws(MalformedPacket) {
    switch type {
    case .connect: self = .connect(try Connect(from: &reader))
    case .connack: self = .connack(try Connack(from: &reader, version: version))
    case .publish: self = .publish(try Publish(from: &reader, flags: flags, version: version))
    case .puback: self = .puback(try PublishAcknowledgement(from: &reader, type: type, version: version))
    case .pubrec: self = .pubrec(try PublishAcknowledgement(from: &reader, type: type, version: version))
    case .pubrel: self = .pubrel(try PublishAcknowledgement(from: &reader, type: type, version: version))
    case .pubcomp: self = .pubcomp(try PublishAcknowledgement(from: &reader, type: type, version: version))
    case .subscribe: self = .subscribe(try Subscribe(from: &reader, version: version))
    case .suback: self = .suback(try SubscribeAcknowledgement(from: &reader, type: type, version: version))
    case .unsubscribe: self = .unsubscribe(try Unsubscribe(from: &reader, version: version))
    case .unsuback:
      self = .unsuback(try SubscribeAcknowledgement(from: &reader, type: type, version: version))
    case .pingreq: self = .pingreq
    case .pingresp: self = .pingresp
    case .disconnect: self = .disconnect(try Disconnect(from: &reader, version: version))
    case .auth:
      guard version == .v5 else { throw .invalidPacketType(type.rawValue) }
      self = .auth(try Authentication(from: &reader))
    }
    try reader.end()
  }
}
