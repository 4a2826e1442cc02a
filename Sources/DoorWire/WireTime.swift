package import DoorCore
import FoundationEssentials

extension Timestamp {
  /// RFC 3339 in UTC with milliseconds, as `2026-11-23T01:22:03.417Z`.
  package var wireFormat: String {
    if let text = ours { return text }
    let seconds = milliseconds / 1_000 - (milliseconds % 1_000 < 0 ? 1 : 0)
    let fraction = milliseconds - seconds * 1_000
    let whole = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    let digits = String(fraction)
    return whole.dropLast() + "." + String(repeating: "0", count: 3 - digits.count) + digits + "Z"
  }

  /// Reads an RFC 3339 time with or without a fraction and with any offset; nil where the string is none.
  package init?(wireFormat string: String) {
    if let timestamp = Self.ours(string) {
      self = timestamp
      return
    }
    var text = string
    var fraction: Int64 = 0
    // The shape is checked here, because the parser takes what only begins like a time.
    guard Self.hasWireShape(text.utf8) else { return nil }
    if let point = text.firstIndex(of: ".") {
      let digits = text[text.index(after: point)...].prefix { $0.isASCII && $0.isNumber }
      guard (1...9).contains(digits.count), let value = Int64(digits) else { return nil }
      fraction = (0..<digits.count).reduce(into: value * 1_000) { value, _ in value /= 10 }
      text.removeSubrange(point..<digits.endIndex)
    }
    guard let date = try? Date(text, strategy: .iso8601) else { return nil }
    // The parser takes the 30th of February for the 2nd of March, and 24:60:61 for a time.
    let local = text.prefix(19) + "Z"
    guard let sameDate = try? Date(String(local), strategy: .iso8601), sameDate.formatted(.iso8601) == local
    else { return nil }
    self.init(milliseconds: Int64(date.timeIntervalSince1970) * 1_000 + fraction)
  }

  /// The same without the cost of a calendar for all that there is; nil outside of the years 1970 to 9999.
  private var ours: String? {
    guard (0...253_402_300_799_999).contains(milliseconds) else { return nil }
    let (days, time) = milliseconds.quotientAndRemainder(dividingBy: 86_400_000)
    // Years that begin in March, in eras of 400 of them, which have 146,097 days.
    let (era, dayOfEra) = (days + 719_468).quotientAndRemainder(dividingBy: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let sinceMarch = (5 * dayOfYear + 2) / 153
    let month = sinceMarch < 10 ? sinceMarch + 3 : sinceMarch - 9
    let year = era * 400 + yearOfEra + (month > 2 ? 0 : 1)
    let fields: [(number: Int64, width: Int, end: Unicode.Scalar)] = [
      (year, 4, "-"), (month, 2, "-"), (dayOfYear - (153 * sinceMarch + 2) / 5 + 1, 2, "T"),
      (time / 3_600_000, 2, ":"), (time / 60_000 % 60, 2, ":"), (time / 1_000 % 60, 2, "."),
      (time % 1_000, 3, "Z"),
    ]
    return String(unsafeUninitializedCapacity: 24) { bytes in
      var end = 0
      for (number, width, separator) in fields {
        var rest = number
        for place in (end..<end + width).reversed() {
          bytes[place] = UInt8(ascii: "0") + UInt8(rest % 10)
          rest /= 10
        }
        bytes[end + width] = UInt8(ascii: separator)
        end += width + 1
      }
      return end
    }
  }

  /// A time exactly as ``wireFormat`` writes it, without the cost of a parser for all that there is; nil for every other.
  private static func ours(_ string: String) -> Timestamp? {
    var string = string
    return string.withUTF8 { bytes -> Timestamp? in
      guard bytes.count == 24, matches(bytes) else { return nil }
      func number(_ first: Int, _ count: Int) -> Int64 {
        bytes[first..<(first + count)].reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
      }
      let (year, month, day) = (number(0, 4), number(5, 2), number(8, 2))
      let (hour, minute, second) = (number(11, 2), number(14, 2), number(17, 2))
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      guard year >= 1970, (1...12).contains(month), (1...lengths[Int(month) - 1]).contains(day), hour < 24,
        minute < 60, second < 60
      else { return nil }
      // Days since 1970 of the Gregorian calendar, with years that begin in March, so that a leap day ends one.
      let shifted = month > 2 ? year : year - 1
      let sinceMarch = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
      let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + sinceMarch - 719_468
      let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second
      return Timestamp(milliseconds: seconds * 1_000 + number(20, 3))
    }
  }

  private static func matches(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let shape: StaticString = "0000-00-00T00:00:00.000Z"
    return shape.withUTF8Buffer { shape in
      zip(bytes, shape).allSatisfy { byte, expected in
        expected == UInt8(ascii: "0")
          ? (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) : byte == expected
      }
    }
  }

  /// `2026-11-23T01:22:03`, a fraction or none, and `Z` or an offset as `+01:00`.
  private static func hasWireShape(_ bytes: String.UTF8View) -> Bool {
    func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    func matches(_ part: Substring.UTF8View, _ shape: StaticString) -> Bool {
      shape.withUTF8Buffer { shape in
        part.elementsEqual(shape) { $1 == UInt8(ascii: "0") ? isDigit($0) : $0 == $1 }
      }
    }
    guard matches(bytes.prefix(19), "0000-00-00T00:00:00") else { return false }
    var rest = bytes.dropFirst(19)
    if rest.first == UInt8(ascii: ".") { rest = rest.dropFirst().drop(while: isDigit) }
    return matches(rest, "Z") || matches(rest, "+00:00") || matches(rest, "-00:00")
  }
}
