import DoorCore
import GPIO
import Glibc
import Testing

@testable import SensorAgent

@Suite("The clocks of the agent's machine")
struct AgentClockTests {
  private func wallMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
  }

  @Test("turn a monotonic time into the time of the wall clock then")
  func now() {
    let clock = AgentClock()
    let before = wallMilliseconds()
    let moment = MonotonicTime.now
    let after = wallMilliseconds()
    // The wall clock may be slewed meanwhile, by far less than a millisecond.
    #expect((before - 1...after + 1).contains(clock.utc(of: moment).milliseconds))
  }

  @Test("keep the distance of two moments, also of one long ago")
  func distance() {
    let clock = AgentClock()
    let now = MonotonicTime.now
    let past = now.advanced(by: .seconds(-3_600))
    let distance = clock.utc(of: now).elapsed(since: clock.utc(of: past))
    #expect((Duration.milliseconds(3_599_999)...Duration.milliseconds(3_600_001)).contains(distance))
  }

  @Test("name the run of the machine by eight digits of the kernel's")
  func boot() {
    #expect(AgentClock().boot.wholeMatch(of: /[0-9a-f]{8}/) != nil)
  }
}
