import AlarmStore
import DoorCore

/// Arms and disarms areas at their times.
struct ScheduleKeeping {
  private static let memory = "schedules"

  let settings: NotifierSettings

  /// Obeys what is due, and returns when more is; nil where no schedule is set.
  func obey(_ store: borrowing StoreTransaction, _ session: inout AreaSession) throws -> Timestamp? {
    guard !settings.schedules.isEmpty else { return nil }
    let now = session.now.wall
    let kept = try store.remembered(Self.memory, as: [String: ScheduleLedger].self) ?? [:]
    var ledgers: [String: ScheduleLedger] = [:]
    var due: [Identifier: (at: Timestamp, schedule: Schedule)] = [:]
    var next: Timestamp?
    for schedule in settings.schedules {
      // A schedule that is new begins now.
      var ledger = kept[name(of: schedule)] ?? ScheduleLedger(now: now)
      if let last = last(of: schedule, after: ledger.due(now: now), upTo: now) {
        ledger.note(now: now)
        // Of many that were missed the last one counts: the area is to be as it would be.
        if last >= due[schedule.area]?.at ?? last { due[schedule.area] = (last, schedule) }
      } else if ledger.due(now: now) == now {
        // One that was kept while the clock was wrong begins anew.
        ledger.note(now: now)
      }
      ledgers[name(of: schedule)] = ledger
      if let time = settings.calendar.next(schedule.time, on: schedule.days, after: now) {
        next = min(next ?? time, time)
      }
    }
    if ledgers != kept { try store.remember(ledgers, as: Self.memory) }
    for (_, schedule) in due.values { try obey(schedule, store, &session) }
    return next
  }

  private func obey(
    _ schedule: Schedule, _ store: borrowing StoreTransaction, _ session: inout AreaSession
  ) throws {
    let doors = try session.doors(of: schedule.area, store)
    let now = session.now
    let person = "the schedule"
    var outcome = AlarmEngine.CommandOutcome.unchanged
    try session.decide(schedule.area, store) { engine in
      // Nobody is there who knows of the alarm: it is a person's to end.
      guard !engine.isAlarmUnderWay else {
        outcome = .alarmUnderWay
        return []
      }
      let (result, effects) = engine.handle(schedule.command, by: person, doors: doors, at: now)
      outcome = result
      return effects.filter { if case .acknowledge = $0 { false } else { true } }
    }
    let text = CommandText(settings: settings)
    let command = text.name(of: schedule.command)
    try store.noteCommand(
      CommandRecord(
        at: now.wall, area: schedule.area, person: person, source: "notifier", command: command,
        outcome: text.word(of: outcome)))
    guard !outcome.isObeyed else { return }
    try session.raise(
      Alert(
        id: "\(schedule.area)/schedule/\(now.wall.milliseconds)", severity: .trouble, kind: .scheduleFailed,
        area: schedule.area, subject: .area, state: nil, at: now.wall,
        detail: text.reason(of: outcome, in: schedule.area)), store)
  }

  /// The last time that it was to be obeyed in a span of time; nil where there was none.
  private func last(of schedule: Schedule, after start: Timestamp, upTo end: Timestamp) -> Timestamp? {
    var last: Timestamp?
    var time = start
    // A ledger reaches back for some days at most, and each has one time.
    while let next = settings.calendar.next(schedule.time, on: schedule.days, after: time), next <= end {
      last = next
      time = next
    }
    return last
  }

  private func name(of schedule: Schedule) -> String {
    let days = Weekday.allCases.filter(schedule.days.contains).map(\.rawValue).joined(separator: ",")
    return
      "\(schedule.area) \(days) \(schedule.time) \(CommandText(settings: settings).name(of: schedule.command))"
  }
}
