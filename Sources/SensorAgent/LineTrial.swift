import Appliance
package import DoorCore
package import GPIO

/// What `door-agent try` does: shows the edges of lines as they come, and what is left of them after debouncing.
package struct LineTrial: Sendable {
  /// What is tried.
  package struct Line: Sendable {
    package var watched: WatchedLine
    package var contact: Contact

    package init(watched: WatchedLine, contact: Contact) {
      self.watched = watched
      self.contact = contact
    }
  }

  private let lines: [Line]
  private let checkPeriod: Duration
  private let say: @Sendable (String) -> Void

  /// - Parameters:
  ///   - checkPeriod: how often the levels are read, whether or not edges come.
  ///   - say: gets each line of text; called on the watcher's thread.
  package init(
    lines: [Line], checkPeriod: Duration = .seconds(1), say: @escaping @Sendable (String) -> Void
  ) {
    self.lines = lines
    self.checkPeriod = checkPeriod
    self.say = say
  }

  /// Shows what happens until the task is cancelled.
  package func run() async throws(LineError) {
    let contacts = Dictionary(
      lines.map { ($0.watched.name, $0.contact) }, uniquingKeysWith: { first, _ in first })
    let isOne = lines.count == 1
    let name = { @Sendable (line: LineName) in
      isOne ? "" : "\(line.door)\(line.role == .tamper ? " tamper" : "")  "
    }
    let moment = { @Sendable (time: MonotonicTime) in
      TimeOfDay(milliseconds: AgentClock.Reading().utc(of: time).milliseconds)
    }
    let watcher = LineWatcher(lines: lines.map(\.watched), checkPeriod: checkPeriod)
    let say = say
    try await watcher.run { line, level, time in
      say("\(moment(time))  \(name(line))  edge to \(level)")
    } report: { line, report in
      switch report {
      case .settled(let settlement, let missed):
        let state = contacts[line].map { " = \($0.state(at: settlement.level))" } ?? ""
        let lost = missed > 0 ? " (\(missed) edges were dropped by the kernel)" : ""
        say("\(moment(settlement.at))  \(name(line))\(settlement.level)\(state)\(lost)")
      case .chatters(let at):
        say("\(moment(at))  \(name(line))changes without end: look at the wiring")
      case .unavailable(let error, let at):
        say("\(moment(at))  \(name(line))\(error)")
      }
    }
  }
}

extension AgentSettings.Door {
  /// Its lines, to be tried.
  package var trialLines: [LineTrial.Line] {
    lines.map { line in
      let loop = line.name.role == .tamper ? tamper?.contact : nil
      return LineTrial.Line(watched: line, contact: loop ?? contact)
    }
  }
}
