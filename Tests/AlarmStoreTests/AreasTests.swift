import AlarmStore
import DoorCore
import Testing

@Suite("The store of areas")
struct AreasTests {
  private let house: House

  init() throws {
    house = try House()
  }

  private func command(_ command: AlarmEngine.Command, at time: Timestamp) async throws {
    try await house.store.transact { [house] in try house.command(command, $0, now: time) }
  }

  private func engine() async throws -> AlarmEngine {
    try await house.store.transact { [house] in try house.engine($0, now: seconds(999)) }
  }

  private func past(at second: Int64) async throws -> AlarmEngine.Past {
    try await house.store.transact { [house] in try $0.past(of: house.area, at: seconds(second)) }
  }

  @Test("has a disarmed engine for a new area")
  func new() async throws {
    #expect(try await engine().memory == AlarmEngine.Memory(disarmedSince: seconds(999)))
    #expect(try await past(at: 0) == AlarmEngine.Past(state: .disarmed, mode: nil, disarmed: nil))
  }

  @Test("gives the engine back as it was left, and keeps every area's own")
  func restores() async throws {
    try await command(.armAway, at: seconds(10))
    let engine = try await engine()
    #expect(engine.state == .armedAway)
    #expect(engine.memory.since == seconds(10))
    #expect(engine.memory.changedBy == "Ada")
    try await house.store.transact { store in
      let shed = try Identifier("shed")
      try expect(
        store.memory(of: shed, now: seconds(11)), is: AlarmEngine.Memory(disarmedSince: seconds(11)))
      try expect(store.past(of: shed, at: seconds(11)).state, is: .disarmed)
    }
  }

  @Test("writes nothing where nothing changed")
  func unchanged() async throws {
    try await house.store.transact { [house] store in
      let engine = try house.engine(store, now: seconds(5))
      try store.save(engine, before: engine)
    }
    #expect(try await engine().memory.since == seconds(5), "as it began")
  }

  @Test("knows how an area was at any time, and when it was disarmed after that")
  func past() async throws {
    try await command(.armAway, at: seconds(10))
    try await command(.disarm, at: seconds(20))
    try await command(.armAway, at: seconds(30))
    for (second, state, disarmed) in [
      (9, AreaState.disarmed, nil), (10, .armedAway, 20), (19, .armedAway, 20), (20, .disarmed, nil),
      (29, .disarmed, nil), (30, .armedAway, nil), (9_999, .armedAway, nil),
    ] as [(Int64, AreaState, Int64?)] {
      let past = try await past(at: second)
      #expect(past.state == state, "at \(second)")
      #expect(past.mode == (state == .disarmed ? nil : .armedAway), "at \(second)")
      #expect(past.disarmed == disarmed.map(seconds), "at \(second)")
    }
  }

  @Test("lets the last command count also where the notifier's clock was put back before it")
  func clockPutBack() async throws {
    try await command(.armAway, at: seconds(1_000))
    try await command(.disarm, at: seconds(500))
    #expect(try await past(at: 600).state == .disarmed)
    #expect(
      try await past(at: 1_500).state == .disarmed, "an area that is disarmed raises no alarm for ever after")
    #expect(try await past(at: 400).state == .disarmed)
  }

  @Test("keeps the watches of open doors")
  func openDoors() async throws {
    let watch = OpenDoorWatch(
      cause: "c", since: seconds(1), limit: .seconds(60),
      at: Moment(wall: seconds(2), uptime: MonotonicTime(nanoseconds: 5), boot: "run"))
    try await house.store.transact { [house] store in
      try store.setOpenDoorWatch(watch, of: house.front)
      try expect(store.openDoorWatches(), is: [house.front: watch])
      try store.setOpenDoorWatch(nil, of: house.back)
      try expect(store.openDoorWatches(), is: [house.front: watch])
      try store.setOpenDoorWatch(nil, of: house.front)
      try expect(store.openDoorWatches(), is: [:])
    }
  }

  @Test("remembers by name")
  func memories() async throws {
    try await house.store.transact { store in
      try expect(store.remembered("a", as: [String: Int].self), is: nil)
      try store.remember(["x": 1], as: "a")
      try store.remember(["x": 2], as: "a")
      try expect(store.remembered("a", as: [String: Int].self), is: ["x": 2])
    }
  }

  @Test("says what it cannot read where a newer program, or none, has written it")
  func unreadable() async throws {
    try await house.store.transact { try $0.remember("text", as: "a") }
    let error = await #expect(throws: AlarmStoreError.self) {
      try await house.store.transact { try $0.remembered("a", as: [Int].self) }
    }
    guard case .damaged(_, let reason) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reason.hasPrefix("what is remembered as a cannot be read"))
  }
}
