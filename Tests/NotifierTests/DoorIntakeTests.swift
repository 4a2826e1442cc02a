import AlarmStore
import Delivery
import DoorCore
import DoorWire
import TestSupport
import Testing

@testable import Notifier

@Suite("The intake of doors")
struct DoorIntakeTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func house(area: String = "", doors: String? = nil) throws -> NotifierHouse {
    try NotifierHouse(
      path: folder.file("store.sqlite"), area: "exit_delay_s = 0\n" + area,
      doors: doors ?? NotifierHouse.door("front") + NotifierHouse.door("back", "response = \"instant\""))
  }

  private func history(_ house: NotifierHouse, _ door: String) async throws -> [HistoryEntry] {
    try await house.store.transact { try $0.history(of: try DoorAddress("hall/\(door)")) }
  }

  @Test("keeps with each transition how it came and how its area was")
  func keeps() async throws {
    let house = try house()
    for door in ["front", "back"] { try await house.receive(door, .closed, 1, at: 0) }
    try await house.command("ARM_AWAY", at: 10)
    try await house.receive("front", .open, 2, at: 20)
    try await house.receive("front", .closed, 3, at: 200, since: 21)
    let history = try await history(house, "front")
    #expect(history.map(\.manner) == [.baseline, .live, .late])
    #expect(history.map(\.area) == [.disarmed, .armedAway, .pending])
    #expect(history.map(\.received) == [0, 20, 200].map(NotifierHouse.wall))
  }

  @Test("takes a late opening by which somebody came home for that, and the same at the back for an alarm")
  func late() async throws {
    let house = try house()
    for door in ["front", "back"] { try await house.receive(door, .closed, 1, at: 0) }
    try await house.command("ARM_AWAY", at: 10)
    // The agent's network is away. They come home, and disarm.
    try await house.command("DISARM", at: 120)
    try await house.receive("front", .open, 2, at: 500, since: 100)
    #expect(try await house.kinds().isEmpty)
    try await house.receive("back", .open, 2, at: 500, since: 100)
    let record = try #require(try await house.records().first)
    #expect(record.alert.kind == .opened)
    #expect(record.alert.isLate)
    #expect(try await house.state(at: 501) == .disarmed)
  }

  @Test("remembers what was bypassed when a door was opened")
  func bypassed() async throws {
    let house = try house()
    for door in ["front", "back"] { try await house.receive(door, .closed, 1, at: 0) }
    try await house.command(#"{"command":"ARM_AWAY","bypass":["hall/back"]}"#, at: 10)
    try await house.command("DISARM", at: 120)
    try await house.receive("back", .open, 2, at: 500, since: 100)
    #expect(try await house.kinds().isEmpty)
  }

  @Test("lets a door make itself heard that only chimes")
  func chime() async throws {
    let house = try house(doors: NotifierHouse.door("front", "chime = true"))
    try await house.receive("front", .closed, 1, at: 0)
    let outcome = try await house.receive("front", .open, 2, at: 10)
    #expect(outcome.chimes.map(\.door.description) == ["hall/front"])
    #expect(outcome.told.isEmpty)
    #expect(try await house.receive("front", .open, 2, at: 11).chimes.isEmpty, "a duplicate")
  }

  @Test("keeps a door that the settings do not have in the history, and raises no alert for it")
  func stranger() async throws {
    let house = try house()
    try await house.receive("cellar", .open, 1, at: 0)
    #expect(try await history(house, "cellar").map(\.area) == [nil])
    #expect(try await house.kinds().isEmpty)
  }

  @Test(
    "asks for what is missing, and gives up what the agent does not have, which is told and stays counted")
  func missing() async throws {
    let house = try house()
    try await house.receive("front", .closed, 1, at: 0)
    let outcome = try await house.receive("front", .open, 5, at: 10)
    let agent = try Identifier("hall")
    #expect(outcome.replay == [agent])
    let heartbeats = HeartbeatIntake(settings: house.settings, store: house.store)
    let beat = HeartbeatMessage(
      sent: NotifierHouse.wall(20), uptimeSeconds: 1, periodSeconds: 60, journal: "5e1f0c77",
      doors: [try Identifier("front"): .init(sequence: 5, state: .open)])
    for round in 0..<12 {
      let told = try await heartbeats.take(beat, of: agent, now: NotifierHouse.moment(20 + Int64(round)))
      // As the announcer does.
      if told.replay.contains(agent) {
        let gaps = try await house.store.transact { try $0.gapsToAsk(ofAgent: agent, limit: 16) }
        #expect(gaps.map(\.sequences) == [2...4])
      }
    }
    #expect(try await house.kinds() == [.historyGap])
    #expect(try await house.records().first?.alert.detail == "3")
    #expect(
      try await AlarmStore.check(house.settings.storePath).missing == [try DoorAddress("hall/front"): 3])
  }

  @Test("makes one message of a storm of doors")
  func storm() async throws {
    let names = (1...8).map { "d\($0)" }
    let doors = names.map { NotifierHouse.door($0, "response = \"instant\"") }.joined()
    let house = try house(doors: doors)
    for name in names { try await house.receive(name, .closed, 1, at: 0) }
    try await house.command("ARM_AWAY", at: 10)
    for name in names { try await house.receive(name, .open, 2, at: 20) }
    let message = try await house.store.transact { store -> OutboxMessage? in
      guard
        case .message(let message) = try store.next(for: try Identifier("log"), now: NotifierHouse.wall(21))
      else { return nil }
      return message
    }
    let notice = AlertText(settings: house.settings).notice(of: try #require(message))
    #expect(notice.items.count == 8)
    #expect(notice.title == "ALARM: 8 alerts")
    for name in names { #expect(notice.text.contains("- \(name) was opened")) }
  }
}
