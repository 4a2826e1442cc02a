import DoorCore
import Testing

@Suite("Time")
struct TimeTests {
  @Test("elapses forwards and backwards on the wall clock")
  func wall() {
    let noon = Timestamp(milliseconds: 43_200_000)
    let later = noon.advanced(by: .milliseconds(1_500))
    #expect(later.milliseconds == 43_201_500)
    #expect(later.elapsed(since: noon) == .milliseconds(1_500))
    #expect(noon.elapsed(since: later) == .milliseconds(-1_500))
    #expect(noon < later)
    #expect(noon.advanced(by: .seconds(-43_201)).milliseconds == -1_000)
  }

  @Test("elapses on the monotonic clock in nanoseconds")
  func monotonic() {
    let edge = MonotonicTime(nanoseconds: 734_112_000_001)
    let deadline = edge.advanced(by: .milliseconds(30))
    #expect(deadline.nanoseconds == 734_142_000_001)
    #expect(deadline.elapsed(since: edge) == .milliseconds(30))
    #expect(edge.elapsed(since: deadline) == .milliseconds(-30))
    #expect(edge < deadline)
  }

  @Test(
    "is cut to whole units towards zero",
    arguments: [
      (Duration.zero, 0, 0),
      (.nanoseconds(999_999), 0, 999_999),
      (.nanoseconds(1_000_000), 1, 1_000_000),
      (.nanoseconds(-999_999), 0, -999_999),
      (.milliseconds(-1_500), -1_500, -1_500_000_000),
      (.seconds(86_400), 86_400_000, 86_400_000_000_000),
      (Duration(secondsComponent: 0, attosecondsComponent: 999_999_999), 0, 0),
    ] as [(Duration, Int64, Int64)]
  )
  func wholeUnits(_ duration: Duration, _ milliseconds: Int64, _ nanoseconds: Int64) {
    #expect(duration.wholeMilliseconds == milliseconds)
    #expect(duration.wholeNanoseconds == nanoseconds)
  }
}
