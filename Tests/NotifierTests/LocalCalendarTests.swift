import DoorCore
import DoorWire
import Foundation
import Testing

@testable import Notifier

@Suite("The calendar where the doors are")
struct LocalCalendarTests {
  private let calendar: LocalCalendar

  init() throws {
    calendar = LocalCalendar(try #require(TimeZone(identifier: "Europe/Berlin")))
  }

  private func utc(_ text: String) throws -> Timestamp { try #require(Timestamp(wireFormat: text)) }

  private func next(_ time: String, _ days: [Weekday] = Weekday.allCases, after: String) throws -> String? {
    calendar.next(try ClockTime(time), on: Set(days), after: try utc(after))?.wireFormat
  }

  @Test("finds the next time that its clock shows, on the days that count")
  func next() throws {
    // 2026-11-24 is a Tuesday; Berlin is an hour ahead of UTC.
    #expect(try next("23:00", after: "2026-11-24T21:59:59Z") == "2026-11-24T22:00:00.000Z")
    #expect(try next("23:00", after: "2026-11-24T22:00:00Z") == "2026-11-25T22:00:00.000Z", "after, not at")
    #expect(
      try next("23:00", [.friday, .sunday], after: "2026-11-24T12:00:00Z") == "2026-11-27T22:00:00.000Z")
    #expect(try next("07:30", [.monday], after: "2026-11-24T12:00:00Z") == "2026-11-30T06:30:00.000Z")
  }

  @Test("keeps to the clock on the wall over the changes of summer time")
  func summerTime() throws {
    #expect(
      try next("07:00", after: "2026-03-28T12:00:00Z") == "2026-03-29T05:00:00.000Z", "summer from here on")
    #expect(try next("07:00", after: "2026-10-24T12:00:00Z") == "2026-10-25T06:00:00.000Z", "and winter")
  }

  @Test("takes a time that is skipped for the first moment after the gap")
  func skipped() throws {
    #expect(try next("02:30", after: "2026-03-28T12:00:00Z") == "2026-03-29T01:00:00.000Z")
  }

  @Test("takes a time that comes twice once")
  func twice() throws {
    #expect(try next("02:30", after: "2026-10-24T12:00:00Z") == "2026-10-25T00:30:00.000Z")
    #expect(try next("02:30", after: "2026-10-25T00:30:00Z") == "2026-10-26T01:30:00.000Z")
  }

  @Test(
    "knows the quiet hours, also over midnight, and when they are over",
    arguments: [
      ("22:00", "07:00", "2026-11-24T20:59:00Z", nil),
      ("22:00", "07:00", "2026-11-24T21:30:00Z", "2026-11-25T06:00:00.000Z"),
      ("22:00", "07:00", "2026-11-25T05:59:00Z", "2026-11-25T06:00:00.000Z"),
      ("22:00", "07:00", "2026-11-25T06:00:00Z", nil),
      ("13:00", "15:00", "2026-11-24T13:00:00Z", "2026-11-24T14:00:00.000Z"),
      ("13:00", "15:00", "2026-11-24T20:00:00Z", nil),
    ] as [(String, String, String, String?)])
  func quiet(_ start: String, _ end: String, _ now: String, _ over: String?) throws {
    let hours = QuietHours(start: try ClockTime(start), end: try ClockTime(end))
    #expect(calendar.end(of: hours, at: try utc(now))?.wireFormat == over)
  }

  @Test("writes times as people there read them")
  func text() throws {
    #expect(calendar.text(try utc("2026-11-24T22:03:07Z")) == "23:03:07 on 2026-11-24 (UTC+1)")
    #expect(calendar.text(try utc("2026-07-01T22:03:07Z")) == "00:03:07 on 2026-07-02 (UTC+2)")
  }
}
