import DoorCore
import Testing

@Suite("The alarm engine and what nobody watches")
struct AlarmEngineFaultsTests {
  /// Without the strong room, which is guarded always, and whose silence is an alarm always.
  private static func house(_ mode: ArmMode? = nil) throws -> EngineHouse {
    try EngineHouse(mode: mode) { policy in policy.doors = policy.doors.filter { !$0.value.isAlways } }
  }

  @Test(
    "tells of a door that cannot be watched: an alarm where it is guarded, trouble where not",
    arguments: [DoorState.fault, .unknown], [ArmMode.armedAway, nil])
  func fault(_ state: DoorState, _ mode: ArmMode?) throws {
    var house = try EngineHouse(mode: mode)
    house.set(house.front, state)
    #expect(house.kinds == [.doorFault])
    #expect(house.told.first?.severity == (mode == nil ? .trouble : .alarm))
    #expect(house.told.first?.state == state)
    #expect(house.told.first?.condition == .fault(house.front))
    #expect((house.state == .triggered) == (mode != nil))
    house.set(house.gate, state)
    #expect(house.told.last?.severity == .trouble, "the gate only chimes")
  }

  @Test("finds the fault over when the door is open or closed again")
  func faultOver() throws {
    var house = try EngineHouse()
    house.set(house.front, .fault)
    house.set(house.front, .open)
    #expect(house.resolved == [.fault(house.front)])
  }

  @Test("says nothing of a fault that is over")
  func pastFault() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.find(house.front, .fault, .replayed, isCurrent: false)
    #expect(house.told.isEmpty)
  }

  @Test(
    "takes an agent, a broker and a topic that say nothing for an alarm when armed",
    arguments: [ArmMode.armedAway, nil])
  func silence(_ mode: ArmMode?) throws {
    let agent = try Identifier("hall")
    let severity: Alert.Severity = mode == nil ? .trouble : .alarm
    for (kind, raise) in [
      (
        Alert.Kind.agentSilent,
        { (house: inout EngineHouse) in house.engine.agentSilent(agent, at: house.now) }
      ),
      (.brokerGone, { house in house.engine.brokerGone(why: "nothing listens", at: house.now) }),
      (.doorFault, { house in house.engine.unreadable(house.front, why: "empty", at: house.now) }),
    ] as [(Alert.Kind, (inout EngineHouse) -> [AlarmEngine.Effect])] {
      var house = try Self.house(mode)
      let effects = raise(&house)
      house.perform(effects)
      #expect(house.kinds == [kind])
      #expect(house.told.first?.severity == severity)
      #expect((house.state == .triggered) == (mode != nil))
    }
  }

  @Test("takes it for trouble while people leave, and finds the door not closed when they have left")
  func whileLeaving() throws {
    var house = try Self.house()
    house.arm()
    house.perform(house.engine.agentSilent(try Identifier("hall"), at: house.now))
    #expect(house.told.map(\.severity) == [.trouble])
    house.doors = house.doors.mapValues { _ in .unknown }
    house.pass(60)
    #expect(house.state == .pending)
  }

  @Test("takes it for an alarm also while disarmed where a door is guarded always")
  func strongRoom() throws {
    var house = try EngineHouse()
    house.perform(house.engine.agentSilent(try Identifier("hall"), at: house.now))
    #expect(house.told.map(\.severity) == [.alarm])
    #expect(house.state == .triggered)
    house.pass(180)
    #expect(house.state == .disarmed)
  }

  @Test("does not wait for the entry delay when the agent falls silent in it")
  func silentWhilePending() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.open(house.front)
    house.perform(house.engine.agentSilent(try Identifier("hall"), at: house.now))
    #expect(house.state == .triggered)
    #expect(house.kinds == [.opened, .agentSilent])
  }

  @Test("takes nobody's silence for an alarm who has no guarded door")
  func otherAgent() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.perform(house.engine.agentSilent(try Identifier("garage"), at: house.now))
    #expect(house.told.map(\.severity) == [.trouble])
    #expect(house.state == .armedAway)
  }

  @Test(
    "makes one alert of a door that moves outside its journal and the transition that is written after all")
  func foretold() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.perform(
      house.engine.movedOutsideJournal(house.back, to: .open, journal: "5e1f0c77", sequence: 1, at: house.now)
    )
    house.open(house.back)
    #expect(house.kinds == [.opened, .opened])
    #expect(house.told.first?.id == house.told.last?.foretoldAs)
    house.perform(
      house.engine.movedOutsideJournal(
        house.back, to: .closed, journal: "5e1f0c77", sequence: 2, at: house.now))
    #expect(house.told.last?.severity == .trouble)
  }

  @Test(
    "tells of a journal that began anew and of what is missing as trouble, and takes neither for an opening")
  func journals() throws {
    var house = try EngineHouse(mode: .armedAway)
    house.perform(
      house.engine.journalRestarted(house.back, to: .at(1, .open, journal: "0badcafe"), at: house.now))
    house.perform(house.engine.historyGap(house.back, count: 3, at: house.now))
    house.perform(house.engine.clientTaken("dooralarm-notifier-main", at: house.now))
    #expect(house.kinds == [.journalRestarted, .historyGap, .clientTaken])
    #expect(house.told.allSatisfy { $0.severity == .trouble })
    #expect(house.told.first?.id == "hall/back/0badcafe/1/1700000000000/restarted")
    #expect(house.state == .armedAway)
  }
}
