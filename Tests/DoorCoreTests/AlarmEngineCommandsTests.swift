import DoorCore
import Testing

@Suite("The alarm engine, commanded")
struct AlarmEngineCommandsTests {
  // MARK: Arming

  @Test(
    "is arming while people leave, and then armed, in every mode in which they do",
    arguments: ArmMode.allCases)
  func arms(_ mode: ArmMode) throws {
    var house = try EngineHouse()
    house.arm(mode)
    #expect(house.outcome == .changed)
    #expect(house.engine.mode == mode)
    #expect(house.engine.memory.changedBy == "Ada")
    if mode == .armedHome || mode == .armedNight {
      #expect(house.state == mode.state, "nobody leaves")
    } else {
      #expect(house.state == .arming)
      house.pass(59)
      #expect(house.state == .arming)
      house.pass(1)
      #expect(house.state == mode.state)
    }
    #expect(house.told.isEmpty)
    house.disarm()
    #expect(house.outcome == .changed)
    #expect(house.state == .disarmed)
  }

  @Test("arms at once where the exit delay is skipped or zero")
  func atOnce() throws {
    var house = try EngineHouse()
    house.arm(skipsExitDelay: true)
    #expect(house.state == .armedAway)
    var short = try EngineHouse { $0.exitDelay = .zero }
    short.arm()
    #expect(short.state == .armedAway)
  }

  @Test(
    "refuses to arm while a guarded door is not known to be closed, lists those, and changes nothing",
    arguments: [DoorState.open, .fault, .unknown])
  func refuses(_ state: DoorState) throws {
    var house = try EngineHouse()
    house.doors[house.back] = state
    house.doors[house.gate] = .open
    let before = house.engine
    house.arm()
    #expect(house.outcome == .notClosed([house.back: state]), "the gate only chimes")
    #expect(house.engine == before)
  }

  @Test("arms with an open door that nobody guards in that mode")
  func ignoredDoor() throws {
    var house = try EngineHouse()
    house.doors[house.hall] = .open
    house.arm(.armedNight)
    #expect(house.outcome == .changed)
    #expect(house.state == .armedNight)
  }

  @Test("bypasses what is open when it is forced, until that has closed")
  func forced() throws {
    var house = try EngineHouse()
    house.doors[house.back] = .open
    house.arm(force: true, skipsExitDelay: true)
    #expect(house.outcome == .changed)
    #expect(house.engine.memory.bypassed == [house.back: .untilClosed])
    house.close(house.back)
    #expect(house.engine.memory.bypassed.isEmpty)
    house.open(house.back)
    #expect(house.state == .triggered)
  }

  @Test("bypasses it until it is disarmed where that is set")
  func forcedUntilDisarmed() throws {
    var house = try EngineHouse { $0.bypassesUntilDisarmed = true }
    house.doors[house.back] = .open
    house.arm(force: true, skipsExitDelay: true)
    house.close(house.back)
    house.open(house.back)
    #expect(house.state == .armedAway)
    house.disarm()
    #expect(house.engine.memory.bypassed.isEmpty)
  }

  @Test("bypasses the doors that are named, and knows its own")
  func bypassing() throws {
    var house = try EngineHouse()
    let stranger = try DoorAddress("garage/door")
    house.arm(bypassing: [stranger, house.back])
    #expect(house.outcome == .unknownDoors([stranger]))
    house.doors[house.back] = .open
    house.arm(.armedCustomBypass, skipsExitDelay: true, bypassing: [house.back])
    #expect(house.outcome == .changed)
    house.close(house.back)
    house.open(house.back)
    #expect(house.state == .armedCustomBypass)
    #expect(house.told.isEmpty)
  }

  @Test("changes from one mode to another, and says when there is nothing to change")
  func modes() throws {
    var house = try EngineHouse(mode: .armedHome)
    house.arm(.armedHome)
    #expect(house.outcome == .unchanged)
    house.arm(.armedAway)
    #expect(house.outcome == .changed)
    #expect(house.state == .arming)
    house.arm(.armedAway)
    #expect(house.outcome == .unchanged)
    house.pass(60)
    #expect(house.state == .armedAway)
    house.disarm()
    house.disarm()
    #expect(house.outcome == .unchanged)
  }

  @Test("is not armed while an alarm is under way")
  func underWay() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.open(house.front)
    #expect(house.state == .pending)
    house.arm(.armedHome)
    #expect(house.outcome == .alarmUnderWay)
    house.pass(30)
    #expect(house.state == .triggered)
    house.arm(.armedHome)
    #expect(house.outcome == .alarmUnderWay)
  }

  // MARK: Disarming

  @Test("acknowledges and tells the end of an alarm that was told, and by whom")
  func endOfAlarm() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.open(house.back)
    house.pass(400)
    house.disarm()
    #expect(house.kinds == [.opened, .leftOpen, .alarmEnded])
    #expect(house.told.last?.detail == "Ada")
    #expect(house.acknowledgements == ["Ada"])
  }

  @Test("tells nobody of an alarm that was ended in the abort window")
  func aborted() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.open(house.front)
    house.pass(30 + 29)
    #expect(house.state == .triggered)
    house.disarm()
    house.pass(1_000)
    #expect(house.told.isEmpty)
    #expect(house.held.isEmpty)
  }

  @Test("ends the limit of alarms a door has with the armed period")
  func tripsEnd() throws {
    var house = try EngineHouse(mode: .armedAway)
    for _ in 0..<5 {
      house.open(house.back)
      house.close(house.back)
    }
    #expect(house.kinds.count { $0 == .opened } == 3)
    house.disarm()
    house.arm(skipsExitDelay: true)
    house.open(house.back)
    #expect(house.kinds.count { $0 == .opened } == 4)
  }

  // MARK: Codes

  @Test("tells of codes that are tried, and of somebody who was forced")
  func codes() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.perform(house.engine.wrongCodes(5, at: house.now))
    #expect(house.told.map(\.severity) == [.alarm])
    house.perform(house.engine.duress(of: "Ada", at: house.now))
    #expect(house.kinds == [.wrongCodes, .duress])
    #expect(house.state == .armedAway, "neither shows")
    house.disarm()
    house.perform(house.engine.wrongCodes(6, at: house.now))
    #expect(house.told.last?.severity == .trouble)
  }
}
