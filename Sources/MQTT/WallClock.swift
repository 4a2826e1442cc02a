import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

enum WallClock {
  /// What the wall clock, in milliseconds since 1970, is ahead of the clock of deadlines.
  static func offset(at now: NIODeadline) -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let milliseconds = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    return milliseconds - Int64(now.uptimeNanoseconds / 1_000_000)
  }
}
