/// What is fuzzed: each takes any bytes, and throws only what is a fault of the client.
package enum FuzzTarget: String, CaseIterable, Sendable {
  /// The packet decoder of both versions.
  case decoder
  /// The session machine, driven by a broker and an application that do anything.
  case session
  /// The session machine, taking up what a store holds.
  case records

  package func check(_ bytes: [UInt8]) throws(BrokenProperty) {
    switch self {
    case .decoder: try DecoderTarget.check(bytes)
    case .session: try SessionTarget.check(bytes)
    case .records: try RecordsTarget.check(bytes)
    }
  }
}

/// Something that must hold for every input does not.
package struct BrokenProperty: Error, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}

func require(_ condition: Bool, _ what: @autoclosure () -> String) throws(BrokenProperty) {
  guard condition else { throw BrokenProperty(what()) }
}

/// Draws choices from the bytes of an input; where these are used up, everything is 0.
struct FuzzInput {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

  mutating func choice(of count: Int) -> Int { Int(byte()) % count }

  mutating func flag() -> Bool { byte() & 1 != 0 }

  mutating func element<Element>(of elements: [Element]) -> Element { elements[choice(of: elements.count)] }

  mutating func bytes(_ count: Int) -> [UInt8] {
    let taken = rest.prefix(count)
    rest = rest.dropFirst(count)
    return Array(taken)
  }

  mutating func remainder() -> [UInt8] { bytes(rest.count) }
}
