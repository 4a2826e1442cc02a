import CLinux
import DoorCore
import GPIO
import Glibc

/// The clocks of the agent's machine: what turns a kernel timestamp into a time for people.
struct AgentClock: Sendable {
  /// The run of the machine: the first eight digits of the kernel's boot id.
  let boot: String

  init() {
    var bytes = [UInt8](repeating: 0, count: 8)
    let file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
    let count = file >= 0 ? read(file, &bytes, bytes.count) : -1
    if file >= 0 { close(file) }
    boot = count == 8 ? String(decoding: bytes, as: UTF8.self) : "unknown"
  }

  var now: Timestamp { utc(of: .now) }

  /// The wall clock time of a monotonic one, by the wall clock as it stands now.
  func utc(of time: MonotonicTime) -> Timestamp {
    var wall = timespec()
    clock_gettime(CLOCK_REALTIME, &wall)
    let nanoseconds =
      Int64(wall.tv_sec) * 1_000_000_000 + Int64(wall.tv_nsec)
      - MonotonicTime.now.elapsed(since: time).wholeNanoseconds
    return Timestamp(milliseconds: nanoseconds / 1_000_000)
  }

  /// What the kernel says of the wall clock's synchronisation.
  var quality: ClockQuality {
    var state = timex()
    let result = adjtimex(&state)
    return result == TIME_ERROR || result < 0 ? .unsynced : .synced
  }
}
