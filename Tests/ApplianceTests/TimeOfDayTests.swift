import Appliance
import Testing

@Suite("The time of day")
struct TimeOfDayTests {
  @Test(
    "is a clock's on the wall here, with milliseconds",
    arguments: [("000", 0), ("001", 1), ("010", 10), ("999", 999)])
  func text(_ fraction: String, _ milliseconds: Int64) throws {
    let text = "\(TimeOfDay(milliseconds: 1_763_861_023_000 + milliseconds))"
    // Whatever the time zone, whose offset is in whole minutes.
    #expect(text.wholeMatch(of: /[0-2][0-9]:[0-5][0-9]:43\.[0-9]{3}/) != nil)
    #expect(text.hasSuffix(fraction))
  }

  @Test("goes on from one minute to the next")
  func minutes() {
    let before = "\(TimeOfDay(milliseconds: 1_763_861_039_999))"
    let after = "\(TimeOfDay(milliseconds: 1_763_861_040_000))"
    #expect(before.hasSuffix(":59.999") && after.hasSuffix(":00.000") && before != after)
  }
}
