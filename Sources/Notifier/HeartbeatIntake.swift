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

  func take(_ heartbeat: HeartbeatMessage, of agent: Identifier, now: Timestamp) async throws -> Outcome {
    var outcome = Outcome()
    for (id, beat) in heartbeat.doors {
      let door = DoorAddress(agent: agent, door: id)
      let record = try await store.transact { try $0.record(of: door) }
      let verdict = Reconciliation.judge(
        journal: heartbeat.journal, sequence: beat.sequence, state: beat.state, record: record)
      if verdict == .recordIsBehind { outcome.restate.insert(agent) }
      guard verdict == .notInJournal, let area = settings.doors[door]?.area else {
        suspicions[door] = nil
        continue
      }
      let suspicion = Suspicion(journal: heartbeat.journal, beat: beat)
      if suspicions.updateValue(suspicion, forKey: door) == suspicion {
        try await raise(door, in: area, suspicion, now, &outcome)
      }
    }
    if try await store.transact({ try !$0.gaps(ofAgent: agent, limit: 1).isEmpty }) {
      outcome.replay.insert(agent)
    }
    return outcome
  }

  private func raise(
    _ door: DoorAddress, in area: Identifier, _ suspicion: Suspicion, _ now: Timestamp,
    _ outcome: inout Outcome
  ) async throws {
    let channels = settings.channels.map(\.id)
    let alert = try await store.transact { store -> Alert? in
      // Until the agent's next statement nobody is to take the record for the door's state.
      guard try store.setUnreadable(true, door) else { return nil }
      let before = try store.engine(of: area, now: now)
      var engine = before
      let alert = engine.movedOutsideJournal(
        door, to: suspicion.beat.state, journal: suspicion.journal, sequence: suspicion.beat.sequence + 1,
        now: now)
      try store.save(engine, before: before)
      return try store.raise(alert, through: channels, now: now) ? alert : nil
    }
    guard let alert else { return }
    outcome.alerts.append(alert)
    outcome.areas.insert(area)
    outcome.warnings.append("\(door) is \(suspicion.beat.state), which its agent's journal does not have")
  }
}
