import AlarmStore
import BrokerLink
import DoorCore
import DoorWire
import MQTTProtocol

/// The stage between the broker and the store: judges what the doors' topics say, and commits history, record,
/// alarm state and outbox in one transaction for all that has come. Only then are the messages acknowledged.
struct DoorIntake: Sendable {
  let settings: NotifierSettings
  let store: AlarmStore

  private enum Content: Sendable {
    case state(Transition)
    case replayed(Transition)
    case unreadable(WireError)
  }

  /// Takes a batch of messages of door topics.
  func take(_ messages: [ReceivedMessage], now: Timestamp) async throws -> Outcome {
    let arrivals = messages.compactMap { message in
      settings.topics.doorAddress(of: message.topic).map { ($0, content(of: message)) }
    }
    return try await store.transact { store in
      var outcome = Outcome()
      for (door, content) in arrivals {
        switch content {
        case .state(let transition):
          try take(transition, of: door, store, now, &outcome)
        case .replayed(let transition):
          try takeReplayed(transition, of: door, store, now, &outcome)
        case .unreadable(let error):
          try takeUnreadable(error, of: door, store, now, &outcome)
        }
      }
      return outcome
    }
  }

  private func content(of message: ReceivedMessage) -> Content {
    do throws(WireError) {
      let transition = try DoorMessage(decoding: message.wholePayload()).transition
      return settings.topics.isReplayed(message.topic) ? .replayed(transition) : .state(transition)
    } catch {
      return .unreadable(error)
    }
  }

  private func take(
    _ transition: Transition, of door: DoorAddress, _ store: borrowing StoreTransaction, _ now: Timestamp,
    _ outcome: inout Outcome
  ) throws {
    if try store.setUnreadable(false, door) { outcome.warnings.append("\(door) is readable again") }
    let record = try store.record(of: door)
    let holding = try store.holding(of: door, for: transition, record: record)
    switch Intake.judge(transition, record: record, holding: holding, now: now) {
    case .duplicate(let restate):
      if restate { outcome.restate.insert(door.agent) }
    case .filledGap:
      try fillGap(transition, of: door, store, now, &outcome)
    case .transition(let manner, let isChange, let missing):
      try append(transition, manner, isNewest: true, isFinding: isChange, door, store, now, &outcome)
      try miss(missing, transition, door, store, &outcome)
    case .baseline:
      try append(transition, .baseline, isNewest: true, isFinding: true, door, store, now, &outcome)
    case .journalRestarted(let isChange):
      outcome.warnings.append("\(door): the agent's journal began anew at transition \(transition.sequence)")
      try append(transition, .restarted, isNewest: true, isFinding: isChange, door, store, now, &outcome)
      if holding == .nothing, transition.sequence > 1 {
        try miss(1...(transition.sequence - 1), transition, door, store, &outcome)
      }
      if let area = settings.doors[door]?.area {
        let engine = try store.engine(of: area, now: now)
        try raise(engine.journalRestarted(door, to: transition, now: now), store, now, &outcome)
      }
    }
  }

  private func takeReplayed(
    _ transition: Transition, of door: DoorAddress, _ store: borrowing StoreTransaction, _ now: Timestamp,
    _ outcome: inout Outcome
  ) throws {
    let holding = try store.holding(of: door, for: transition, record: try store.record(of: door))
    if Intake.judgeReplayed(holding: holding) == .filledGap {
      try fillGap(transition, of: door, store, now, &outcome)
    }
  }

  private func takeUnreadable(
    _ error: WireError, of door: DoorAddress, _ store: borrowing StoreTransaction, _ now: Timestamp,
    _ outcome: inout Outcome
  ) throws {
    outcome.warnings.append("the topic of \(door) holds no door's state: \(error)")
    // The agent's own statement puts the topic right again.
    outcome.restate.insert(door.agent)
    guard try store.setUnreadable(true, door) else { return }
    try decide(door, store, now, &outcome) { $0.unreadable(door, why: error.description, now: now) }
  }

  private func fillGap(
    _ transition: Transition, of door: DoorAddress, _ store: borrowing StoreTransaction, _ now: Timestamp,
    _ outcome: inout Outcome
  ) throws {
    try append(transition, .replayed, isNewest: false, isFinding: true, door, store, now, &outcome)
    try store.closeGap(at: transition.sequence, of: door, journal: transition.journal)
  }

  private func miss(
    _ missing: ClosedRange<Int64>?, _ transition: Transition, _ door: DoorAddress,
    _ store: borrowing StoreTransaction, _ outcome: inout Outcome
  ) throws {
    guard let missing else { return }
    outcome.warnings.append(
      "\(door): transitions \(missing.lowerBound) to \(missing.upperBound) are missing; asking back")
    try store.openGap(missing, of: door, journal: transition.journal)
    outcome.replay.insert(door.agent)
  }

  private func append(
    _ transition: Transition, _ manner: Intake.Manner, isNewest: Bool, isFinding: Bool, _ door: DoorAddress,
    _ store: borrowing StoreTransaction, _ now: Timestamp, _ outcome: inout Outcome
  ) throws {
    let area = settings.doors[door]?.area
    // Without a clock to trust, the time of arrival is the best that is known.
    let happened = transition.clock == .synced ? transition.since : now
    let mode = try area.map { try store.mode(of: $0, at: happened) }
    try store.append(transition, of: door, manner: manner, mode: mode, received: now, isNewest: isNewest)
    guard isFinding, let mode else { return }
    try decide(door, store, now, &outcome) {
      $0.handle(
        AlarmEngine.Finding(
          door: door, transition: transition, manner: manner, wasArmed: mode.isArmed, isCurrent: isNewest),
        now: now)
    }
  }

  /// Lets the engine of the door's area decide, and keeps what it decides.
  private func decide(
    _ door: DoorAddress, _ store: borrowing StoreTransaction, _ now: Timestamp, _ outcome: inout Outcome,
    _ body: (inout AlarmEngine) -> Alert?
  ) throws {
    guard let area = settings.doors[door]?.area else { return }
    let before = try store.engine(of: area, now: now)
    var engine = before
    let alert = body(&engine)
    if engine != before {
      try store.save(engine, before: before)
      outcome.areas.insert(area)
    }
    if let alert { try raise(alert, store, now, &outcome) }
  }

  private func raise(
    _ alert: Alert, _ store: borrowing StoreTransaction, _ now: Timestamp, _ outcome: inout Outcome
  ) throws {
    if try store.raise(alert, through: settings.channels.map(\.id), now: now) { outcome.alerts.append(alert) }
  }
}
