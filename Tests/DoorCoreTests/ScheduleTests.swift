import DoorCore
import Testing

@Suite("A schedule's ledger")
struct ScheduleTests {
  @Test("goes on from where it was, so that nothing is skipped and nothing done twice")
  func goesOn() {
    var ledger = ScheduleLedger(now: seconds(0))
    #expect(ledger.due(now: seconds(3_600)) == seconds(0))
    ledger.note(now: seconds(3_600))
    #expect(ledger.due(now: seconds(7_200)) == seconds(3_600))
    // The clock is put back by an hour: what was obeyed is not obeyed again.
    #expect(ledger.due(now: seconds(0)) == seconds(3_600))
    ledger.note(now: seconds(0))
    #expect(ledger.due(now: seconds(7_200)) == seconds(3_600))
  }

  @Test("makes up for a week at most")
  func limit() {
    #expect(ScheduleLedger(now: seconds(0)).due(now: seconds(30 * 86_400)) == seconds(23 * 86_400))
  }

  @Test("does not wait for years because the clock was wrong")
  func wrongClock() {
    var ledger = ScheduleLedger(now: seconds(100_000_000))
    #expect(ledger.due(now: seconds(0)) == seconds(0))
    ledger.note(now: seconds(0))
    #expect(ledger.due(now: seconds(60)) == seconds(0))
  }

  @Test(
    "has times as a clock shows them",
    arguments: [("00:00", 0, 0), ("07:05", 7, 5), ("23:59", 23, 59)])
  func times(_ text: String, _ hour: Int, _ minute: Int) throws {
    let time = try ClockTime(text)
    #expect(time.hour == hour)
    #expect(time.minute == minute)
    #expect(time.description == text)
  }

  @Test(
    "has no others", arguments: ["", "7:05", "24:00", "12:60", "12", "12:00:00", "-1:00", "+1:00", "aa:bb"])
  func noTimes(_ text: String) {
    let error = #expect(throws: ClockTimeError.self) { try ClockTime(text) }
    #expect(error?.string == text)
  }
}
