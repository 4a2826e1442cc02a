import Appliance
import DoorCore
import GPIO
import SensorAgent
import Synchronization
import TestSupport
import Testing

@Suite("Trying a line")
struct LineTrialTests {
  private final class Text: Sendable {
    let lines = Mutex<[String]>([])

    /// Without the times.
    var said: [String] { lines.withLock { $0 }.map { String($0.dropFirst("00:00:00.000  ".count)) } }
  }

  @Test("shows each edge as it comes, and the level and the state after it")
  func edges() async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("closed\n", to: "front")
    let text = Text()
    let settings = try AgentSettings(
      text: "id = 'a'\n[broker]\nhost = 'b'\n[[door]]\nid = 'front'\nsimulated = '\(path)'\n",
      file: "agent.toml")
    // A check while the file is being written would see the level before there is an edge.
    let trial = LineTrial(lines: settings.doors.flatMap(\.trialLines), checkPeriod: .seconds(3_600)) { line in
      text.lines.withLock { $0.append(line) }
    }
    let trying = Task { try await trial.run() }
    defer { trying.cancel() }
    try await eventually("the level") { text.said == ["low = closed"] }
    _ = try folder.write("open\n", to: "front")
    try await eventually("the other") { text.said.last == "high = open" }
    #expect(text.said == ["low = closed", "  edge to high", "high = open"])
    let times = text.lines.withLock { $0 }
    #expect(times.allSatisfy { $0.prefix(12).wholeMatch(of: /\d\d:\d\d:\d\d\.\d\d\d/) != nil })
  }

  @Test("says what is wrong with a line")
  func missing() async throws {
    let text = Text()
    let line = WatchedLine(
      name: LineName(door: try Identifier("front")), source: .simulated(path: "/nowhere/front"),
      settleTime: .milliseconds(30))
    let trial = LineTrial(
      lines: [.init(watched: line, contact: Contact(kind: .normallyClosed, closedCircuitLevel: .low))]
    ) { line in
      text.lines.withLock { $0.append(line) }
    }
    let trying = Task { try await trial.run() }
    defer { trying.cancel() }
    try await eventually("the reason") { text.said.first?.contains("/nowhere/front cannot be read") == true }
  }
}
