import DoorCore
import Testing

@Suite("The alarm engine and the doors")
struct AlarmEngineDoorsTests {
  // MARK: What a door leads to

  @Test(
    "responds to each door as it is set, in each state of the area",
    arguments: [
      // Area, door, what becomes of it, alerts told, alerts held, chimes.
      (nil, "front", .disarmed, 0, 0, 0),
      (nil, "gate", .disarmed, 0, 0, 1),
      (nil, "safe", .triggered, 1, 0, 0),
      (.armedAway, "front", .pending, 0, 1, 0),
      (.armedAway, "hall", .triggered, 1, 0, 0),
      (.armedAway, "back", .triggered, 1, 0, 0),
      (.armedAway, "gate", .armedAway, 0, 0, 1),
      (.armedAway, "safe", .triggered, 1, 0, 0),
      (.armedNight, "hall", .armedNight, 0, 0, 0),
    ] as [(ArmMode?, String, AreaState, Int, Int, Int)])
  func responses(
    _ mode: ArmMode?, _ door: String, _ state: AreaState, _ told: Int, _ held: Int, _ chimes: Int
  ) throws {
    var house = try EngineHouse(mode: mode)
    house.open(try DoorAddress("hall/\(door)"))
    #expect(house.state == state)
    #expect(house.told.count == told)
    #expect(house.held.count == held)
    #expect(house.chimes.count == chimes)
  }

  @Test("lets a door behind the way in wait with it, and tells of both")
  func follow() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.open(house.front)
    house.open(house.hall)
    #expect(house.state == .pending)
    house.pass(60)
    #expect(house.toldDoors == [house.front, house.hall])
  }

  @Test("does not wait for the entry delay when another door is opened at the back")
  func instantWhilePending() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.open(house.front)
    house.open(house.back)
    #expect(house.state == .triggered)
    #expect(house.toldDoors == [house.front, house.back], "the first one too")
  }

  @Test("writes down every door that is opened while it is triggered")
  func further() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.open(house.back)
    house.open(house.hall)
    house.open(house.front)
    #expect(house.toldDoors == [house.back, house.hall, house.front])
  }

  @Test("sends what comes in the abort window with it, and at once what nobody comes home by")
  func inAbortWindow() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.open(house.front)
    house.pass(35)
    house.close(house.front)
    house.open(house.back)
    #expect(house.toldDoors == [house.front, house.back])
  }

  @Test("raises three alarms of one door in an armed period, says so, and only writes down the rest")
  func swinger() throws {
    var house = try EngineHouse(mode: .armedAway)
    for _ in 0..<10 {
      house.open(house.back)
      house.close(house.back)
      house.pass(200)
    }
    #expect(house.kinds == [.opened, .opened, .opened, .shutOut])
    #expect(house.state == .armedAway)
    house.open(house.hall)
    #expect(house.state == .triggered, "other doors have their own")
  }

  @Test("holds the way in to the same limit")
  func swingingFront() throws {
    var house = try EngineHouse(mode: .armedAway)
    for _ in 0..<10 {
      house.open(house.front)
      house.close(house.front)
    }
    #expect(house.held.count == 3)
    house.pass(100)
    #expect(house.kinds.count { $0 == .opened } == 3)
  }

  // MARK: When it was and when it is heard of

  private static let disarmedAfter10 = AlarmEngine.Past(
    state: .armedAway, mode: .armedAway, disarmed: seconds(10))

  @Test(
    "judges an opening at the back by how the area was then and how it is now",
    arguments: [
      (Intake.Manner.live, .disarmed, nil, nil, false),
      (.live, .armedAway, .armedAway, .opened, true),
      // One alarm too many beats one too few: it opened on either side of the arming.
      (.live, .disarmed, .armedAway, .opened, true),
      (.live, disarmedAfter10, nil, .opened, false),
      (.restarted, .disarmed, nil, nil, false),
      (.restarted, .disarmed, .armedAway, .opened, true),
      (.late, disarmedAfter10, nil, .opened, false),
      (.late, .armedAway, .armedAway, .opened, true),
      (.late, .disarmed, nil, nil, false),
      (.late, .disarmed, .armedAway, .standingOpen, false),
      (.replayed, disarmedAfter10, nil, .opened, false),
      (.replayed, .disarmed, nil, nil, false),
      (.baseline, .disarmed, .armedAway, .standingOpen, false),
      (.baseline, .disarmed, nil, nil, false),
    ] as [(Intake.Manner, AlarmEngine.Past, ArmMode?, Alert.Kind?, Bool)])
  func judges(
    _ manner: Intake.Manner, _ past: AlarmEngine.Past, _ mode: ArmMode?, _ kind: Alert.Kind?, _ triggers: Bool
  ) throws {
    var house = try EngineHouse(mode: mode)
    house.pass(90)
    house.find(house.back, .open, manner, since: seconds(0), past: past)
    #expect(house.told.first?.kind == kind)
    #expect(house.told.count == (kind == nil ? 0 : 1))
    #expect(house.told.first?.severity == kind.map { $0 == .opened ? .alarm : .trouble })
    #expect(house.told.first?.isLate == kind.map { _ in manner == .late || manner == .replayed })
    #expect((house.state == .triggered) == triggers, "what is over triggers nothing")
  }

  @Test(
    "takes it for coming home when the area was disarmed within the entry delay, however late that is heard",
    arguments: [(10, 0), (30, 0), (31, 1), (600, 1)] as [(Int64, Int)])
  func cameHome(_ disarmed: Int64, _ alarms: Int) throws {
    var house = try EngineHouse()
    house.pass(1_000)
    house.find(
      house.front, .open, .late, since: seconds(0),
      past: AlarmEngine.Past(state: .armedAway, mode: .armedAway, disarmed: seconds(disarmed)))
    #expect(house.told.count == alarms)
    #expect(house.state == .disarmed)
  }

  @Test(
    "does not take the opening of a door that was bypassed then for an alarm, however late it is heard of")
  func bypassedThen() throws {
    var house = try EngineHouse()
    house.pass(1_000)
    var past = Self.disarmedAfter10
    past.bypassed = [house.back]
    house.find(house.back, .open, .late, since: seconds(0), past: past)
    #expect(house.told.isEmpty)
  }

  @Test("does not let an opening of an earlier armed period trigger this one")
  func earlierPeriod() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.pass(90)
    house.find(
      house.back, .open, .replayed, since: seconds(0), past: Self.disarmedAfter10, isCurrent: false)
    #expect(house.kinds == [.opened])
    #expect(house.state == .armedAway)
  }

  @Test("counts the entry delay from the opening, also where that is heard of a little later")
  func entryFromOpening() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.pass(100)
    house.find(house.front, .open, since: seconds(80))
    #expect(house.state == .pending)
    #expect(house.engine.wait(at: house.now) == .seconds(10))
    var late = try EngineHouse(mode: .armedAway)
    late.pass(100)
    late.find(late.front, .open, .late, since: seconds(20))
    #expect(late.state == .triggered)
    #expect(late.kinds == [.opened], "no abort window for what is long past")
    var ahead = try EngineHouse(mode: .armedAway)
    ahead.find(ahead.front, .open, since: seconds(500))
    #expect(
      ahead.engine.wait(at: ahead.now) == .seconds(30), "an agent's clock that is ahead gives no more time")
  }

  @Test("gives an entry that is heard of after its delay what is left of the abort window")
  func heardAfterDelay() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.pass(100)
    house.find(house.front, .open, since: seconds(65))
    #expect(house.state == .triggered)
    #expect(house.told.isEmpty)
    house.pass(24)
    #expect(house.told.isEmpty)
    house.pass(1)
    #expect(house.kinds == [.opened])
  }

  @Test("takes the first that is known of a door for found open, whatever the area was")
  func baseline() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.find(house.back, .open, .baseline)
    #expect(house.kinds == [.standingOpen])
    #expect(house.state == .armedAway)
  }

  @Test("takes the last door that people left by for that, where it is heard of a moment late")
  func leftAMomentAgo() throws {
    var house = try EngineHouse()
    house.arm()
    house.pass(61)
    house.find(
      house.front, .open, since: seconds(59), past: .init(state: .arming, mode: .armedAway, disarmed: nil))
    #expect(house.state == .pending)
    house.close(house.front)
    #expect(house.state == .armedAway)
    house.pass(100)
    #expect(house.told.isEmpty)
  }

  @Test("tells of the strong room also where it is heard of late")
  func alwaysLate() throws {
    var house = try EngineHouse()
    house.pass(500)
    house.find(house.safe, .open, .replayed, since: seconds(0), past: .disarmed, isCurrent: false)
    #expect(house.kinds == [.opened])
  }

  // MARK: Alerts

  @Test("says what was opened, where and when, and knows the cause again")
  func alert() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.pass(7)
    house.open(house.back)
    #expect(
      house.told == [
        Alert(
          id: "hall/back/5e1f0c77/1/1700000007000",
          foretoldAs: "hall/back/5e1f0c77/1/foretold",
          happened: seconds(7),
          severity: .alarm,
          kind: .opened,
          area: try Identifier("house"),
          subject: .door(house.back),
          condition: .open(house.back),
          state: .open,
          at: seconds(7)
        )
      ])
  }

  @Test(
    "gives another opening another id, also where a journal that was put back counts it with an old number")
  func otherCause() throws {
    var house = try EngineHouse(mode: .armedAway) { policy in
      for door in policy.doors.keys { policy.doors[door]?.tripLimit = 10 }
    }
    for transition in [
      Transition.at(3, .open, since: seconds(1)), .at(4, .open, since: seconds(1)),
      .at(3, .open, since: seconds(1), journal: "0badcafe"), .at(3, .open, since: seconds(2)),
    ] {
      let finding = AlarmEngine.Finding(
        door: house.back, transition: transition, manner: .live, past: .armedAway, isCurrent: true)
      house.perform(house.engine.handle(finding, at: .second(9)))
    }
    #expect(Set(house.told.map(\.id)).count == 4)
  }

  @Test("tells the time of arrival where the agent's clock cannot be trusted, and that a door is simulated")
  func unsynced() throws {
    var house = try EngineHouse(mode: .armedAway)
    let transition = Transition.at(3, .open, since: seconds(-9_999), clock: .unsynced, simulated: true)
    let finding = AlarmEngine.Finding(
      door: house.back, transition: transition, manner: .live, past: .armedAway, isCurrent: true)
    house.perform(house.engine.handle(finding, at: .second(8)))
    #expect(house.told.first?.at == seconds(8))
    #expect(house.told.first?.simulated == true)
  }

  @Test(
    "says nothing of a door that closes, but that what it was open for is over",
    arguments: Intake.Manner.allCases)
  func closed(_ manner: Intake.Manner) throws {
    var house = try EngineHouse(mode: .armedAway)
    house.find(house.back, .closed, manner)
    #expect(house.told.isEmpty)
    #expect(house.state == .armedAway)
    #expect(house.resolved == [.open(house.back), .fault(house.back)])
    house.find(house.back, .closed, .replayed, isCurrent: false)
    #expect(house.resolved.count == 2, "the past ends nothing")
  }
}
