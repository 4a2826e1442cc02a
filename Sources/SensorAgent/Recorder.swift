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
  func run(_ reports: AsyncStream<(Identifier, LineReport)>) async throws {
    var lastStates: [Identifier: DoorState] = [:]
    var seen: Set<Identifier> = []
    for await (door, report) in reports {
      guard let settings = doors[door] else { continue }
      var draft = self.draft(report, of: settings)
      // Only the first statement after the start is a boot; a line that comes back is a resync.
      if !seen.insert(door).inserted, draft.cause == .boot { draft.cause = .resync }
      if lastStates[door] == draft.state { continue }
      if case .unavailable(let error, _) = report { logger.error("door \(door) is unknown: \(error)") }
      try await commit(draft, of: door)
      lastStates[door] = draft.state
    }
  }

  private func draft(_ report: LineReport, of door: AgentSettings.Door) -> TransitionDraft {
    let state: DoorState
    let time: MonotonicTime
    let cause: TransitionCause
    switch report {
    case .settled(let settlement):
      (state, time, cause) = (door.contact.state(at: settlement.level), settlement.at, settlement.cause)
    case .unavailable(_, let at):
      (state, time, cause) = (.unknown, at, .boot)
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
        if !hasFailed { logger.error("\(error)") }
        hasFailed = true
        obstructed()
        try await Task.sleep(for: .seconds(1))
      }
    }
  }
}
