/// A day of the week, in the order of ISO 8601.
package enum Weekday: String, Sendable, CaseIterable {
  case monday = "mon"
  case tuesday = "tue"
  case wednesday = "wed"
  case thursday = "thu"
  case friday = "fri"
  case saturday = "sat"
  case sunday = "sun"
}

/// A time on the clock on the wall, written `HH:MM`.
package struct ClockTime: Sendable, Equatable, CustomStringConvertible {
  /// 0 to 23.
  package let hour: Int
  /// 0 to 59.
  package let minute: Int

  package init(_ string: String) throws(ClockTimeError) {
    let parts = string.split(separator: ":", omittingEmptySubsequences: false)
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy(digits.contains) }),
      let hour = UInt8(parts[0]), let minute = UInt8(parts[1]), hour < 24, minute < 60
    else { throw ClockTimeError(string: string) }
    self.hour = Int(hour)
    self.minute = Int(minute)
  }

  package static let midnight = ClockTime(hour: 0, minute: 0)

  private init(hour: Int, minute: Int) {
    self.hour = hour
    self.minute = minute
  }

  package var description: String {
    (hour < 10 ? "0" : "") + "\(hour):" + (minute < 10 ? "0" : "") + "\(minute)"
  }
}

/// A string that is no ``ClockTime``.
package struct ClockTimeError: Error, Equatable, CustomStringConvertible {
  package let string: String

  package var description: String {
    "\"\(string.prefix(20))\" is no time; it is written HH:MM, 00:00 to 23:59"
  }
}

/// When an area is armed or disarmed by itself.
package struct Schedule: Sendable, Equatable {
  package var area: Identifier
  package var days: Set<Weekday>
  package var time: ClockTime
  package var command: AlarmEngine.Command

  package init(area: Identifier, days: Set<Weekday>, time: ClockTime, command: AlarmEngine.Command) {
    self.area = area
    self.days = days
    self.time = time
    self.command = command
  }
}

/// Up to which moment an area's schedules have been obeyed. Going on from there, nothing is skipped while the
/// notifier is away, and nothing is done twice when the clock is put back.
package struct ScheduleLedger: Sendable, Equatable, Codable {
  /// A ledger that is ahead of the clock by more was kept while the clock was wrong.
  private static let plausibleLead: Duration = .seconds(86_400)
  /// What was due longer ago is not made up for.
  private static let longestDelay: Duration = .seconds(7 * 86_400)

  private var obeyed: Timestamp

  /// One that begins now.
  package init(now: Timestamp) {
    obeyed = now
  }

  /// After when, and up to now, schedules are due.
  package func due(now: Timestamp) -> Timestamp {
    if obeyed.elapsed(since: now) > Self.plausibleLead { return now }
    return max(obeyed, now.advanced(by: .zero - Self.longestDelay))
  }

  package mutating func note(now: Timestamp) {
    obeyed = due(now: now) > now ? obeyed : now
  }
}
