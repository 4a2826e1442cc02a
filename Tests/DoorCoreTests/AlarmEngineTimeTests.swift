import DoorCore
import Testing

@Suite("The alarm engine, as time goes by")
struct AlarmEngineTimeTests {
  // MARK: Leaving

  @Test("lets people leave through any door, and come back once for what they forgot")
  func leaving() throws {
    var house = try EngineHouse()
    house.arm()
    house.pass(50)
    house.open(house.front)
    house.close(house.front)
    house.pass(5)
    // Again: the umbrella. The exit delay begins anew.
    house.open(house.front)
    house.pass(59)
    #expect(house.state == .arming)
    house.close(house.front)
    house.open(house.front)
    house.close(house.front)
    house.pass(1)
    #expect(house.state == .armedAway, "only once")
    #expect(house.told.isEmpty)
  }

  @Test("takes a door that is open at the end for one that was left so: there is an entry delay to close it")
  func leftOpen() throws {
    var house = try EngineHouse()
    house.arm()
    house.open(house.back)
    house.pass(60)
    #expect(house.state == .pending)
    house.pass(29)
    house.close(house.back)
    #expect(house.state == .armedAway)
    #expect(house.held.isEmpty)
    house.pass(500)
    #expect(house.told.isEmpty)
  }

  @Test("raises an alarm for a door that nobody closes, and bypasses it not")
  func staysOpen() throws {
    var house = try EngineHouse()
    house.arm()
    house.open(house.front)
    house.pass(60 + 30)
    #expect(house.state == .triggered)
    #expect(house.told.isEmpty, "the abort window runs")
    house.pass(30)
    #expect(house.kinds == [.leftOpen])
    #expect(house.told.first?.severity == .alarm)
  }

  @Test("does not take closing for the end of it when somebody has come in meanwhile")
  func leftOpenAndEntered() throws {
    var house = try EngineHouse()
    house.arm()
    house.open(house.back)
    house.pass(65)
    house.open(house.front)
    house.close(house.back)
    house.close(house.front)
    #expect(house.state == .pending)
    house.pass(60)
    #expect(house.kinds == [.leftOpen, .opened])
  }

  @Test("guards the strong room while people leave")
  func alwaysWhileLeaving() throws {
    var house = try EngineHouse()
    house.arm()
    house.open(house.safe)
    #expect(house.state == .triggered)
    #expect(house.kinds == [.opened])
  }

  // MARK: Coming home

  @Test("waits for the entry delay, sounds the siren, and tells people after the abort window")
  func entry() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.open(house.front)
    #expect(house.state == .pending)
    #expect(house.engine.countdown?.end == seconds(30))
    #expect(house.held.count == 1, "written down at once")
    house.pass(30)
    #expect(house.state == .triggered)
    #expect(house.told.isEmpty)
    house.pass(30)
    #expect(house.kinds == [.opened])
    #expect(house.toldDoors == [house.front])
    house.close(house.front)
    house.pass(149)
    #expect(house.state == .triggered)
    house.pass(1)
    #expect(house.state == .armedAway, "the siren ends, and the area is guarded as before")
    #expect(house.kinds == [.opened])
    house.open(house.back)
    #expect(house.state == .triggered)
  }

  @Test("tells again of a door that is open when the siren ends, and guards it when it has closed")
  func openAfterSiren() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.open(house.back)
    house.pass(180)
    #expect(house.state == .armedAway)
    #expect(house.kinds == [.opened, .leftOpen])
    #expect(house.engine.memory.bypassed.isEmpty)
    house.close(house.back)
    house.open(house.back)
    #expect(house.state == .triggered)
  }

  @Test("stays triggered until it is disarmed where there is no siren time")
  func endless() throws {
    var house = try EngineHouse(mode: .armedAway) { $0.sirenTime = .zero }
    house.open(house.back)
    house.pass(1_000_000)
    #expect(house.state == .triggered)
    #expect(house.engine.wait(at: house.now) == nil)
    house.disarm()
    #expect(house.state == .disarmed)
  }

  @Test("takes the entry delay and the abort window of the door where it has its own")
  func ownDelays() throws {
    var house = try EngineHouse(mode: .armedAway) { policy in
      for door in policy.doors.keys where policy.doors[door]?.response == .delayed {
        policy.doors[door]?.entryDelay = .seconds(90)
        policy.doors[door]?.abortWindow = .zero
      }
    }
    house.open(house.front)
    house.pass(89)
    #expect(house.state == .pending)
    house.pass(1)
    #expect(house.kinds == [.opened])
  }

  @Test(
    "takes the exit delay of the slowest way out, and the siren time of the door that has begun the alarm")
  func ownExitAndSiren() throws {
    var house = try EngineHouse { policy in
      for door in policy.doors.keys {
        switch policy.doors[door]?.response {
        case .delayed: policy.doors[door]?.exitDelay = .seconds(90)
        case .instant: policy.doors[door]?.sirenTime = .seconds(600)
        default: policy.doors[door]?.exitDelay = .seconds(500)
        }
      }
    }
    house.arm()
    house.pass(89)
    #expect(house.state == .arming)
    house.pass(1)
    #expect(house.state == .armedAway)
    house.open(house.back)
    house.close(house.back)
    house.pass(599)
    #expect(house.state == .triggered)
    house.pass(1)
    #expect(house.state == .armedAway)
    house.open(house.front)
    house.close(house.front)
    house.pass(30 + 180)
    #expect(house.state == .armedAway, "the area's own")
  }

  @Test("gives an instant alarm an abort window only where the door has one")
  func instantAbort() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.open(house.back)
    #expect(house.kinds == [.opened])
    var other = try EngineHouse(mode: .armedAway) { policy in
      for door in policy.doors.keys where policy.doors[door]?.response == .instant {
        policy.doors[door]?.abortWindow = .seconds(10)
      }
    }
    other.open(other.back)
    #expect(other.state == .triggered)
    #expect(other.told.isEmpty)
    other.pass(10)
    #expect(other.kinds == [.opened])
  }

  @Test("tells an alarm at the end of a siren that is shorter than the abort window")
  func shortSiren() throws {
    var house = try EngineHouse(mode: .armedAway) { $0.sirenTime = .seconds(20) }
    house.open(house.front)
    house.close(house.front)
    house.pass(30 + 20)
    #expect(house.state == .armedAway)
    #expect(house.kinds == [.opened])
    house.disarm()
    #expect(house.kinds == [.opened, .alarmEnded])
  }

  // MARK: Being away

  @Test("has been armed since the exit delay was over, also where nobody was there to see that")
  func armedMeanwhile() throws {
    var house = try EngineHouse()
    house.arm()
    house.beAway(600)
    #expect(house.state == .armedAway)
    #expect(house.engine.memory.since == seconds(60))
    var open = try EngineHouse()
    open.arm()
    open.open(open.front)
    open.beAway(600)
    #expect(open.state == .triggered, "and so has the entry delay been over for a door that was left open")
  }

  @Test(
    "goes on after any time away, at any moment, as if it had not been",
    arguments: 1...400 as ClosedRange<Int64>)
  func away(_ seconds: Int64) throws {
    var there = try EngineHouse()
    var away = try EngineHouse()
    there.arm()
    away.arm()
    there.open(there.front)
    away.open(away.front)
    there.pass(seconds)
    away.beAway(seconds)
    there.pass(1_000)
    away.pass(1_000)
    #expect(away.kinds == there.kinds)
    #expect(away.state == there.state)
    #expect(away.state == .armedAway)
  }

  @Test("goes on in the machine's next run", arguments: [1, 29, 30, 31, 59, 61, 100, 5_000] as [Int64])
  func restarted(_ seconds: Int64) throws {
    var house = try EngineHouse(mode: .armedAway)
    house.open(house.front)
    house.restart(after: seconds)
    #expect(house.state == (seconds < 30 ? .pending : .triggered))
    #expect(house.told.isEmpty == (seconds < 60), "the abort window has passed without anybody there")
    house.pass(60)
    #expect(house.kinds.first == .opened)
    #expect(house.kinds.count { $0 == .opened } == 1)
  }

  @Test(
    "neither skips nor repeats a delay when the clock is set",
    arguments: [-86_400, -3_600, -1, 1, 3_600, 86_400] as [Int64])
  func clockSteps(_ step: Int64) throws {
    var house = try EngineHouse(mode: .armedAway)
    house.open(house.front)
    house.now.wall = house.now.wall.advanced(by: .seconds(step))
    house.advance()
    #expect(house.state == .pending)
    #expect(house.engine.wait(at: house.now) == .seconds(30))
    house.now.uptime = house.now.uptime.advanced(by: .seconds(30))
    house.advance()
    #expect(house.state == .triggered)
    #expect(house.engine.wait(at: house.now) == .seconds(30), "the abort window")
  }
}
