import DoorCore
import Testing

@testable import AlarmStore

@Suite("The store of doors")
struct StoreTransactionTests {
  private let house: House

  init() throws {
    house = try House()
  }

  private func holding(_ transition: Transition) async throws -> Intake.Holding {
    try await house.store.transact { [house] store in
      try store.holding(of: house.front, for: transition, record: try store.record(of: house.front))
    }
  }

  private func history() async throws -> [HistoryEntry] {
    try await house.store.transact { [house] in try $0.history(of: house.front) }
  }

  // MARK: Records

  @Test("knows nothing of a door that it never heard of")
  func unknown() async throws {
    try await house.store.transact { [house] store in
      try expect(store.record(of: house.front), is: nil)
      try expect(store.state(of: house.front), is: .unknown)
      try expect(store.history(of: house.front).isEmpty, is: true)
    }
    #expect(try await holding(.at(1)) == .nothing)
  }

  @Test("keeps all that a transition says", arguments: DoorState.allCases, TransitionCause.allCases)
  func content(_ state: DoorState, _ cause: TransitionCause) async throws {
    let transition = Transition(
      state: state,
      since: Timestamp(milliseconds: -1),
      journal: "j'1",
      sequence: .max,
      boot: "b",
      uptimeMilliseconds: .max,
      clock: .unsynced,
      cause: cause,
      missed: 3,
      simulated: true
    )
    try await house.append(transition, .late, at: seconds(7))
    #expect(try await holding(transition) == .held(transition))
    #expect(
      try await history() == [
        HistoryEntry(transition: transition, manner: .late, received: seconds(7), area: .disarmed)
      ]
    )
    try await house.store.transact { [house] in try expect($0.state(of: house.front), is: state) }
  }

  @Test("has the newest of each door for its record, and leaves it where an older one is filled in")
  func record() async throws {
    try await house.append(.at(1, .closed))
    try await house.append(.at(4, .open))
    try await house.append(.at(2, .fault), .replayed, isNewest: false)
    try await house.store.transact { [house] store in
      try expect(store.record(of: house.front), is: .at(4, .open))
      try expect(store.state(of: house.front), is: .open)
      try expect(store.record(of: house.back), is: nil)
    }
  }

  // MARK: Holding

  @Test("tells what it holds under an identity: a transition, a gap, an old journal, nothing")
  func holdings() async throws {
    try await house.append(.at(3, journal: "old"))
    try await house.append(.at(1))
    try await house.append(.at(4))
    try await house.store.transact { [house] in try $0.openGap(2...3, of: house.front, journal: "j1") }
    #expect(try await holding(.at(1)) == .held(.at(1)))
    #expect(try await holding(.at(4, .closed)) == .held(.at(4)), "other content under a known number")
    #expect(try await holding(.at(2)) == .missing)
    #expect(try await holding(.at(3)) == .missing)
    #expect(try await holding(.at(5)) == .nothing)
    #expect(try await holding(.at(3, journal: "old")) == .held(.at(3, journal: "old")))
    #expect(try await holding(.at(4, journal: "old")) == .superseded)
    #expect(try await holding(.at(2, journal: "other")) == .nothing)
  }

  @Test("holds every meaning that a number ever had: a journal that was put back gives it a second one")
  func meanings() async throws {
    let first = Transition.at(5, .closed, since: seconds(1))
    let second = Transition.at(5, .open, since: seconds(2))
    try await house.append(first)
    try await house.append(second, .restarted)
    #expect(try await holding(first) == .held(first), "an old snapshot of the broker's is no news")
    #expect(try await holding(second) == .held(second))
    #expect(try await holding(.at(5, .fault, since: seconds(3))) == .held(second))
  }

  @Test("does not mistake one door's identities for another's")
  func otherDoor() async throws {
    try await house.append(.at(1))
    try await house.store.transact { [house] store in
      try store.openGap(2...3, of: house.front, journal: "j1")
      for sequence in Int64(1)...3 {
        try expect(store.holding(of: house.back, for: .at(sequence), record: nil), is: .nothing)
      }
    }
  }

  // MARK: History

  @Test("tells the history in the order of its happening, also where the agent's clock jumped")
  func order() async throws {
    try await house.append(.at(1, since: seconds(100)))
    try await house.append(.at(2, since: seconds(0), clock: .unsynced))
    try await house.append(.at(5, since: seconds(50)))
    try await house.append(.at(6, since: seconds(49)))
    // Asked back, in any order.
    try await house.append(.at(4, since: seconds(999)), .replayed, isNewest: false)
    try await house.append(.at(3, since: seconds(1)), .replayed, isNewest: false)
    try await house.append(.at(2, since: seconds(20), journal: "j2"), .restarted)
    try await house.append(.at(1, since: seconds(10), journal: "j2"), .replayed, isNewest: false)
    #expect(
      try await history().map { "\($0.transition.journal)/\($0.transition.sequence)" }
        == ["j1/1", "j1/2", "j1/3", "j1/4", "j1/5", "j1/6", "j2/1", "j2/2"]
    )
  }

  @Test("gives the history since a time, by the arrival")
  func since() async throws {
    for number in 1...9 as ClosedRange<Int64> {
      try await house.append(.at(number, since: seconds(0)), at: seconds(number))
    }
    try await house.store.transact { [house] store in
      try expect(
        store.history(of: house.front, since: seconds(7)).map(\.transition.sequence), is: [7, 8, 9])
      try expect(store.history(of: house.front, since: seconds(10)).isEmpty, is: true)
      try expect(store.history(of: house.back, since: seconds(0)).isEmpty, is: true)
    }
  }

  // MARK: Unreadable topics

  @Test("does not know the state of a door whose topic is unreadable, and tells news from repetition")
  func unreadable() async throws {
    try await house.append(.at(1, .closed))
    try await house.store.transact { [house] store in
      try expect(store.setUnreadable(false, house.front), is: false)
      try expect(store.setUnreadable(true, house.front), is: true)
      try expect(store.setUnreadable(true, house.front), is: false)
      try expect(store.state(of: house.front), is: .unknown)
      try expect(store.record(of: house.front), is: .at(1, .closed), "the record stays")
      try expect(store.setUnreadable(true, house.back), is: true)
      try expect(store.setUnreadable(false, house.front), is: true)
      try expect(store.state(of: house.front), is: .closed)
    }
  }

  @Test("knows silent agents, and the state of none of their doors")
  func silentAgents() async throws {
    let front = house.front
    let news = try await house.store.transact { store in
      try store.append(
        .at(1, .closed), of: front, manner: .live, area: nil, received: seconds(1), isNewest: true)
      let states = [try store.state(of: front)]
      let news = [try store.setSilent(true, front.agent), try store.setSilent(true, front.agent)]
      #expect(try store.silentAgents() == [front.agent])
      #expect(states + [try store.state(of: front)] == [.closed, .unknown])
      return news + [try store.setSilent(false, front.agent), try store.setSilent(false, front.agent)]
    }
    #expect(news == [true, false, true, false])
    #expect(try await house.store.transact { try $0.state(of: front) } == .closed)
  }
}
