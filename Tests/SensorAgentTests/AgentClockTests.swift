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
    let before = wallMilliseconds()
    let moment = MonotonicTime.now
    let after = wallMilliseconds()
    // The wall clock may be slewed meanwhile, by far less than a millisecond.
    #expect((before - 1...after + 1).contains(AgentClock.Reading().utc(of: moment).milliseconds))
  }

  @Test("keep the distance of two moments, also of one long ago")
  func distance() {
    let now = MonotonicTime.now
    let past = now.advanced(by: .seconds(-3_600))
    let clocks = AgentClock.Reading()
    let distance = clocks.utc(of: now).elapsed(since: clocks.utc(of: past))
    #expect((Duration.milliseconds(3_599_999)...Duration.milliseconds(3_600_001)).contains(distance))
  }

  @Test(
    "count whole milliseconds, rounded down also before 1970", arguments: [(7_999_999, 7), (0, 0), (-1, -1)])
  func rounding(_ wall: Int64, _ milliseconds: Int64) {
    let moment = MonotonicTime(nanoseconds: 5)
    let clocks = AgentClock.Reading(wall: wall, monotonic: moment, quality: .synced)
    #expect(clocks.utc(of: moment).milliseconds == milliseconds)
  }

  @Test(
    "were read near a time that is less than a second away, before or after", arguments: [-1, 1] as [Int64])
  func nearness(_ sign: Int64) {
    let moment = MonotonicTime(nanoseconds: 60_000_000_000)
    let clocks = AgentClock.Reading(wall: 0, monotonic: moment, quality: .synced)
    #expect(clocks.isNear(moment))
    #expect(clocks.isNear(moment.advanced(by: .nanoseconds(sign * 999_999_999))))
    #expect(!clocks.isNear(moment.advanced(by: .nanoseconds(sign * 1_000_000_000))))
  }

  @Test("name the run of the machine by eight digits of the kernel's")
  func boot() {
    #expect(AgentClock().boot.wholeMatch(of: /[0-9a-f]{8}/) != nil)
  }
}
