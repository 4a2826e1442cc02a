import Appliance
import CLinux
import DoorCore
import GPIO
import Glibc

/// The clocks of the agent's machine.
struct AgentClock: Sendable {
  /// The run of the machine: the first eight digits of the kernel's boot id.
  let boot: String

  init() {
    boot = String(MachineRun.identifier.prefix(8))
  }

  var now: Timestamp { Timestamp(wallNanoseconds: wallNanoseconds()) }

  /// Both clocks as they stood at one moment, and how true the wall clock was: what turns a kernel timestamp into a
  /// time for people.
  struct Reading: Sendable {
    /// How far apart two readings of a clock may be to count as one.
    private static let precision: Duration = .microseconds(100)

    /// Nanoseconds.
    private let wall: Int64
    private let monotonic: MonotonicTime
    /// What the kernel says of the wall clock's synchronisation.
    let quality: ClockQuality

    init(wall: Int64, monotonic: MonotonicTime, quality: ClockQuality) {
      self.wall = wall
      self.monotonic = monotonic
      self.quality = quality
    }

    /// Whoever is interrupted between the clocks reads them again, a few times.
    init() {
      var best = Self.pair()
      for _ in 0..<4 where best.width > Self.precision {
        let next = Self.pair()
        if next.width < best.width { best = next }
      }
      var state = timex()
      let result = adjtimex(&state)
      self.init(
        wall: best.wall, monotonic: best.monotonic,
        quality: result == TIME_ERROR || result < 0 ? .unsynced : .synced)
    }

    /// The wall clock between two readings of the monotonic one, which are `width` apart, and the middle of these.
    private static func pair() -> (wall: Int64, monotonic: MonotonicTime, width: Duration) {
      let before = MonotonicTime.now
      let wall = wallNanoseconds()
      let width = MonotonicTime.now.elapsed(since: before)
      return (wall, before.advanced(by: width / 2), width)
    }

    /// The wall clock time of a monotonic one, unless somebody has set the wall clock in between: off by half of a
    /// tenth of a millisecond at most, where the machine was not too busy to read two clocks in a row.
    func utc(of time: MonotonicTime) -> Timestamp {
      Timestamp(wallNanoseconds: wall - monotonic.elapsed(since: time).wholeNanoseconds)
    }

    /// Whether it was made within a second before or after that time.
    func isNear(_ time: MonotonicTime) -> Bool {
      abs(monotonic.nanoseconds - time.nanoseconds) < 1_000_000_000
    }
  }
}

private func wallNanoseconds() -> Int64 {
  var wall = timespec()
  clock_gettime(CLOCK_REALTIME, &wall)
  return Int64(wall.tv_sec) * 1_000_000_000 + Int64(wall.tv_nsec)
}

extension Timestamp {
  /// Rounded down also before 1970, where a clock that has not been set yet can be.
  fileprivate init(wallNanoseconds nanoseconds: Int64) {
    self.init(milliseconds: nanoseconds >= 0 ? nanoseconds / 1_000_000 : (nanoseconds - 999_999) / 1_000_000)
  }
}
