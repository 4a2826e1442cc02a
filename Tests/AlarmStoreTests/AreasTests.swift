import AlarmStore
import DoorCore
import Testing

@Suite("The store of areas")
struct AreasTests {
  private let house: House

  init() throws {
    house = try House()
  }

  /// Commands the area as the notifier does.
  private func command(_ command: AlarmEngine.Command, at time: Timestamp) async throws {
    try await house.store.transact { [house] store in
      let before = try store.engine(of: house.area, now: time)
      var engine = before
      #expect(engine.handle(command, doors: [:], now: time) == .changed)
      try store.save(engine, before: before)
    }
  }

  private func engine() async throws -> AlarmEngine {
    try await house.store.transact { [house] in try $0.engine(of: house.area, now: seconds(999)) }
  }

  private func mode(at second: Int64) async throws -> AlarmEngine.ArmMode {
    try await house.store.transact { [house] in try $0.mode(of: house.area, at: seconds(second)) }
  }

  @Test("has a disarmed engine for a new area")
  func new() async throws {
    #expect(
      try await engine()
        == AlarmEngine(area: house.area, mode: .disarmed, since: seconds(999), isTriggered: false)
    )
    #expect(try await mode(at: 0) == .disarmed)
  }

  @Test("gives the engine back as it was left, and keeps every area's own")
  func restores() async throws {
    try await command(.arm(force: false), at: seconds(10))
    #expect(
      try await engine()
        == AlarmEngine(area: house.area, mode: .armedAway, since: seconds(10), isTriggered: false)
    )
    try await house.store.transact { store in
      try expect(store.engine(of: try Identifier("shed"), now: seconds(11)).mode, is: .disarmed)
      try expect(store.mode(of: try Identifier("shed"), at: seconds(11)), is: .disarmed)
    }
  }

  @Test("remembers that an alarm was raised, until the area is disarmed")
  func triggered() async throws {
    try await command(.arm(force: false), at: seconds(10))
    try await house.store.transact { [house] store in
      let before = try store.engine(of: house.area, now: seconds(20))
      var engine = before
      _ = engine.unreadable(house.front, why: "", now: seconds(20))
      try store.save(engine, before: before)
    }
    #expect(
      try await engine()
        == AlarmEngine(area: house.area, mode: .armedAway, since: seconds(10), isTriggered: true)
    )
    try await command(.disarm, at: seconds(30))
    #expect(try await engine().stateName == "disarmed")
    try await command(.arm(force: false), at: seconds(40))
    #expect(try await engine().stateName == "armed_away", "the old alarm is not this arming's")
  }

  @Test("writes nothing where nothing changed")
  func unchanged() async throws {
    try await house.store.transact { [house] store in
      let engine = try store.engine(of: house.area, now: seconds(5))
      try store.save(engine, before: engine)
    }
    #expect(try await engine().since == seconds(999), "still a new area")
  }

  @Test("knows how an area was armed at any time")
  func modes() async throws {
    try await command(.arm(force: false), at: seconds(10))
    try await command(.disarm, at: seconds(20))
    try await command(.arm(force: false), at: seconds(30))
    for (second, mode) in [
      (9, AlarmEngine.ArmMode.disarmed), (10, .armedAway), (19, .armedAway), (20, .disarmed), (29, .disarmed),
      (30, .armedAway), (9_999, .armedAway),
    ] {
      #expect(try await self.mode(at: Int64(second)) == mode, "at \(second)")
    }
  }

  @Test("lets the last command count also where the notifier's clock was put back before it")
  func clockPutBack() async throws {
    try await command(.arm(force: false), at: seconds(1_000))
    try await command(.disarm, at: seconds(500))
    #expect(try await mode(at: 600) == .disarmed)
    #expect(try await mode(at: 1_500) == .disarmed, "an area that is disarmed raises no alarm for ever after")
    #expect(try await mode(at: 400) == .disarmed)
  }
}
