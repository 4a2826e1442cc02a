import DoorCore
import DoorWire
import FoundationEssentials
import TestSupport
import Testing

@Suite("A time on the wire")
struct WireTimeTests {
  @Test(
    "is RFC 3339, UTC, with milliseconds",
    arguments: [
      (1_795_397_523_417, "2026-11-23T01:32:03.417Z"),
      (0, "1970-01-01T00:00:00.000Z"),
      (1, "1970-01-01T00:00:00.001Z"),
      (-1, "1969-12-31T23:59:59.999Z"),
      (-1_000, "1969-12-31T23:59:59.000Z"),
      (-1_001, "1969-12-31T23:59:58.999Z"),
      (951_782_400_050, "2000-02-29T00:00:00.050Z"),
      (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ] as [(Int64, String)]
  )
  func format(_ milliseconds: Int64, _ text: String) {
    #expect(Timestamp(milliseconds: milliseconds).wireFormat == text)
    #expect(Timestamp(wireFormat: text)?.milliseconds == milliseconds)
  }

  @Test("is the calendar's on every day of four centuries, and read again")
  func everyDay() {
    for day in Int64(0)..<146_097 {
      // Another time of the day each, over all of it.
      let time = Timestamp(milliseconds: day * 86_400_000 + day * 7_919_993 % 86_400_000)
      let seconds = time.milliseconds / 1_000
      let calendar = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
      #expect(time.wireFormat.prefix(19) + "Z" == calendar)
      #expect(Timestamp(wireFormat: time.wireFormat) == time)
    }
  }

  @Test(
    "is read with any fraction and any offset",
    arguments: [
      ("1970-01-01T00:00:01Z", 1_000),
      ("1970-01-01T00:00:01.5Z", 1_500),
      ("1970-01-01T00:00:01.05Z", 1_050),
      ("1970-01-01T00:00:01.0009Z", 1_000),
      ("1970-01-01T00:00:01.123456789Z", 1_123),
      ("1970-01-01T01:00:01+01:00", 1_000),
      ("1970-01-01T01:00:01.250+01:00", 1_250),
      ("1969-12-31T18:30:01-05:30", 1_000),
      ("1970-01-01T00:00:01-00:00", 1_000),
    ] as [(String, Int64)]
  )
  func reads(_ text: String, _ milliseconds: Int64) {
    #expect(Timestamp(wireFormat: text)?.milliseconds == milliseconds)
  }

  @Test(
    "is nothing else",
    arguments: [
      "", "now", "0", "1795397523", "1970-01-01", "00:00:01Z", "1970-01-01T00:00:01", "1970-01-01T00:00:01.Z",
      "1970-01-01T00:00:01.1234567890Z", "1970-01-01T00:00:01.5", "1970-01-01T00:00:01,5Z",
      "1970.5-01-01T00:00:01Z", "1970-01-01T00.5:00:01Z", "1970-01-01T00:00:01Z.5",
      "1970-01-01T00:00:01.5Zjunk",
      "1970-01-01T00:00:01Z ", " 1970-01-01T00:00:01Z", "1970-01-01T00:00:01Zjunk", "1970-13-01T00:00:01Z",
      "1970-02-30T00:00:01Z", "1970-01-01T24:00:01Z", "1970-01-01T00:60:01Z", "1970-01-01T00:00:61Z",
      "1970-01-01T00:00:01+25:00", "-001-01-01T00:00:01Z", "99999-01-01T00:00:01Z", "１970-01-01T00:00:01Z",
      "1970-01-01T00:00:01.٣Z", "1970-01-01T00:00:01.-5Z", "1970-01-01T00:00:01\0Z",
    ]
  )
  func garbage(_ text: String) {
    #expect(Timestamp(wireFormat: text) == nil)
  }

  @Test("is not long", arguments: ["1", ".", "1970-01-01T00:00:01.", "Z"])
  func long(_ part: String) {
    #expect(Timestamp(wireFormat: String(repeating: part, count: 100_000)) == nil)
  }

  @Test("is read the same whether or not it is written as ours", arguments: 0..<UInt64(50))
  func bothWays(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      // Up to the year 2400, with every sort of leap year.
      let time = Timestamp(milliseconds: .random(in: 0...13_569_465_600_000, using: &random))
      let ours = time.wireFormat
      #expect(Timestamp(wireFormat: ours) == time)
      #expect(Timestamp(wireFormat: String(ours.dropLast()) + "+00:00") == time)
    }
  }

  @Test(
    "is none on a day that there is not",
    arguments: [
      "2026-02-29T00:00:00.000Z", "2100-02-29T00:00:00.000Z", "2026-04-31T00:00:00.000Z",
      "2026-13-01T00:00:00.000Z", "2026-00-01T00:00:00.000Z", "2026-01-00T00:00:00.000Z",
      "2026-01-01T24:00:00.000Z",
    ])
  func noDay(_ text: String) {
    #expect(Timestamp(wireFormat: text) == nil)
  }

  @Test("comes back as it was sent", arguments: 0..<UInt64(200))
  func roundTrip(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    // The years 0001 to 9999.
    let time = Timestamp(
      milliseconds: Int64.random(in: -62_135_596_800_000...253_402_300_799_999, using: &random)
    )
    #expect(Timestamp(wireFormat: time.wireFormat) == time, "seed \(seed): \(time.wireFormat)")
  }
}
