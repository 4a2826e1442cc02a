import DoorCore
import Foundation
import Testing

@Suite("A countdown")
struct MomentTests {
  private let countdown = Countdown(.seconds(30), from: .second(0))

  /// The machine's uptime and what its wall clock says.
  private func moment(uptime: Int64, wall: Int64, boot: String = "run-1") -> Moment {
    Moment(wall: seconds(wall), uptime: Moment.second(uptime).uptime, boot: boot)
  }

  @Test("is over when its time is")
  func over() {
    #expect(countdown.remaining(at: .second(0)) == .seconds(30))
    #expect(countdown.remaining(at: .second(29)) == .seconds(1))
    #expect(!countdown.isOver(at: .second(29)))
    #expect(countdown.isOver(at: .second(30)))
    #expect(countdown.remaining(at: .second(31)) == .zero)
    #expect(countdown.overdue(at: .second(29)) == .zero)
    #expect(countdown.overdue(at: .second(35)) == .seconds(5))
    #expect(countdown.end == seconds(30))
  }

  @Test(
    "goes on whatever the wall clock is set to", arguments: [-1_000_000, -1, 0, 31, 1_000_000] as [Int64])
  func wallClock(_ wall: Int64) {
    #expect(countdown.remaining(at: moment(uptime: 20, wall: wall)) == .seconds(10))
    #expect(countdown.isOver(at: moment(uptime: 30, wall: wall)))
  }

  @Test(
    "goes on in another run of the machine by the wall clock, and takes never longer than it had",
    arguments: [(10, 20), (30, 0), (100, 0), (-500, 30)] as [(Int64, Int64)])
  func otherRun(_ wall: Int64, _ left: Int64) {
    let now = moment(uptime: 3, wall: wall, boot: "run-2")
    #expect(countdown.remaining(at: now) == .seconds(left))
  }

  @Test("counts by the new run's clock from then on")
  func rebased() {
    let rebased = countdown.rebased(at: moment(uptime: 3, wall: 10, boot: "run-2"))
    #expect(rebased.remaining(at: moment(uptime: 3, wall: 999, boot: "run-2")) == .seconds(20))
    #expect(rebased.isOver(at: moment(uptime: 23, wall: -999, boot: "run-2")))
    #expect(countdown.rebased(at: .second(10)) == countdown, "in its own run it stays as it is")
    // The machine of a clock that was put back has to be started again and again, and does not count anew.
    let third = rebased.rebased(at: moment(uptime: 1, wall: -999, boot: "run-3"))
    #expect(third.remaining(at: moment(uptime: 1, wall: 0, boot: "run-3")) == .seconds(20))
  }

  @Test("is the same when it has been written down and read")
  func written() throws {
    let text = try JSONEncoder().encode(countdown)
    #expect(try JSONDecoder().decode(Countdown.self, from: text) == countdown)
  }

  @Test("gives way to one that is over sooner")
  func sooner() {
    let short = Countdown(.seconds(10), from: .second(5))
    #expect(countdown.orSooner(short, at: .second(5)) == short)
    #expect(short.orSooner(countdown, at: .second(5)) == short)
  }
}
