import Appliance
import DoorCore
import GPIO
import Journal
import Logging
import Threads

/// The stage between the lines and the journal: turns what the watcher reports into transitions and commits
/// them, in order, before anybody is told. It works on the journal's thread.
actor Recorder {
  /// What comes to the recorder, in the order in which it happened.
  enum Input: Sendable {
    case report(LineName, LineReport)
    /// A line has begun to move; what it comes to is reported when it has settled.
    case lineMoves
    /// These are the doors from now on.
    case doors([AgentSettings.Door])
    /// The journal has begun anew and does not know the doors.
    case journalBegun
    /// Is it alive?
    case question
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { journal.unownedExecutor }

  private let journal: TransitionJournal
  private let clock: AgentClock
  private let logger: Logger
  private let metrics: AgentMetrics
  private let life: Watchdog.Stage
  private let committed: @Sendable () -> Void
  private let obstructed: @Sendable () -> Void
  /// Made when a line begins to move, so that it is there when it has settled: then an alarm waits.
  private var clocks = AgentClock.Reading()
  private var sensors: DoorSensors
  private var lastStates: [Identifier: DoorState] = [:]
  private var missed: [Identifier: Int] = [:]

  /// - Parameters:
  ///   - life: answers while the recorder works, also while the disk refuses.
  ///   - committed: wakes whoever tells the broker.
  ///   - obstructed: called when the journal cannot take what has happened.
  init(
    doors: [AgentSettings.Door], journal: TransitionJournal, clock: AgentClock, logger: Logger,
    metrics: AgentMetrics, life: Watchdog.Stage, committed: @escaping @Sendable () -> Void,
    obstructed: @escaping @Sendable () -> Void
  ) {
    sensors = DoorSensors(doors)
    self.journal = journal
    self.clock = clock
    self.logger = logger
    self.metrics = metrics
    self.life = life
    self.committed = committed
    self.obstructed = obstructed
  }

  /// Records until the inputs end or the task is cancelled.
  func run(_ inputs: AsyncStream<Input>) async throws {
    for await input in inputs {
      switch input {
      case .report(let line, let report): try await take(report, of: line)
      case .lineMoves: clocks = AgentClock.Reading()
      case .doors(let doors): try await change(to: doors)
      case .journalBegun:
        for (door, state) in sensors.states.sorted(by: { $0.key < $1.key }) {
          try await commit(draft(state, of: door, at: .now, cause: .boot), of: door)
        }
      case .question: life.answer()
      }
    }
  }

  private func take(_ report: LineReport, of line: LineName) async throws {
    if case .settled(_, let count) = report, count > 0 {
      missed[line.door, default: 0] += count
      metrics.missed(count, of: line.door)
      logger.warning("door \(line.door): the kernel has dropped \(count) edges")
    }
    // A line that is not there is found missing again with every check.
    guard sensors.note(report.reading, of: line) else { return }
    warn(of: report, line)
    switch report {
    case .settled(let settlement, _): try await state(line.door, at: settlement.at, cause: settlement.cause)
    case .chatters(let at): try await state(line.door, at: at, cause: .edge)
    case .unavailable(_, let at): try await state(line.door, at: at, cause: .resync)
    }
  }

  private func change(to doors: [AgentSettings.Door]) async throws {
    sensors.change(to: doors)
    lastStates = lastStates.filter { sensors.settings(of: $0.key) != nil }
    missed = missed.filter { sensors.settings(of: $0.key) != nil }
    // The same level can mean another state now.
    for door in doors { try await state(door.id, at: .now, cause: .resync) }
  }

  /// Commits the door's state, where it is another one than before.
  private func state(_ door: Identifier, at time: MonotonicTime, cause: TransitionCause) async throws {
    // Nothing is said of a door before all of its lines have been looked at.
    guard let state = sensors.state(of: door), state != lastStates[door] else { return }
    // Only the first statement after the start is a boot; a line that comes back is a resync.
    let isFirst = lastStates[door] == nil
    try await commit(
      draft(state, of: door, at: time, cause: isFirst ? .boot : cause == .boot ? .resync : cause), of: door)
    missed[door] = nil
    lastStates[door] = state
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

  private func draft(
    _ state: DoorState, of door: Identifier, at time: MonotonicTime, cause: TransitionCause
  ) -> TransitionDraft {
    if !clocks.isNear(time) { clocks = AgentClock.Reading() }
    return TransitionDraft(
      state: state, since: clocks.utc(of: time), boot: clock.boot,
      uptimeMilliseconds: time.nanoseconds / 1_000_000, clock: clocks.quality, cause: cause,
      missed: missed[door] ?? 0, simulated: sensors.settings(of: door)?.source.isSimulated ?? false)
  }

  /// Commits, and tries again for as long as the disk refuses: meanwhile the inputs wait in their stream.
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
        metrics.recorded(door)
        committed()
        // Whoever tells the broker goes first, and need not wait for what is logged.
        await Task.yield()
        giveWay()
        if hasFailed { logger.notice("the journal takes transitions again") }
        logger.info("door \(door) is \(transition.state)", metadata: ["seq": "\(transition.sequence)"])
        return
      } catch {
        // Only a new start sets it aside.
        if case .damaged = error { throw error }
        if !hasFailed { logger.error("\(error)") }
        hasFailed = true
        metrics.journalFailed()
        obstructed()
        life.answer()
        try await pause(for: .seconds(1))
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
