import DoorCore
import DoorWire
import Synchronization

/// What comes of a test, with the time that each hop took until it was seen here: one clock for all of them.
struct SelfTestTable: Sendable {
  enum Standing: Sendable {
    case passed, failed, unanswered
  }

  var agent: Identifier
  var brokerHasIt: Duration?
  var answered: Duration?
  var written: Duration?
  /// The last report of each channel, and when it was first seen to have ended.
  var channels: [(report: SelfTestReport.Channel, ended: Duration?)] = []

  init(agent: Identifier) {
    self.agent = agent
  }

  mutating func note(_ report: SelfTestReport, at time: Duration) {
    written = written ?? time
    let before = channels
    channels = report.channels.map { channel in
      let known = before.first { $0.report.id == channel.id }?.ended
      return (channel, known ?? (channel.standing == .waiting ? nil : time))
    }
  }

  /// A report can be seen before the answer that it is of.
  var isComplete: Bool {
    answered != nil && !channels.isEmpty && channels.allSatisfy { $0.ended != nil }
  }

  var standing: Standing {
    guard answered != nil, written != nil else { return .unanswered }
    return channels.allSatisfy { $0.report.standing == .delivered } ? .passed : .failed
  }

  /// For a person.
  var lines: [String] {
    var rows = [
      ["HOP", "AFTER", "TOOK", "RESULT"],
      row("broker", brokerHasIt, "has the request"),
      row("agent \(agent)", answered, "has answered"),
      row("notifier", written, "has written it down"),
    ]
    for (channel, ended) in channels {
      let result = channel.standing == .delivered ? "delivered" : "NOT delivered"
      rows.append([
        "channel \(channel.id)", Self.text(ended), channel.tookMilliseconds.map { "\($0) ms" } ?? "",
        result + (channel.answer.map { ": \($0)" } ?? ""),
      ])
    }
    let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      (0..<3).map { row[$0] + String(repeating: " ", count: widths[$0] - row[$0].count + 2) }.joined()
        + row[3]
    }
  }

  private func row(_ hop: String, _ time: Duration?, _ result: String) -> [String] {
    [hop, Self.text(time), "", time == nil ? "NO ANSWER" : result]
  }

  private static func text(_ time: Duration?) -> String { time.map { "\($0.wholeMilliseconds) ms" } ?? "-" }
}

/// The table while it grows.
final class SelfTestBoard: Sendable {
  private struct State {
    var table: SelfTestTable
    var begin = ContinuousClock.now

    var now: Duration { ContinuousClock.now - begin }
  }

  private let state: Mutex<State>

  init(agent: Identifier) {
    state = Mutex(State(table: SelfTestTable(agent: agent)))
  }

  var table: SelfTestTable { state.withLock { $0.table } }

  func begin() { state.withLock { $0.begin = .now } }
  func brokerHasIt() { state.withLock { $0.table.brokerHasIt = $0.now } }
  func answered() { state.withLock { $0.table.answered = $0.table.answered ?? $0.now } }
  func note(_ report: SelfTestReport) { state.withLock { $0.table.note(report, at: $0.now) } }

  /// Whether all is there, or nothing more is waited for.
  func isOver(answer: Duration, channels: Duration) -> Bool {
    state.withLock { state in
      state.table.isComplete || state.now >= (state.table.written == nil ? answer : channels)
    }
  }
}
