import DoorCore
import FoundationEssentials

/// What all messages share in becoming JSON and being read again.
enum WireCoding {
  static func encode(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return [UInt8](try encoder.encode(value))
    } catch {
      // Encoding fails for numbers that are not finite and for deep recursion; the messages have neither.
      preconditionFailure("A wire message could not be encoded: \(error)")
    }
  }

  static func decode<Value: Decodable>(_ type: Value.Type, from payload: [UInt8]) throws(WireError) -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(payload))
    } catch let error as DecodingError {
      throw WireError(describe(error))
    } catch {
      throw WireError("the payload is not JSON")
    }
  }

  static func word<Word: RawRepresentable & CaseIterable>(
    _ string: String, _ field: String
  ) throws(WireError) -> Word where Word.RawValue == String {
    guard let word = Word(rawValue: string) else {
      let allowed = Word.allCases.map(\.rawValue).joined(separator: ", ")
      throw WireError("\(field) is \"\(string.prefix(40))\"; it can be \(allowed)")
    }
    return word
  }

  static func time(_ string: String, _ field: String) throws(WireError) -> Timestamp {
    guard let time = Timestamp(wireFormat: string) else {
      throw WireError("\(field) is \"\(string.prefix(40))\", which is no RFC 3339 time")
    }
    return time
  }

  /// The largest count that every reader of JSON holds exactly. Counting on from it overflows nowhere.
  static let largestSequence: Int64 = 9_007_199_254_740_991

  static func sequence(
    _ value: Int64, _ field: String, from smallest: Int64 = 1
  ) throws(WireError) -> Int64 {
    guard (smallest...largestSequence).contains(value) else {
      throw WireError("\(field) is \(value); it counts from \(smallest) to \(largestSequence)")
    }
    return value
  }

  static func identifier(_ string: String, _ field: String) throws(WireError) -> Identifier {
    do {
      return try Identifier(string)
    } catch {
      throw WireError("\(field): \(error)")
    }
  }

  static func door(_ string: String, _ field: String) throws(WireError) -> DoorAddress {
    do {
      return try DoorAddress(string)
    } catch {
      throw WireError("\(field): \(error)")
    }
  }

  private static func describe(_ error: DecodingError) -> String {
    func path(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
      let keys = context.codingPath + (last.map { [$0] } ?? [])
      return keys.isEmpty ? "the payload" : keys.map(\.stringValue).joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, let context): return "\(path(context, key)) is missing"
    case .typeMismatch(_, let context): return "\(path(context)) has the wrong type"
    case .valueNotFound(_, let context): return "\(path(context)) is null"
    case .dataCorrupted(let context):
      // The decoder does not say where the number stands that it cannot read.
      return context.codingPath.isEmpty
        ? "the payload is not JSON, or has a number that is no whole one in range"
        : "\(path(context)) is not valid"
    @unknown default: return "the payload is not what this topic carries"
    }
  }
}
