import NIOCore

/// One thing that happened to a session and that its store has to remember (MQTT 5.0, 4.1).
///
/// Packet identifiers of messages are not among them: they are given out in a row, in the order of acceptance,
/// to all that was not withdrawn before, so they follow from the records.
enum SessionRecord: Equatable {
  /// The session is that of this client identifier.
  case belongs(clientIdentifier: String)
  /// The broker began a new session: it knows no message any more, and the next gets this identifier.
  case began(firstIdentifier: UInt16)
  /// A message was accepted under a number of the client's own. The expiry is in milliseconds since 1970.
  case accepted(number: UInt64, Message, expiry: Int64?)
  /// A message goes nowhere: it was cancelled, superseded or expired before it was sent.
  case withdrawn(number: UInt64)
  /// PUBREC has come: from now on PUBREL is sent, and never PUBLISH.
  case released(number: UInt64)
  /// A message is done with.
  case completed(number: UInt64)
  /// An identifier whose message was done with before one that came earlier.
  case completedEarly
  /// A message at quality of service 2 with this identifier has been handled; PUBREL has not come.
  case handled(packetIdentifier: UInt16)
  /// PUBREL has come.
  case forgotten(packetIdentifier: UInt16)
}

extension SessionRecord {
  /// Leaves more numbers than can ever be used.
  private static let lastNumber = UInt64.max / 2

  private enum Kind: UInt8 {
    case belongs = 1
    case began, accepted, withdrawn, released, completed, completedEarly, handled, forgotten
  }

  func encode(into buffer: inout ByteBuffer) {
    switch self {
    case .belongs(let identifier):
      buffer.writeInteger(Kind.belongs.rawValue)
      buffer.writeField(identifier)
    case .began(let identifier):
      buffer.writeInteger(Kind.began.rawValue)
      buffer.writeInteger(identifier)
    case .accepted(let number, let message, let expiry):
      buffer.writeInteger(Kind.accepted.rawValue)
      buffer.writeInteger(number)
      buffer.writeInteger(expiry ?? .max)
      message.encodeForStore(into: &buffer)
    case .withdrawn(let number): buffer.write(Kind.withdrawn.rawValue, number)
    case .released(let number): buffer.write(Kind.released.rawValue, number)
    case .completed(let number): buffer.write(Kind.completed.rawValue, number)
    case .completedEarly: buffer.writeInteger(Kind.completedEarly.rawValue)
    case .handled(let identifier): buffer.write(Kind.handled.rawValue, identifier)
    case .forgotten(let identifier): buffer.write(Kind.forgotten.rawValue, identifier)
    }
  }

  init(from reader: inout PacketReader) throws(MalformedPacket) {
    switch Kind(rawValue: try reader.byte()) {
    case .belongs: self = .belongs(clientIdentifier: try reader.string())
    case .began:
      let identifier = try reader.packetIdentifier()
      guard identifier <= OutgoingPublishes.identifierCount else { throw .unknownRecord }
      self = .began(firstIdentifier: identifier)
    case .accepted:
      let number = try reader.uint64()
      guard number <= Self.lastNumber else { throw .unknownRecord }
      let expiry = Int64(bitPattern: try reader.uint64())
      let message = try Message(fromStore: &reader)
      self = .accepted(number: number, message, expiry: expiry == .max ? nil : expiry)
    case .withdrawn: self = .withdrawn(number: try reader.uint64())
    case .released: self = .released(number: try reader.uint64())
    case .completed: self = .completed(number: try reader.uint64())
    case .completedEarly: self = .completedEarly
    case .handled: self = .handled(packetIdentifier: try reader.packetIdentifier())
    case .forgotten: self = .forgotten(packetIdentifier: try reader.packetIdentifier())
    case nil: throw .unknownRecord
    }
  }
}

extension Message {
  private static let retainFlag: UInt8 = 0b100

  fileprivate func encodeForStore(into buffer: inout ByteBuffer) {
    buffer.writeInteger(qualityOfService.rawValue | (retain ? Self.retainFlag : 0))
    buffer.writeField(topic)
    buffer.writeProperties(properties)
    buffer.writeInteger(UInt32(payload.readableBytes))
    buffer.writeImmutableBuffer(payload)
  }

  fileprivate init(fromStore reader: inout PacketReader) throws(MalformedPacket) {
    let flags = try reader.byte()
    guard let qualityOfService = QualityOfService(rawValue: flags & 0b11), qualityOfService > .atMostOnce
    else {
      throw .invalidQualityOfService
    }
    let topic = try reader.string()
    guard TopicName.isValid(topic) else { throw .invalidTopicName }
    var properties = PublishProperties()
    try reader.properties(into: &properties)
    var payload = try reader.nested(length: Int(try reader.uint32()))
    self.init(
      topic: topic, payload: payload.rest(), qualityOfService: qualityOfService,
      retain: flags & Self.retainFlag != 0, properties: properties)
  }
}

extension ByteBuffer {
  fileprivate mutating func write(_ kind: UInt8, _ number: some FixedWidthInteger) {
    writeInteger(kind)
    writeInteger(number)
  }
}
