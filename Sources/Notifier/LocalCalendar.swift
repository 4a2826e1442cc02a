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

  /// Whether a moment is within hours that began on one of the days; their end is outside.
  package func contains(_ hours: DayHours, _ moment: Timestamp) -> Bool {
    let date = Date(timeIntervalSince1970: Double(moment.milliseconds) / 1_000)
    let parts = calendar.dateComponents([.hour, .minute, .weekday], from: date)
    let time = (parts.hour ?? 0) * 60 + (parts.minute ?? 0)
    // The Gregorian calendar of Foundation counts from Sunday, 1; ours from Monday, 0.
    let today = ((parts.weekday ?? 1) + 5) % 7
    func isDay(_ day: Int) -> Bool { hours.days.contains(Weekday.allCases[day % 7]) }
    let (start, end) = (hours.start.minutes, hours.end.minutes)
    if start < end { return isDay(today) && (start..<end).contains(time) }
    return isDay(today) && time >= start || isDay(today + 6) && time < end
  }

  /// As a person reads it: `22:03:17 on 2026-11-24 (UTC+1)`, `2026-11-24 22:03:17 UTC+1`.
  func text(_ timestamp: Timestamp, in language: Language = .english) -> String {
    let date = Date(timeIntervalSince1970: Double(timestamp.milliseconds) / 1_000)
    let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
    func two(_ number: Int?) -> String { (number ?? 0) < 10 ? "0\(number ?? 0)" : "\(number ?? 0)" }
    let minutes = calendar.timeZone.secondsFromGMT(for: date) / 60
    let offset =
      (minutes == 0 ? "" : "\(minutes < 0 ? "-" : "+")\(abs(minutes) / 60)")
      + (minutes % 60 == 0 ? "" : ":\(two(abs(minutes) % 60))")
    let time = "\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second))"
    let day = "\(parts.year ?? 0)-\(two(parts.month))-\(two(parts.day))"
    return switch language {
    case .english: "\(time) on \(day) (UTC\(offset))"
    case .chinese: "\(day) \(time) UTC\(offset)"
    }
  }
}

/// Hours of every day in which only alarms are sent.
package struct QuietHours: Sendable, Equatable {
  package var start: ClockTime
  package var end: ClockTime
}

/// Hours that begin on some days of the week.
package struct DayHours: Sendable, Equatable {
  package var days: Set<Weekday>
  package var start: ClockTime
  /// Where it is not later than the start, they last into the next day.
  package var end: ClockTime
}

extension ClockTime {
  /// Since midnight.
  fileprivate var minutes: Int { hour * 60 + minute }
}
