import Glibc

/// A time as a clock on the wall here has it, with milliseconds: `01:22:03.417`.
package struct TimeOfDay: CustomStringConvertible {
  package let description: String

  /// - Parameter milliseconds: since 1970-01-01T00:00:00Z, not negative.
  package init(milliseconds: Int64) {
    var seconds = time_t(milliseconds / 1_000)
    var parts = tm()
    localtime_r(&seconds, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let fraction = "\(milliseconds % 1_000)"
    let padding = String(repeating: "0", count: max(0, 3 - fraction.count))
    description = "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(padding)\(fraction)"
  }

  package static var now: TimeOfDay {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return TimeOfDay(milliseconds: Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000)
  }
}
