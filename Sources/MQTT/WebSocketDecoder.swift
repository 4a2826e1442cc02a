import NIOCore

/// What a server must not send over a WebSocket (RFC 6455, 5; MQTT 5.0, 6).
enum WebSocketViolation: Error, Hashable {
  /// MQTT-6.0.0-1.
  case textFrame
  case maskedFrame
  case reservedBits
  case unknownOpcode(UInt8)
  case fragmentedControlFrame
  case controlFrameTooLong
  case frameTooLong
  /// A frame that continues no message.
  case unexpectedContinuation
  /// A message begins before the one before has ended.
  case unfinishedMessage
  case malformedClose

  /// RFC 6455, 7.4.1.
  var closeCode: UInt16 {
    switch self {
    case .textFrame: 1003
    default: 1002
    }
  }
}

extension WebSocketViolation: CustomStringConvertible {
  var description: String {
    switch self {
    case .textFrame: "a text frame came, and MQTT comes in binary frames"
    case .maskedFrame: "a masked frame came, and servers do not mask"
    case .reservedBits: "a frame of an extension came that was not agreed on"
    case .unknownOpcode(let opcode): "a frame of the unknown kind \(opcode) came"
    case .fragmentedControlFrame: "a control frame came in fragments"
    case .controlFrameTooLong: "a control frame of more than 125 bytes came"
    case .frameTooLong: "a frame came whose length is not allowed"
    case .unexpectedContinuation: "a frame came that continues nothing"
    case .unfinishedMessage: "a message began within another one"
    case .malformedClose: "a close frame of 1 byte came"
    }
  }
}

/// Takes the frames of a server apart (RFC 6455, 5.2).
///
/// MQTT does not care where frames begin and end (MQTT-6.0.0-2), so what they hold is passed on as it comes, and
/// no frame is too large: what is kept is never more than was read at once, and one control frame.
struct WebSocketDecoder {
  enum Event: Equatable {
    /// The next bytes of MQTT, at least one.
    case data(ByteBuffer)
    case ping(ByteBuffer)
    /// The code is nil where the frame has none.
    case close(code: UInt16?, reason: String)
  }

  private enum Opcode: UInt8 {
    case continuation = 0
    case text = 1
    case binary = 2
    case close = 8
    case ping = 9
    case pong = 10

    var isControl: Bool { rawValue >= 8 }
  }

  private enum State {
    case header
    case data(remaining: UInt64)
    case control(Opcode, length: Int)
  }

  private static let controlLimit: UInt64 = 125

  private var buffer = ByteBuffer()
  private var state = State.header
  /// A message has begun, and its last frame has not.
  private var isInMessage = false

  mutating func append(_ bytes: ByteBuffer) {
    if buffer.readableBytes == 0 {
      buffer = bytes
    } else {
      buffer.discardReadBytes()
      buffer.writeImmutableBuffer(bytes)
    }
  }

  /// The next event; nil when more bytes have to come first.
  mutating func next() throws(WebSocketViolation) -> Event? {
    while true {
      switch state {
      case .header:
        guard try readHeader() else { return nil }
      case .data(remaining: 0):
        state = .header
      case .data(let remaining):
        let count = Int(min(remaining, UInt64(buffer.readableBytes)))
        guard count > 0, let data = buffer.readSlice(length: count) else { return nil }
        state = .data(remaining: remaining - UInt64(count))
        return .data(data)
      case .control(let opcode, let length):
        guard let payload = buffer.readSlice(length: length) else { return nil }
        state = .header
        switch opcode {
        case .ping: return .ping(payload)
        case .close: return try close(payload)
        default: break
        }
      }
    }
  }

  /// Returns false where not all of it has come.
  private mutating func readHeader() throws(WebSocketViolation) -> Bool {
    let start = buffer.readerIndex
    guard let first = buffer.getInteger(at: start, as: UInt8.self),
      let second = buffer.getInteger(at: start + 1, as: UInt8.self)
    else { return false }
    let isFinal = first & 0x80 != 0
    guard first & 0x70 == 0 else { throw .reservedBits }
    guard second & 0x80 == 0 else { throw .maskedFrame }
    guard let opcode = Opcode(rawValue: first & 0x0F) else { throw .unknownOpcode(first & 0x0F) }
    var length = UInt64(second & 0x7F)
    if opcode.isControl {
      guard isFinal else { throw .fragmentedControlFrame }
      guard length <= Self.controlLimit else { throw .controlFrameTooLong }
    }
    var size = 2
    if length == 126 {
      guard let extended = buffer.getInteger(at: start + size, as: UInt16.self) else { return false }
      length = UInt64(extended)
      size += 2
    } else if length == 127 {
      guard let extended = buffer.getInteger(at: start + size, as: UInt64.self) else { return false }
      guard extended <= UInt64(Int64.max) else { throw .frameTooLong }
      length = extended
      size += 8
    }
    buffer.moveReaderIndex(forwardBy: size)
    guard !opcode.isControl else {
      state = .control(opcode, length: Int(length))
      return true
    }
    try begin(opcode, isFinal: isFinal)
    state = .data(remaining: length)
    return true
  }

  private mutating func begin(_ opcode: Opcode, isFinal: Bool) throws(WebSocketViolation) {
    switch opcode {
    case .text: throw .textFrame
    case .continuation: guard isInMessage else { throw .unexpectedContinuation }
    default: guard !isInMessage else { throw .unfinishedMessage }
    }
    isInMessage = !isFinal
  }

  private func close(_ payload: ByteBuffer) throws(WebSocketViolation) -> Event {
    var payload = payload
    guard payload.readableBytes > 0 else { return .close(code: nil, reason: "") }
    guard let code = payload.readInteger(as: UInt16.self) else { throw .malformedClose }
    return .close(code: code, reason: String(buffer: payload))
  }
}
