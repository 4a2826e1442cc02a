package import DoorCore
package import Foundation

/// The calendar and the clock on the wall where the doors are.
package struct LocalCalendar: Sendable {
  private let calendar: Calendar

  package init(_ timeZone: TimeZone) {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = timeZone
    self.calendar = calendar
  }

  /// The next time after a moment at which the clock shows `time` on one of the days.
  ///
  /// A time that summer time skips is the first moment after the gap; one that comes twice counts once, the first time.
  package func next(_ time: ClockTime, on days: Set<Weekday>, after moment: Timestamp) -> Timestamp? {
    let date = Date(timeIntervalSince1970: Double(moment.milliseconds) / 1_000)
    let dates = days.compactMap { day in
      // The Gregorian calendar of Foundation counts from Sunday, 1.
      let weekday = day == .sunday ? 1 : 2 + (Weekday.allCases.firstIndex(of: day) ?? 0)
      return calendar.nextDate(
        after: date,
        matching: DateComponents(hour: time.hour, minute: time.minute, second: 0, weekday: weekday),
        matchingPolicy: .nextTime, repeatedTimePolicy: .first)
    }
    return dates.min().map { Timestamp(milliseconds: Int64(($0.timeIntervalSince1970 * 1_000).rounded())) }
  }

  /// When the hours from one time of the day to another are over that have begun; nil while they have not.
  package func end(of hours: QuietHours, at moment: Timestamp) -> Timestamp? {
    let days = Set(Weekday.allCases)
    guard let end = next(hours.end, on: days, after: moment),
      let start = next(hours.start, on: days, after: moment)
    else { return nil }
    return end < start ? end : nil
  }

  /// As a person reads it: `22:03:17 on 2026-11-24`.
  func text(_ timestamp: Timestamp) -> String {
    let date = Date(timeIntervalSince1970: Double(timestamp.milliseconds) / 1_000)
    let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
    func two(_ number: Int?) -> String { (number ?? 0) < 10 ? "0\(number ?? 0)" : "\(number ?? 0)" }
    return "\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second)) on "
      + "\(parts.year ?? 0)-\(two(parts.month))-\(two(parts.day))"
  }
}

/// Hours of every day in which only alarms are sent.
package struct QuietHours: Sendable, Equatable {
  package var start: ClockTime
  package var end: ClockTime
}
