import Appliance
import DoorCore
import Glibc

extension MonotonicTime {
  /// A clock that nobody sets, and that stands still while the machine sleeps: for how long others were silent.
  static var now: MonotonicTime { reading(CLOCK_MONOTONIC) }

  fileprivate static func reading(_ clock: clockid_t) -> MonotonicTime {
    var time = timespec()
    clock_gettime(clock, &time)
    return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}

extension Timestamp {
  /// The wall clock of the notifier's machine.
  static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
  }
}

extension Moment {
  static var now: Moment {
    Moment(wall: .now, uptime: .reading(CLOCK_BOOTTIME), boot: MachineRun.identifier)
  }
}
