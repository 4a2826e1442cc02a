/// A moment on the clocks of one machine: what a person calls it, and what no one can set.
package struct Moment: Sendable, Hashable {
  /// The wall clock: it can be wrong, and jump.
  package var wall: Timestamp
  /// Time since the machine's start, sleep included (`CLOCK_BOOTTIME`).
  package var uptime: MonotonicTime
  /// The run of the machine to which `uptime` belongs: the kernel's boot id.
  package var boot: String

  package init(wall: Timestamp, uptime: MonotonicTime, boot: String) {
    self.wall = wall
    self.uptime = uptime
    self.boot = boot
  }
}

/// A delay that has begun, and goes on over restarts of the program and of the machine.
///
/// While the machine runs, its uptime counts and the wall clock has no say: setting it neither cuts nor stretches the
/// delay. Another run of the machine has another uptime: there the wall clock tells what is left, never more than
/// the whole delay. ``rebased(at:)`` says so once for that run.
package struct Countdown: Sendable, Hashable, Codable {
  private var boot: String
  private var uptimeEnd: MonotonicTime
  /// When it is over by the wall clock as it stood at the beginning: for people.
  package private(set) var end: Timestamp
  private var length: Int64

  enum CodingKeys: String, CodingKey {
    case boot, end
    case uptimeEnd = "uptime_end"
    case length = "length_ms"
  }

  package init(_ length: Duration, from now: Moment) {
    boot = now.boot
    uptimeEnd = now.uptime.advanced(by: length)
    end = now.wall.advanced(by: length)
    self.length = length.wholeMilliseconds
  }

  /// What is left of it: from its whole length down to zero.
  package func remaining(at now: Moment) -> Duration {
    max(.zero, left(at: now))
  }

  /// For how long it has been over; zero while it runs.
  package func overdue(at now: Moment) -> Duration {
    max(.zero, .zero - left(at: now))
  }

  package func isOver(at now: Moment) -> Bool { left(at: now) <= .zero }

  private func left(at now: Moment) -> Duration {
    guard now.boot == boot else { return min(end.elapsed(since: now.wall), .milliseconds(length)) }
    return uptimeEnd.elapsed(since: now.uptime)
  }

  /// The same, counted by the clocks of the machine's present run.
  package func rebased(at now: Moment) -> Countdown {
    now.boot == boot ? self : Countdown(left(at: now), from: now)
  }

  /// The shorter of the two.
  package func orSooner(_ other: Countdown, at now: Moment) -> Countdown {
    other.left(at: now) < left(at: now) ? other : self
  }
}
