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
  func take(_ messages: [ReceivedMessage], now: Moment) async throws -> Outcome {
    let arrivals = messages.compactMap { message in
      settings.topics.doorAddress(of: message.topic).map { ($0, content(of: message)) }
    }
    return try await store.transact { store in
      var session = AreaSession(settings: settings, now: now)
      for (door, content) in arrivals {
        switch content {
        case .state(let transition):
          try take(transition, of: door, store, &session)
        case .replayed(let transition):
          try takeReplayed(transition, of: door, store, &session)
        case .unreadable(let error):
          try takeUnreadable(error, of: door, store, &session)
        }
      }
      return session.outcome
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
    _ transition: Transition, of door: DoorAddress, _ store: borrowing StoreTransaction,
    _ session: inout AreaSession
  ) throws {
    if try store.setUnreadable(false, door) {
      session.outcome.warnings.append("\(door) is readable again")
      try decide(door, store, &session) { $0.confirmed(door, is: transition.state) }
    }
    let record = try store.record(of: door)
    let holding = try store.holding(of: door, for: transition, record: record)
    switch Intake.judge(transition, record: record, holding: holding, now: session.now.wall) {
    case .duplicate(let restate):
      if restate {
        session.outcome.restate.insert(door.agent)
      } else {
        // Of a silent agent it is a broker that says so.
        let state = try store.state(of: door)
        try decide(door, store, &session) { $0.confirmed(door, is: state) }
      }
    case .filledGap:
      try fillGap(transition, of: door, store, &session)
    case .transition(let manner, let isChange, let missing):
      try session.append(transition, of: door, manner, isNewest: true, isFinding: isChange, store)
      try miss(missing, transition, door, store, &session)
    case .baseline:
      try session.append(transition, of: door, .baseline, isNewest: true, isFinding: true, store)
    case .journalRestarted(let isChange):
      session.outcome.warnings.append(
        "\(door): the agent's journal began anew at transition \(transition.sequence)")
      try session.append(transition, of: door, .restarted, isNewest: true, isFinding: isChange, store)
      if holding == .nothing, transition.sequence > 1 {
        try miss(1...(transition.sequence - 1), transition, door, store, &session)
      }
      let now = session.now
      try decide(door, store, &session) { $0.journalRestarted(door, to: transition, at: now) }
    }
  }

  private func takeReplayed(
    _ transition: Transition, of door: DoorAddress, _ store: borrowing StoreTransaction,
    _ session: inout AreaSession
  ) throws {
    let holding = try store.holding(of: door, for: transition, record: try store.record(of: door))
    if Intake.judgeReplayed(holding: holding) == .filledGap {
      try fillGap(transition, of: door, store, &session)
    }
  }

  private func takeUnreadable(
    _ error: WireError, of door: DoorAddress, _ store: borrowing StoreTransaction,
    _ session: inout AreaSession
  ) throws {
    session.outcome.warnings.append("the topic of \(door) holds no door's state: \(error)")
    // The agent's own statement puts the topic right again.
    session.outcome.restate.insert(door.agent)
    guard try store.setUnreadable(true, door) else { return }
    let now = session.now
    try decide(door, store, &session) { $0.unreadable(door, why: error.description, at: now) }
  }

  private func fillGap(
    _ transition: Transition, of door: DoorAddress, _ store: borrowing StoreTransaction,
    _ session: inout AreaSession
  ) throws {
    try session.append(transition, of: door, .replayed, isNewest: false, isFinding: true, store)
    try store.closeGap(at: transition.sequence, of: door, journal: transition.journal)
  }

  private func miss(
    _ missing: ClosedRange<Int64>?, _ transition: Transition, _ door: DoorAddress,
    _ store: borrowing StoreTransaction, _ session: inout AreaSession
  ) throws {
    guard let missing else { return }
    session.outcome.warnings.append(
      "\(door): transitions \(missing.lowerBound) to \(missing.upperBound) are missing; asking back")
    try store.openGap(missing, of: door, journal: transition.journal)
    session.outcome.replay.insert(door.agent)
  }

  /// Lets the engine of the door's area decide.
  private func decide(
    _ door: DoorAddress, _ store: borrowing StoreTransaction, _ session: inout AreaSession,
    _ body: (inout AlarmEngine) -> [AlarmEngine.Effect]
  ) throws {
    guard let area = settings.doors[door]?.area else { return }
    try session.decide(area, store, body)
  }
}
