import Appliance
import DoorCore
import GPIO
import Journal
import Logging
import Synchronization
import TestSupport
import Testing

@testable import SensorAgent

@Suite("The recorder")
struct RecorderTests {
  private static let oneDoor = "[[door]]\nid = 'front'\nchip = 'c'\nline = '1'\n"

  private let folder: TemporaryFolder
  private let journal: TransitionJournal
  private let front: Identifier

  init() throws {
    folder = try TemporaryFolder()
    journal = try TransitionJournal(path: folder.file("journal.sqlite"), newIdentifier: "5e1f0c77")
    front = try Identifier("front")
  }

  private func doors(_ text: String = Self.oneDoor) throws -> [AgentSettings.Door] {
    try AgentSettings(text: "id = 'a'\n[broker]\nhost = 'b'\n" + text, file: "agent.toml").doors
  }

  private func at(_ second: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: second * 1_000_000_000) }

  private func settled(
    _ level: LineLevel, at second: Int64, _ cause: TransitionCause = .edge, missed: Int = 0,
    role: DoorSensor.Role = .contact
  ) -> Recorder.Input {
    .report(
      LineName(door: front, role: role),
      .settled(.init(level: level, at: at(second), cause: cause), missed: missed))
  }

  private func unavailable(at second: Int64) -> Recorder.Input {
    .report(LineName(door: front), .unavailable(.unreadable(line: "1", reason: "gone"), at: at(second)))
  }

  /// Records these inputs, and returns what the journal then has of the door: `open edge 7`, with the uptime in seconds.
  private func record(_ inputs: Recorder.Input..., doors text: String = Self.oneDoor) async throws -> [String]
  {
    let commits = Atomic(0)
    let answers = Atomic(0)
    let (stream, input) = AsyncStream.makeStream(of: Recorder.Input.self)
    for one in inputs { input.yield(one) }
    input.yield(.question)
    input.finish()
    let before = try await written().count
    let recorder = Recorder(
      doors: try doors(text), journal: journal, clock: AgentClock(),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, metrics: AgentMetrics(),
      life: Watchdog.Stage("recorder") { _ in }, committed: { commits.add(1, ordering: .relaxed) },
      obstructed: { answers.add(1, ordering: .relaxed) })
    try await recorder.run(stream)
    let all = try await written()
    #expect(commits.load(ordering: .relaxed) == all.count - before, "each commit is told")
    #expect(answers.load(ordering: .relaxed) == 0)
    return all
  }

  private func written() async throws -> [String] {
    try await journal.transitions(of: front, 1...100, limit: 100).map(\.transition).map { transition in
      let missed = transition.missed > 0 ? " missed \(transition.missed)" : ""
      return "\(transition.state) \(transition.cause) \(transition.uptimeMilliseconds / 1_000)\(missed)"
    }
  }

  @Test("writes the first state as found, and then every change")
  func changes() async throws {
    let all = try await record(
      settled(.low, at: 1, .boot), settled(.high, at: 5), settled(.low, at: 7), settled(.high, at: 9, .resync)
    )
    #expect(all == ["closed boot 1", "open edge 5", "closed edge 7", "open resync 9"])
  }

  @Test("writes nothing of a restart that finds the door as it was, and a state that was found otherwise")
  func restart() async throws {
    _ = try await record(settled(.low, at: 1, .boot))
    #expect(try await record(settled(.low, at: 100, .boot)) == ["closed boot 1"])
    #expect(try await record(settled(.high, at: 200, .boot)) == ["closed boot 1", "open boot 200"])
  }

  @Test("writes that a line is gone once, and what it says when it is back")
  func gone() async throws {
    let all = try await record(
      settled(.low, at: 1, .boot), unavailable(at: 2), unavailable(at: 3), settled(.high, at: 4, .boot))
    #expect(all == ["closed boot 1", "unknown resync 2", "open resync 4"])
  }

  @Test("writes a line without rest as a fault, and dropped edges with the transition after them")
  func chatter() async throws {
    let all = try await record(
      settled(.low, at: 1, .boot), .report(LineName(door: front), .chatters(at: at(12))),
      settled(.low, at: 14, missed: 3), settled(.low, at: 15, missed: 2), settled(.high, at: 16))
    #expect(all == ["closed boot 1", "fault edge 12", "closed edge 14 missed 3", "open edge 16 missed 2"])
  }

  @Test("says nothing of a door before both of its lines have been looked at")
  func tamper() async throws {
    let text = Self.oneDoor + "[door.tamper]\nchip = 'c'\nline = '2'\n"
    let all = try await record(
      settled(.low, at: 1, .boot), settled(.high, at: 2), settled(.low, at: 3, .boot, role: .tamper),
      settled(.high, at: 4, role: .tamper), doors: text)
    #expect(all == ["open boot 3", "fault edge 4"])
  }

  @Test("has a state at once where settings give the same level another meaning, and forgets doors that go")
  func changedDoors() async throws {
    let open = try doors(Self.oneDoor + "contact = 'normally-open'\n")
    let all = try await record(
      settled(.low, at: 1, .boot), .doors(open),
      .doors(try doors("[[door]]\nid = 'shed'\nsimulated = '/s'\n")),
      settled(.high, at: 9))
    #expect(all.count == 2 && all[0] == "closed boot 1" && all[1].hasPrefix("open resync "))
  }

  @Test("states the doors anew in a journal that has begun anew")
  func journalBegun() async throws {
    _ = try await record(settled(.low, at: 1, .boot), settled(.high, at: 2))
    try await journal.markSent(try await journal.unsent(limit: 10))
    try await journal.beginAnew(as: "0badcafe")
    let all = try await record(settled(.high, at: 3, .boot), .journalBegun, settled(.low, at: 5))
    #expect(all.count == 2 && all[0].hasPrefix("open boot ") && all[1] == "closed edge 5")
  }
}
