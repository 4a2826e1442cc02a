import AlarmStore
import DoorCore
import Foundation
import Glibc
import SQLiteSupport
import TestSupport
import Testing

@testable import Notifier

/// The notifier dies in every state of its engine, in its writes and after its commits, and another goes on with what the
/// broker then delivers again. Afterwards everything is as if nobody had died.
@Suite("A notifier that is killed")
struct NotifierKillTests {
  /// Through every state, and through all that is kept beside it.
  private enum Step {
    case door(String, DoorState, Int64)
    case command(String)
    case time
  }

  private static let story: [(second: Int64, step: Step)] = [
    (0, .door("front", .closed, 1)),
    (1, .door("back", .closed, 1)),
    (5, .command("DISARM")),
    (10, .command("ARM_AWAY")),
    // Arming: they leave.
    (20, .door("front", .open, 2)),
    (25, .door("front", .closed, 2 + 1)),
    (70, .time),
    // Armed. Pending: somebody comes in.
    (100, .door("front", .open, 4)),
    (130, .time),
    // Triggered, in the abort window; then told.
    (160, .time),
    (170, .door("back", .open, 2)),
    (180, .door("back", .closed, 3)),
    (181, .door("front", .closed, 5)),
    (400, .time),
    // Armed again. Pending, and disarmed in time.
    (500, .door("front", .open, 6)),
    (510, .command("DISARM")),
    // Disarmed, and the door stays open.
    (561, .time),
    (625, .time),
    (630, .door("front", .closed, 7)),
    // Armed with an open door, which is bypassed until it closes.
    (700, .door("back", .open, 4)),
    (701, .command("ARM_NIGHT")),
    (702, .command(#"{"command":"ARM_NIGHT","force":true}"#)),
    (710, .door("back", .closed, 5)),
    (720, .door("back", .open, 6)),
    (730, .command("DISARM")),
    (10_000, .time),
  ]

  private static func house(_ path: String) throws -> NotifierHouse {
    try NotifierHouse(
      path: path,
      doors: NotifierHouse.door("front", "left_open_s = 60\nleft_open_repeat_s = 60")
        + NotifierHouse.door("back", "response = \"instant\""))
  }

  /// Plays the story from a step on, and says each step when its transaction has returned; dies after one where it is to.
  private static func play(_ house: NotifierHouse, from first: Int = 0, dyingAfter last: Int? = nil)
    async throws
  {
    for (index, (second, step)) in story.enumerated().dropFirst(first) {
      try await play(step, second, house)
      // The acknowledgement would be sent now.
      if index == last { kill(getpid(), SIGKILL) }
      say(index)
    }
    kill(getpid(), SIGKILL)
  }

  private static func say(_ index: Int) {
    let line = "\(index)\n"
    _ = line.withCString { write(STDOUT_FILENO, $0, strlen($0)) }
  }

  /// All that is kept and told.
  private struct Remains: Equatable {
    var alerts: [AlertRecord]
    var history: [[HistoryEntry]]
    var memory: AlarmEngine.Memory
    var sent: [String]

    init(_ house: NotifierHouse) async throws {
      alerts = try await house.records()
      (history, memory) = try await house.store.transact { store in
        (
          try ["hall/front", "hall/back"].map { try store.history(of: try DoorAddress($0)) },
          try store.memory(of: try Identifier("home"), now: NotifierHouse.wall(0))
        )
      }
      sent = try await house.send(at: 100_000)
    }
  }

  private static func whole() async throws -> Remains {
    let folder = try TemporaryFolder()
    let house = try house(folder.file("store.sqlite"))
    for (second, step) in story {
      try await play(step, second, house)
    }
    return try await Remains(house)
  }

  @Test("passes through every state, and raises what it should")
  func story() async throws {
    let folder = try TemporaryFolder()
    let house = try Self.house(folder.file("store.sqlite"))
    var states: Set<AreaState> = []
    for (second, step) in Self.story {
      try await Self.play(step, second, house)
      states.insert(try await house.state(at: second))
    }
    #expect(states == [.disarmed, .arming, .armedAway, .armedNight, .pending, .triggered])
    let kinds = try await house.kinds()
    #expect(
      kinds == [
        .opened, .openTooLong, .opened, .opened, .alarmEnded, .openTooLong, .opened, .alarmEnded,
      ])
    let standings = try await house.records().map(\.standing)
    #expect(standings == [.told, .told, .told, .withdrawn, .told, .told, .told, .told])
    #expect(
      try await house.send(at: 100_000).sorted()
        == [
          "alarm_ended raised", "alarm_ended raised", "open_too_long raised", "open_too_long raised",
          "open_too_long reminder 1", "open_too_long resolved", "open_too_long resolved", "opened raised",
          "opened raised", "opened raised", "opened reminder 1",
        ])
  }

  @Test("after each of its commits and before the acknowledgement: the broker delivers again")
  func afterCommits() async throws {
    let whole = try await Self.whole()
    for step in Self.story.indices {
      let folder = try TemporaryFolder()
      let path = folder.file("store.sqlite")
      await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, step = step as Int] in
        try await NotifierKillTests.play(try NotifierKillTests.house(path), dyingAfter: step)
      }
      let house = try Self.house(path)
      for (second, next) in Self.story.dropFirst(step) { try await Self.play(next, second, house) }
      #expect(try await Remains(house) == whole, "killed after step \(step)")
    }
  }

  private static func play(_ step: Step, _ second: Int64, _ house: NotifierHouse) async throws {
    switch step {
    case .door(let door, let state, let sequence):
      try await house.receive(door, state, sequence, at: second)
    case .command(let text): try await house.command(text, at: second)
    case .time: try await house.pass(at: second)
    }
  }

  @Test("in its writes, half-written or written", arguments: [false, true])
  func inWrites(_ halfWritten: Bool) async throws {
    let whole = try await Self.whole()
    var write = 1
    var isFinished = false
    var deaths = 0
    while !isFinished {
      let folder = try TemporaryFolder()
      let path = folder.file("store.sqlite")
      let result = await #expect(
        processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]
      ) { [path = path as String, write = write as Int, halfWritten = halfWritten as Bool] in
        DyingWrites.begin(diesIn: write, halfWritten: halfWritten)
        try await NotifierKillTests.play(try NotifierKillTests.house(path))
      }
      let said = String(decoding: try #require(result).standardOutputContent, as: UTF8.self)
        .split(separator: "\n").compactMap { Int($0) }
      isFinished = said.count == Self.story.count
      let house = try Self.house(path)
      for (second, next) in Self.story.dropFirst(said.count) { try await Self.play(next, second, house) }
      #expect(try await Remains(house) == whole, "killed in write \(write), after step \(said.count - 1)")
      deaths += 1
      // Not in every one, which would take minutes, but in writes of every kind and every transaction.
      write += 7
    }
    #expect(deaths > Self.story.count / 2)
  }
}
