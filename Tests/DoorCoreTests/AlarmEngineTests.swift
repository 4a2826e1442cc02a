import DoorCore
import TestSupport
import Testing

@Suite("The alarm engine over random traces")
struct AlarmEngineTests {
  /// What can happen to a house, drawn from a seed.
  private enum Event {
    case arm(ArmMode, force: Bool)
    case disarm
    case toggle(DoorAddress)
    case fault(DoorAddress)
    case silent
    case pass(Int64)
  }

  private static func events(seed: UInt64) throws -> [Event] {
    var random = SeededGenerator(seed: seed)
    let doors = Array(try EngineHouse().doors.keys).sorted()
    return (0..<120).map { _ in
      let door = doors[Int.random(in: 0..<doors.count, using: &random)]
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<15:
        return .arm(ArmMode.allCases.randomElement(using: &random) ?? .armedAway, force: random.chance(50))
      case 15..<23: return .disarm
      case 23..<60: return .toggle(door)
      case 60..<63: return .fault(door)
      case 63..<64: return .silent
      default: return .pass([1, 5, 20, 29, 30, 31, 60, 200].randomElement(using: &random) ?? 1)
      }
    }
  }

  private static func play(_ event: Event, _ house: inout EngineHouse) throws {
    switch event {
    case .arm(let mode, let force): house.arm(mode, force: force)
    case .disarm: house.disarm()
    case .toggle(let door): house.doors[door] == .closed ? house.open(door) : house.close(door)
    case .fault(let door): house.set(door, .fault)
    case .silent: house.perform(house.engine.agentSilent(try Identifier("hall"), at: house.now))
    case .pass(let seconds): house.pass(seconds)
    }
  }

  @Test("is killed after every input, and nothing is otherwise", arguments: 0..<200 as Range<UInt64>)
  func killed(_ seed: UInt64) throws {
    var whole = try EngineHouse()
    var killed = try EngineHouse()
    killed.isKilledAlways = true
    for event in try Self.events(seed: seed) {
      try Self.play(event, &whole)
      try Self.play(event, &killed)
      #expect(killed.engine == whole.engine)
    }
    #expect(killed.told == whole.told)
    #expect(killed.held == whole.held)
  }

  /// For each opening of a door it says whether that has to be an alarm, by a rule that needs no engine: it was guarded, it
  /// had alarms left, and nobody disarmed in time.
  @Test("tells every alarm that there is, and no other", arguments: 0..<200 as Range<UInt64>)
  func alarms(_ seed: UInt64) throws {
    var house = try EngineHouse()
    var due: [String] = []
    for event in try Self.events(seed: seed) {
      let before = house
      try Self.play(event, &house)
      guard case .toggle(let door) = event, before.doors[door] == .closed else { continue }
      let raised = house.told.count + house.held.count - before.told.count - before.held.count
      let isGuarded =
        door == house.safe
        || (before.engine.guardingMode.map { mode in
          before.engine.memory.bypassed[door] == nil
            && before.engine.policy.doors[door]?.response(in: mode).isGuarded == true
        } ?? false)
      #expect(raised <= 1)
      if isGuarded {
        due.append(door.description)
        #expect(
          raised == 1 || before.told.contains { $0.kind == .shutOut && $0.subject == .door(door) },
          "the opening of \(door) is written down in the state \(before.state)")
      } else {
        #expect(raised == 0, "\(door) is not guarded in the state \(before.state)")
      }
    }
    // What is held is told or withdrawn in the end.
    house.pass(1_000)
    #expect(house.held.isEmpty)
    #expect(house.kinds.count { $0 == .opened } <= due.count)
    #expect(house.state == house.engine.mode?.state ?? .disarmed)
    #expect(house.engine.wait(at: house.now) == nil)
  }

  @Test("has one id for each alert", arguments: 0..<50 as Range<UInt64>)
  func ids(_ seed: UInt64) throws {
    var house = try EngineHouse()
    for event in try Self.events(seed: seed) {
      try Self.play(event, &house)
      house.pass(1)
    }
    #expect(Set(house.told.map(\.id)).count == house.told.count)
  }
}
