import DoorCore
import GPIO
import Synchronization
import TestSupport
import Testing

/// Lines that come and go while the watcher runs.
@Suite struct LineWatcherTests {
  private final class Told: Sendable {
    private let reports = Mutex<[(String, LineLevel)]>([])

    func note(_ line: LineName, _ report: LineReport) {
      guard case .settled(let settlement, _) = report else { return }
      reports.withLock { $0.append((line.door.description, settlement.level)) }
    }

    var all: [String] { reports.withLock { $0 }.map { "\($0) \($1)" } }
  }

  @Test("a line that stays is not looked at anew, a new one is, and one that goes is not told of any more")
  func change() async throws {
    let folder = try TemporaryFolder()
    func line(_ door: String) throws -> WatchedLine {
      WatchedLine(
        name: LineName(door: try Identifier(door)), source: .simulated(path: folder.file(door)),
        settleTime: .milliseconds(20))
    }
    let told = Told()
    let watcher = LineWatcher(lines: [try line("front")], checkPeriod: .milliseconds(50))
    let watching = Task { try await watcher.run(report: told.note) }
    defer { watching.cancel() }
    try await eventually("the first line") { told.all == ["front low"] }

    watcher.change(lines: [try line("front"), try line("back")], checkPeriod: .milliseconds(50))
    try await eventually("the second line") { told.all == ["front low", "back low"] }
    _ = try folder.write("open\n", to: "front")
    try await eventually("the first line's change") { told.all == ["front low", "back low", "front high"] }

    watcher.change(lines: [try line("back")], checkPeriod: .milliseconds(50))
    _ = try folder.write("closed\n", to: "front")
    _ = try folder.write("open\n", to: "back")
    try await eventually("the second line's change") { told.all.last == "back high" }
    #expect(told.all == ["front low", "back low", "front high", "back high"])
    watching.cancel()
    try await watching.value
  }

  @Test("a question is answered by the thread that watches, and by nobody when it has ended")
  func question() async throws {
    let folder = try TemporaryFolder()
    let watcher = LineWatcher(
      lines: [
        WatchedLine(
          name: LineName(door: try Identifier("front")), source: .simulated(path: folder.file("front")),
          settleTime: .milliseconds(20))
      ], checkPeriod: .seconds(3_600))
    let answers = Mutex(0)
    let told = Told()
    let watching = Task { try await watcher.run(report: told.note) }
    defer { watching.cancel() }
    try await eventually("the line") { told.all == ["front low"] }
    for count in 1...3 {
      watcher.ask { answers.withLock { $0 += 1 } }
      try await eventually("answer \(count)") { answers.withLock { $0 } == count }
    }
    watching.cancel()
    try await watching.value
    watcher.ask { answers.withLock { $0 += 1 } }
    #expect(answers.withLock { $0 } == 3)
  }

  @Test("whoever is told afterwards hears the same in the same order, and all of it when the watching ends")
  func afterwards() async throws {
    let folder = try TemporaryFolder()
    let lines = try ["front", "back", "side"].map { door in
      WatchedLine(
        name: LineName(door: try Identifier(door)), source: .simulated(path: folder.file(door)),
        settleTime: .milliseconds(1))
    }
    let (told, toldAfterwards) = (Told(), Told())
    let watcher = LineWatcher(lines: lines, checkPeriod: .seconds(3_600))
    let watching = Task {
      try await watcher.run(
        report: told.note,
        afterwards: { line, report in
          toldAfterwards.note(line, report)
          #expect(told.all.starts(with: toldAfterwards.all))
        })
    }
    defer { watching.cancel() }
    try await eventually("the three lines") { toldAfterwards.all.count == 3 }
    for round in 1...5 {
      for line in lines { _ = try folder.write("open\n", to: line.name.door.description) }
      try await eventually("the lines open for the \(round). time") { told.all.count == 6 * round }
      for line in lines { _ = try folder.write("closed\n", to: line.name.door.description) }
      try await eventually("the lines closed for the \(round). time") { told.all.count == 6 * round + 3 }
    }
    watching.cancel()
    try await watching.value
    #expect(toldAfterwards.all == told.all)
  }

  @Test(
    "whoever gets ready hears that a line moves, once, before what it comes to, and nothing of one that rests"
  )
  func moves() async throws {
    let folder = try TemporaryFolder()
    let front = WatchedLine(
      name: LineName(door: try Identifier("front")), source: .simulated(path: folder.file("front")),
      settleTime: .milliseconds(20))
    let heard = Mutex<[String]>([])
    let watcher = LineWatcher(lines: [front], checkPeriod: .seconds(3_600))
    let watching = Task {
      try await watcher.run(
        moves: { heard.withLock { $0.append("moves") } },
        report: { _, report in
          guard case .settled(let settlement, _) = report else { return }
          heard.withLock { $0.append("\(settlement.level)") }
        })
    }
    defer { watching.cancel() }
    try await eventually("the line") { heard.withLock { $0 } == ["low"] }
    for (text, level) in [("open\n", "high"), ("closed\n", "low")] {
      let before = heard.withLock { $0 }
      _ = try folder.write(text, to: "front")
      try await eventually("the line is \(level)") { heard.withLock { $0 } == before + ["moves", level] }
    }
    watching.cancel()
    try await watching.value
  }
}
