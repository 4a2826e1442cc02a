import Foundation

/// The server's side of a WebSocket whose every byte the test determines.
extension ScriptedConnection {
  /// A request's lines, up to the empty one.
  package func receiveRequest() async throws -> [String] {
    var bytes: [UInt8] = []
    while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) { bytes += try await receive(1) }
    return String(decoding: bytes.dropLast(4), as: UTF8.self)
      .split(separator: "\r\n").map(String.init)
  }

  /// Takes the client's request and agrees to it.
  ///
  /// - Parameter following: Bytes to send in one piece with the answer.
  /// - Returns: The request's lines.
  @discardableResult
  package func acceptWebSocket(following: [UInt8] = []) async throws -> [String] {
    let request = try await receiveRequest()
    send(Array(webSocketAnswer(to: request).utf8) + following)
    return request
  }

  /// A whole frame of the client: its first byte, and what it holds, without the mask.
  package func receiveFrame() async throws -> (first: UInt8, payload: [UInt8]) {
    let header = try await receive(2)
    guard header[1] & 0x80 != 0 else { throw TestSupportError("the client sent a frame without a mask") }
    var length = Int(header[1] & 0x7F)
    if length >= 126 {
      length = try await receive(length == 126 ? 2 : 8).reduce(0) { $0 << 8 | Int($1) }
    }
    let mask = try await receive(4)
    let payload = length == 0 ? [] : try await receive(length)
    return (header[0], payload.enumerated().map { $1 ^ mask[$0 % 4] })
  }

  /// Sends a whole frame.
  package func sendFrame(_ first: UInt8 = 0x82, _ payload: [UInt8]) {
    send(webSocketFrame(first, payload))
  }
}

/// The value of a request's header; the name in its usual case.
package func header(_ name: String, of request: [String]) -> String? {
  request.first { $0.hasPrefix("\(name): ") }.map { String($0.dropFirst(name.count + 2)) }
}

/// What a server answers that agrees to a request.
package func webSocketAnswer(
  to request: [String], accept: String? = nil, headers: [String] = ["Sec-WebSocket-Protocol: mqtt"]
) -> String {
  let key = header("Sec-WebSocket-Key", of: request) ?? ""
  let accept = accept ?? webSocketAccept(key: key)
  let lines =
    ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    + ["Sec-WebSocket-Accept: \(accept)"] + headers
  return lines.joined(separator: "\r\n") + "\r\n\r\n"
}

/// A frame as servers send it, without a mask.
package func webSocketFrame(_ first: UInt8, _ payload: [UInt8]) -> [UInt8] {
  let length = payload.count
  let size: [UInt8] =
    switch length {
    case ...125: [UInt8(length)]
    case ...0xFFFF: [126] + bigEndian(length, count: 2)
    default: [127] + bigEndian(length, count: 8)
    }
  return [first] + size + payload
}

/// RFC 6455, 4.2.2.
package func webSocketAccept(key: String) -> String {
  Data(sha1(Array("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))).base64EncodedString()
}

private func bigEndian(_ number: Int, count: Int) -> [UInt8] {
  (0..<count).reversed().map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
}

/// FIPS 180-4, 6.1.
private func sha1(_ message: [UInt8]) -> [UInt8] {
  var padded = message + [0x80]
  while padded.count % 64 != 56 { padded.append(0) }
  padded += bigEndian(message.count * 8, count: 8)
  var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
  for start in stride(from: 0, to: padded.count, by: 64) {
    var words = (0..<16).map { word in
      padded[start + word * 4..<start + word * 4 + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    }
    for index in 16..<80 {
      words.append(
        rotated(words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16], by: 1))
    }
    var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
    for index in 0..<80 {
      let (mixed, constant): (UInt32, UInt32) =
        switch index {
        case ..<20: (b & c | ~b & d, 0x5A82_7999)
        case ..<40: (b ^ c ^ d, 0x6ED9_EBA1)
        case ..<60: (b & c | b & d | c & d, 0x8F1B_BCDC)
        default: (b ^ c ^ d, 0xCA62_C1D6)
        }
      (a, b, c, d, e) = (
        rotated(a, by: 5) &+ mixed &+ e &+ constant &+ words[index], a, rotated(b, by: 30), c, d
      )
    }
    state = zip(state, [a, b, c, d, e]).map { $0 &+ $1 }
  }
  return state.flatMap { bigEndian(Int($0), count: 4) }
}

private func rotated(_ word: UInt32, by bits: UInt32) -> UInt32 { word << bits | word >> (32 - bits) }
