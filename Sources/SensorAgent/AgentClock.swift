import Appliance
import CLinux
import DoorCore
import GPIO
import Glibc

/// The clocks of the agent's machine: what turns a kernel timestamp into a time for people.
struct AgentClock: Sendable {
  /// The run of the machine: the first eight digits of the kernel's boot id.
  let boot: String

  init() {
    boot = String(MachineRun.identifier.prefix(8))
  }

  var now: Timestamp { Self.timestamp(nanoseconds: Self.wallNanoseconds()) }

  /// The wall clock time of a monotonic one, by the wall clock as it stands now: off by half of ``precision`` at
  /// most, unless the machine is too busy to read two clocks in a row. How true the wall clock is, ``quality`` says.
  func utc(of time: MonotonicTime) -> Timestamp {
    let pair = Self.pair()
    return Self.timestamp(
      nanoseconds: pair.wallNanoseconds - pair.monotonic.elapsed(since: time).wholeNanoseconds)
  }

  /// Rounded down also before 1970, where a clock that has not been set yet can be.
  private static func timestamp(nanoseconds: Int64) -> Timestamp {
    Timestamp(milliseconds: nanoseconds >= 0 ? nanoseconds / 1_000_000 : (nanoseconds - 999_999) / 1_000_000)
  }

  /// Both clocks at one moment: whoever is interrupted between them reads them again, a few times.
  private static func pair() -> (wallNanoseconds: Int64, monotonic: MonotonicTime) {
    var best = reading()
    for _ in 0..<4 where best.width > precision {
      let next = reading()
      if next.width < best.width { best = next }
    }
    return (best.wallNanoseconds, best.monotonic)
  }

  /// The wall clock between two readings of the monotonic one, which are `width` apart, and the middle of these.
  private static func reading() -> (wallNanoseconds: Int64, monotonic: MonotonicTime, width: Duration) {
    let before = MonotonicTime.now
    let wallNanoseconds = wallNanoseconds()
    let width = MonotonicTime.now.elapsed(since: before)
    return (wallNanoseconds, before.advanced(by: width / 2), width)
  }

  private static func wallNanoseconds() -> Int64 {
    var wall = timespec()
    clock_gettime(CLOCK_REALTIME, &wall)
    return Int64(wall.tv_sec) * 1_000_000_000 + Int64(wall.tv_nsec)
  }

  /// How far apart two readings of a clock may be to count as one.
  private static let precision: Duration = .microseconds(100)

  /// What the kernel says of the wall clock's synchronisation.
  var quality: ClockQuality {
    var state = timex()
    let result = adjtimex(&state)
    return result == TIME_ERROR || result < 0 ? .unsynced : .synced
  }
}
