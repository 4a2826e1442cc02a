package import DoorCore
package import GPIO
import Synchronization

/// What a watcher of one line tells, for as long as a test looks.
package final class LineReports: Sendable {
  private let reports = Mutex<[LineReport]>([])

  /// Watches a line for as long as the body runs.
  package static func watching(
    _ source: LineSource, settleTime: Duration = .milliseconds(20),
    checkPeriod: Duration = .milliseconds(200),
    _ body: (LineReports) async throws -> Void
  ) async throws {
    let reports = LineReports()
    let watcher = LineWatcher(
      lines: [WatchedLine(door: try Identifier("front"), source: source, settleTime: settleTime)],
      checkPeriod: checkPeriod)
    let watching = Task {
      try await watcher.run { _, report in reports.reports.withLock { $0.append(report) } }
    }
    defer { watching.cancel() }
    try await body(reports)
    watching.cancel()
    try await watching.value
  }

  package var settlements: [Debouncer.Settlement] {
    reports.withLock { $0 }.compactMap { if case .settled(let settlement) = $0 { settlement } else { nil } }
  }

  package var levels: [LineLevel] { settlements.map(\.level) }
  package var causes: [TransitionCause] { settlements.map(\.cause) }

  package var errors: [String] {
    reports.withLock { $0 }.compactMap {
      if case .unavailable(let error, _) = $0 { error.description } else { nil }
    }
  }
}
