import AlarmStore
import DoorCore
import DoorWire

/// The stage that holds an agent's heartbeat against the record: it shows a tail of transitions that was lost,
/// which no later transition would, and a door that moves while the agent cannot write its journal.
actor HeartbeatIntake {
  private struct Suspicion: Equatable {
    var journal: String
    var beat: HeartbeatMessage.Door
  }

  private let settings: NotifierSettings
  private let store: AlarmStore
  /// What the last heartbeat said of doors that have moved without a transition; at most the configured doors.
  private var suspicions: [DoorAddress: Suspicion] = [:]

  init(settings: NotifierSettings, store: AlarmStore) {
    self.settings = settings
    self.store = store
  }

  func take(_ heartbeat: HeartbeatMessage, of agent: Identifier, now: Moment) async throws -> Outcome {
    let (verdicts, hasGaps, given) = try await store.transact { [settings] store in
      var verdicts: [DoorAddress: Reconciliation.Verdict] = [:]
      for (id, beat) in heartbeat.doors {
        let door = DoorAddress(agent: agent, door: id)
        verdicts[door] = Reconciliation.judge(
          journal: heartbeat.journal, sequence: beat.sequence, state: beat.state,
          record: try store.record(of: door))
      }
      var session = AreaSession(settings: settings, now: now)
      for gap in try store.giveUpGaps(ofAgent: agent) {
        guard let area = settings.doors[gap.door]?.area else { continue }
        try session.decide(area, store) { $0.historyGap(gap.door, count: gap.count, at: now) }
      }
      return (verdicts, try store.hasGaps(ofAgent: agent), session.outcome)
    }
    var outcome = given
    if hasGaps { outcome.replay.insert(agent) }
    for (door, verdict) in verdicts {
      if verdict == .recordIsBehind { outcome.restate.insert(agent) }
      guard verdict == .notInJournal, settings.doors[door] != nil, let beat = heartbeat.doors[door.door]
      else {
        suspicions[door] = nil
        continue
      }
      let suspicion = Suspicion(journal: heartbeat.journal, beat: beat)
      guard suspicions.updateValue(suspicion, forKey: door) == suspicion else { continue }
      outcome.merge(try await believe(suspicion, of: door, now))
    }
    return outcome
  }

  private func believe(_ suspicion: Suspicion, of door: DoorAddress, _ now: Moment) async throws -> Outcome {
    guard let area = settings.doors[door]?.area else { return Outcome() }
    return try await store.transact { [settings] store in
      var session = AreaSession(settings: settings, now: now)
      // Until the agent's next statement nobody is to take the record for the door's state.
      guard try store.setUnreadable(true, door) else { return session.outcome }
      let state = suspicion.beat.state
      session.outcome.warnings.append("\(door) is \(state), which its agent's journal does not have")
      try session.decide(area, store) { engine in
        engine.movedOutsideJournal(
          door, to: state, journal: suspicion.journal, sequence: suspicion.beat.sequence + 1, at: now)
      }
      return session.outcome
    }
  }
}
