// DoorCore: what a door, a transition and an alarm are, and the pure machines that decide about them.

/// The name of an agent, a door, an area or a channel as it stands in topics and settings:
/// 1 to 64 characters of `a-z`, `0-9`, `_` and `-`, the first one a letter or a digit.
package struct Identifier: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let description: String

  package init(_ string: String) throws(IdentifierError) {
    guard Self.isValid(string) else { throw IdentifierError(string: string) }
    description = string
  }

  package static func < (left: Identifier, right: Identifier) -> Bool {
    left.description < right.description
  }

  private static func isValid(_ string: String) -> Bool {
    func isLetterOrDigit(_ byte: UInt8) -> Bool {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    guard let first = string.utf8.first, isLetterOrDigit(first), string.utf8.count <= 64 else { return false }
    return string.utf8.allSatisfy {
      isLetterOrDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
    }
  }
}

/// A string that is no ``Identifier``.
package struct IdentifierError: Error, Equatable, CustomStringConvertible {
  package let string: String

  package var description: String {
    "\"\(string.prefix(80))\" is no id: 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or a digit"
  }
}

/// One door of one agent, written `agent/door`.
package struct DoorAddress: Hashable, Sendable, Comparable, CustomStringConvertible, Codable {
  package let agent: Identifier
  package let door: Identifier

  package init(agent: Identifier, door: Identifier) {
    self.agent = agent
    self.door = door
  }

  /// Reads `agent/door`.
  package init(_ string: String) throws(IdentifierError) {
    let parts = string.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2 else { throw IdentifierError(string: string) }
    self.init(agent: try Identifier(String(parts[0])), door: try Identifier(String(parts[1])))
  }

  package var description: String { "\(agent)/\(door)" }

  package init(from decoder: any Decoder) throws {
    try self.init(try decoder.singleValueContainer().decode(String.self))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  package static func < (left: DoorAddress, right: DoorAddress) -> Bool {
    (left.agent, left.door) < (right.agent, right.door)
  }
}

/// A dictionary by doors becomes an object, and not a list of keys and values.
extension DoorAddress: CodingKeyRepresentable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  package var codingKey: any CodingKey { Key(stringValue: description) }

  package init?(codingKey: some CodingKey) {
    guard let address = try? DoorAddress(codingKey.stringValue) else { return nil }
    self = address
  }
}
