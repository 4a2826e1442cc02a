/// The text of a JSON object (RFC 8259), written member by member.
///
/// For the message for which an alarm waits: Foundation's encoder takes several times as long. All others are written
/// by that.
struct JSONObject {
  private var bytes: [UInt8] = [UInt8(ascii: "{")]

  /// - Parameter capacity: how many bytes the object is expected to have.
  init(capacity: Int) { bytes.reserveCapacity(capacity) }

  /// The whole object.
  var text: [UInt8] { bytes + [UInt8(ascii: "}")] }

  mutating func add(_ name: StaticString, _ string: String) {
    begin(name)
    bytes.append(UInt8(ascii: "\""))
    for byte in string.utf8 { appendEscaped(byte) }
    bytes.append(UInt8(ascii: "\""))
  }

  mutating func add(_ name: StaticString, _ number: Int64) {
    begin(name)
    bytes.append(contentsOf: String(number).utf8)
  }

  mutating func add(_ name: StaticString, _ flag: Bool) {
    begin(name)
    bytes.append(contentsOf: (flag ? "true" : "false").utf8)
  }

  /// - Parameter name: has nothing that is to be escaped.
  private mutating func begin(_ name: StaticString) {
    if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
    bytes.append(UInt8(ascii: "\""))
    name.withUTF8Buffer { bytes.append(contentsOf: $0) }
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
  }

  /// Section 7: quotation marks, backslashes and control characters must be escaped, and nothing else.
  private mutating func appendEscaped(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"):
      bytes.append(UInt8(ascii: "\\"))
      bytes.append(byte)
    case 0..<0x20:
      let digits = Array("0123456789abcdef".utf8)
      bytes.append(contentsOf: "\\u00".utf8)
      bytes.append(digits[Int(byte >> 4)])
      bytes.append(digits[Int(byte & 0xf)])
    default: bytes.append(byte)
    }
  }
}
