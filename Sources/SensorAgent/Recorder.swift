import DoorCore
import GPIO
import Journal
import Logging

/// The stage between the lines and the journal: turns what the watcher reports into transitions and commits
/// them, in order, before anybody is told.
struct Recorder: Sendable {
  let doors: [Identifier: AgentSettings.Door]
  let journal: TransitionJournal
  let clock: AgentClock
  let logger: Logger
  /// Wakes whoever tells the broker.
  let committed: @Sendable () -> Void
  /// Called when the journal cannot take what has happened.
  let obstructed: @Sendable () -> Void

  /// Records until the reports end or the task is cancelled.
  func run(_ reports: AsyncStream<(LineName, LineReport)>) async throws {
    var sensors = doors.mapValues(\.sensor)
    var lastStates: [Identifier: DoorState] = [:]
    var missed: [Identifier: Int] = [:]
    for await (line, report) in reports {
      guard let door = doors[line.door] else { continue }
      if case .settled(_, let count) = report, count > 0 {
        missed[line.door, default: 0] += count
        logger.warning("door \(line.door): the kernel has dropped \(count) edges")
      }
      // A line that is not there is found missing again with every check.
      guard sensors[line.door]?.note(report.reading, of: line.role) == true else { continue }
      warn(of: report, line)
      // Nothing is said of a door before all of its lines have been looked at.
      guard let state = sensors[line.door]?.state, state != lastStates[line.door] else { continue }
      var draft = self.draft(state, of: door, report)
      // Only the first statement after the start is a boot; a line that comes back is a resync.
      if lastStates[line.door] == nil {
        draft.cause = .boot
      } else if draft.cause == .boot {
        draft.cause = .resync
      }
      draft.missed = missed.removeValue(forKey: line.door) ?? 0
      try await commit(draft, of: line.door)
      lastStates[line.door] = state
    }
  }

  private func warn(of report: LineReport, _ line: LineName) {
    switch report {
    case .settled: break
    case .chatters:
      logger.error(
        "door \(line.door) is a fault: its \(line.role) line changes without end; look at its wiring")
    case .unavailable(let error, _):
      logger.error("door \(line.door) is \(line.role == .contact ? "unknown" : "a fault"): \(error)")
    }
  }

  private func draft(_ state: DoorState, of door: AgentSettings.Door, _ report: LineReport) -> TransitionDraft
  {
    let time: MonotonicTime
    let cause: TransitionCause
    switch report {
    case .settled(let settlement, _): (time, cause) = (settlement.at, settlement.cause)
    case .chatters(let at): (time, cause) = (at, .edge)
    case .unavailable(_, let at): (time, cause) = (at, .resync)
    }
    return TransitionDraft(
      state: state, since: clock.utc(of: time), boot: clock.boot,
      uptimeMilliseconds: time.nanoseconds / 1_000_000, clock: clock.quality, cause: cause,
      simulated: door.source.isSimulated)
  }

  /// Commits, and tries again for as long as the disk refuses: meanwhile the reports wait in their stream.
  private func commit(_ draft: TransitionDraft, of door: Identifier) async throws {
    var hasFailed = false
    while true {
      do throws(JournalError) {
        // A restart that finds the door as the journal left it is no transition.
        if draft.cause != .edge, try await journal.newest(of: door)?.state == draft.state {
          logger.info("door \(door) is still \(draft.state)")
          return
        }
        let transition = try await journal.append(draft, of: door)
        if hasFailed { logger.notice("the journal takes transitions again") }
        logger.info("door \(door) is \(transition.state)", metadata: ["seq": "\(transition.sequence)"])
        committed()
        return
      } catch {
        // Only a new start sets it aside.
        if case .damaged = error { throw error }
        if !hasFailed { logger.error("\(error)") }
        hasFailed = true
        obstructed()
        try await Task.sleep(for: .seconds(1))
      }
    }
  }
}

extension LineReport {
  /// What the line says.
  var reading: DoorSensor.Reading {
    switch self {
    case .settled(let settlement, _): .level(settlement.level)
    case .chatters: .chatters
    case .unavailable: .unreadable
    }
  }
}
