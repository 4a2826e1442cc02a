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

  private func hours(_ start: String, _ end: String, _ days: [Weekday] = Weekday.allCases) throws -> DayHours
  {
    DayHours(days: Set(days), start: try ClockTime(start), end: try ClockTime(end))
  }

  @Test(
    "knows whether it is within hours of the day, without their end",
    arguments: [
      // 2026-11-24 is a Tuesday.
      ("2026-11-24T11:59:59.999Z", false), ("2026-11-24T12:00:00Z", true), ("2026-11-24T14:29:59.999Z", true),
      ("2026-11-24T14:30:00Z", false), ("2026-11-25T13:00:00Z", false),
    ])
  func within(_ now: String, _ isWithin: Bool) throws {
    #expect(calendar.contains(try hours("13:00", "15:30", [.tuesday]), try utc(now)) == isWithin)
  }

  @Test(
    "counts hours over midnight to the day on which they began",
    arguments: [
      ("2026-11-24T20:59:00Z", false), ("2026-11-24T21:00:00Z", true), ("2026-11-24T23:30:00Z", true),
      ("2026-11-25T05:59:00Z", true), ("2026-11-25T06:00:00Z", false), ("2026-11-25T22:00:00Z", false),
      ("2026-11-24T01:00:00Z", false),
    ])
  func overMidnight(_ now: String, _ isWithin: Bool) throws {
    #expect(calendar.contains(try hours("22:00", "07:00", [.tuesday]), try utc(now)) == isWithin)
  }

  @Test("goes over from Sunday to Monday, and lets whole days last from midnight to midnight")
  func week() throws {
    let sunday = try hours("22:00", "07:00", [.sunday])
    #expect(calendar.contains(sunday, try utc("2026-11-30T01:00:00Z")), "on Monday at two")
    #expect(!calendar.contains(sunday, try utc("2026-11-29T01:00:00Z")))
    let days = try hours("00:00", "00:00", [.saturday, .sunday])
    for (now, isWithin) in [
      ("2026-11-27T22:59:59Z", false), ("2026-11-27T23:00:00Z", true), ("2026-11-29T22:59:59Z", true),
      ("2026-11-29T23:00:00Z", false),
    ] {
      #expect(calendar.contains(days, try utc(now)) == isWithin, "\(now)")
    }
    let sameTimes = try hours("08:00", "08:00", [.tuesday])
    #expect(calendar.contains(sameTimes, try utc("2026-11-25T06:59:00Z")), "a day long")
    #expect(!calendar.contains(sameTimes, try utc("2026-11-25T07:00:00Z")))
  }

  @Test("keeps to the clock on the wall where an hour is skipped or comes twice")
  func hoursOfSummerTime() throws {
    let night = try hours("01:30", "02:30")
    for (now, isWithin) in [
      // 01:59:59 is followed by 03:00.
      ("2026-03-29T00:29:59Z", false), ("2026-03-29T00:30:00Z", true), ("2026-03-29T00:59:59Z", true),
      ("2026-03-29T01:00:00Z", false),
      // 02:00 to 03:00 comes twice.
      ("2026-10-25T00:29:59Z", true), ("2026-10-25T00:30:00Z", false), ("2026-10-25T01:15:00Z", true),
      ("2026-10-25T01:30:00Z", false),
    ] {
      #expect(calendar.contains(night, try utc(now)) == isWithin, "\(now)")
    }
  }

  @Test("writes times as people there read them")
  func text() throws {
    #expect(calendar.text(try utc("2026-11-24T22:03:07Z")) == "23:03:07 on 2026-11-24 (UTC+1)")
    #expect(calendar.text(try utc("2026-07-01T22:03:07Z")) == "00:03:07 on 2026-07-02 (UTC+2)")
    #expect(calendar.text(try utc("2026-07-01T22:03:07Z"), in: .chinese) == "2026-07-02 00:03:07 UTC+2")
    for (zone, text) in [
      ("UTC", "22:03:07 on 2026-11-24 (UTC)"), ("Asia/Kolkata", "03:33:07 on 2026-11-25 (UTC+5:30)"),
      ("America/St_Johns", "18:33:07 on 2026-11-24 (UTC-3:30)"),
    ] {
      let calendar = LocalCalendar(try #require(TimeZone(identifier: zone)))
      #expect(calendar.text(try utc("2026-11-24T22:03:07Z")) == text)
    }
  }
}
