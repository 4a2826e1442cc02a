package import DoorCore
package import GPIO
import Glibc
import Synchronization

/// What a watcher of one line tells, for as long as a test looks.
package final class LineReports: Sendable {
  private let reports = Mutex<[LineReport]>([])
  /// Has the watcher's thread wait in its next report.
  private let isHeld = Atomic(false)

  /// Watches a line for as long as the body runs.
  package static func watching(
    _ source: LineSource, settleTime: Duration = .milliseconds(20),
    checkPeriod: Duration = .milliseconds(200),
    _ body: (LineReports) async throws -> Void
  ) async throws {
    let reports = LineReports()
    let watcher = LineWatcher(
      lines: [
        WatchedLine(name: LineName(door: try Identifier("front")), source: source, settleTime: settleTime)
      ],
      checkPeriod: checkPeriod)
    let watching = Task {
      try await watcher.run { _, report in
        reports.reports.withLock { $0.append(report) }
        while reports.isHeld.load(ordering: .relaxed) { usleep(1_000) }
      }
    }
    defer {
      reports.isHeld.store(false, ordering: .relaxed)
      watching.cancel()
    }
    try await body(reports)
    watching.cancel()
    try await watching.value
  }

  package var settlements: [Debouncer.Settlement] {
    reports.withLock { $0 }.compactMap {
      if case .settled(let settlement, _) = $0 { settlement } else { nil }
    }
  }

  package var levels: [LineLevel] { settlements.map(\.level) }
  package var causes: [TransitionCause] { settlements.map(\.cause) }

  package var errors: [String] {
    reports.withLock { $0 }.compactMap {
      if case .unavailable(let error, _) = $0 { error.description } else { nil }
    }
  }

  /// How many edges the kernel says it has dropped.
  package var missed: Int {
    reports.withLock { $0 }.reduce(0) { if case .settled(_, let missed) = $1 { $0 + missed } else { $0 } }
  }

  package var chatterCount: Int {
    reports.withLock { $0 }.count { if case .chatters = $0 { true } else { false } }
  }

  /// From its next report on the watcher does nothing, until it is let go.
  package func hold() { isHeld.store(true, ordering: .relaxed) }
  package func letGo() { isHeld.store(false, ordering: .relaxed) }
}
