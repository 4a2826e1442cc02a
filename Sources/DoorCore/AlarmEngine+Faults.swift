extension AlarmEngine {
  // MARK: Doors

  /// The newest of a door is that it cannot be watched.
  mutating func fault(of finding: Finding, at now: Moment) -> [Effect] {
    let (effects, severity) = judgeFault(of: [finding.door], at: now)
    return effects + [.raise(alert(.doorFault, severity, of: finding, at: now.wall), isHeld: false)]
  }

  /// A message of a door could not be read.
  package mutating func unreadable(_ door: DoorAddress, why: String, at now: Moment) -> [Effect] {
    let (effects, severity) = judgeFault(of: [door], at: now)
    let alert = Alert(
      id: "\(door)/unreadable/\(now.wall.milliseconds)",
      severity: severity,
      kind: .doorFault,
      area: area,
      subject: .door(door),
      condition: .fault(door),
      state: nil,
      at: now.wall,
      detail: why)
    return effects + [.raise(alert, isHeld: false)]
  }

  /// A door is known to be in a state in which it was before: what contradicts that is over.
  package func confirmed(_ door: DoorAddress, is state: DoorState) -> [Effect] {
    switch state {
    case .open: [.resolve(.fault(door))]
    case .closed: [.resolve(.fault(door)), .resolve(.open(door))]
    case .fault, .unknown: []
    }
  }

  /// A door moves while its agent cannot write its journal. `sequence` is what the transition will have when it
  /// is written after all, so that both are one alert.
  package mutating func movedOutsideJournal(
    _ door: DoorAddress, to state: DoorState, journal: String, sequence: Int64, at now: Moment
  ) -> [Effect] {
    let (effects, severity) = state == .closed ? ([], .trouble) : judgeFault(of: [door], at: now)
    let alert = Alert(
      id: Self.foretoldCause(door, journal, sequence),
      severity: severity,
      kind: severity == .alarm && state == .open ? .opened : .doorFault,
      area: area,
      subject: .door(door),
      condition: severity == .alarm && state == .open ? .open(door) : .fault(door),
      state: state,
      at: now.wall,
      detail: Alert.journalDetail)
    return effects + [.raise(alert, isHeld: false)]
  }

  /// A contact speaks of its battery.
  package func battery(of door: DoorAddress, isLow: Bool, at now: Moment) -> [Effect] {
    guard isLow else { return [.resolve(.battery(door))] }
    let alert = Alert(
      id: "\(door)/battery/\(now.wall.milliseconds)", severity: .trouble, kind: .batteryLow, area: area,
      subject: .door(door), condition: .battery(door), state: nil, at: now.wall)
    return [.raise(alert, isHeld: false)]
  }

  /// The agent's journal was lost or put back.
  package func journalRestarted(_ door: DoorAddress, to transition: Transition, at now: Moment) -> [Effect] {
    let alert = Alert(
      id: Self.cause(door, transition) + "/restarted",
      severity: .trouble,
      kind: .journalRestarted,
      area: area,
      subject: .door(door),
      state: transition.state,
      at: now.wall,
      simulated: transition.simulated)
    return [.raise(alert, isHeld: false)]
  }

  /// A door is open for longer than it should be.
  package func openTooLong(_ door: DoorAddress, _ watch: OpenDoorWatch, at now: Moment) -> [Effect] {
    let alert = Alert(
      id: watch.alert, severity: .trouble, kind: .openTooLong, area: area, subject: .door(door),
      condition: .open(door), state: .open, at: watch.since)
    return [.raise(alert, isHeld: false)]
  }

  /// Transitions of a door are missing, and its agent does not have them.
  package func historyGap(_ door: DoorAddress, count: Int64, at now: Moment) -> [Effect] {
    let alert = Alert(
      id: "\(door)/history-gap/\(now.wall.milliseconds)", severity: .trouble, kind: .historyGap, area: area,
      subject: .door(door), state: nil, at: now.wall, detail: "\(count)")
    return [.raise(alert, isHeld: false)]
  }

  // MARK: Agents

  /// An agent of doors of this area is not heard any more.
  package mutating func agentSilent(_ agent: Identifier, at now: Moment) -> [Effect] {
    let doors = policy.doors.keys.filter { $0.agent == agent }
    let (effects, severity) = judgeFault(of: doors, at: now)
    let alert = Alert(
      id: "\(agent)/\(area)/silent/\(now.wall.milliseconds)",
      severity: severity,
      kind: .agentSilent,
      area: area,
      subject: .agent(agent),
      condition: .silent(agent),
      state: nil,
      at: now.wall)
    return effects + [.raise(alert, isHeld: false)]
  }

  /// It is heard again.
  package func agentBack(_ agent: Identifier) -> [Effect] { [.resolve(.silent(agent))] }

  // MARK: The broker

  /// The broker cannot be reached: nothing is heard of any door.
  package mutating func brokerGone(why: String, at now: Moment) -> [Effect] {
    let (effects, severity) = judgeFault(of: Array(policy.doors.keys), at: now)
    let alert = Alert(
      id: "\(area)/broker-gone/\(now.wall.milliseconds)", severity: severity, kind: .brokerGone, area: area,
      subject: .broker, condition: .brokerGone, state: nil, at: now.wall, detail: why)
    return effects + [.raise(alert, isHeld: false)]
  }

  /// It is there again.
  package func brokerBack() -> [Effect] { [.resolve(.brokerGone)] }

  /// Another program uses this one's name at the broker: each takes the other's messages.
  package func clientTaken(_ name: String, at now: Moment) -> [Effect] {
    let alert = Alert(
      id: "\(area)/client-taken/\(now.wall.milliseconds)", severity: .trouble, kind: .clientTaken, area: area,
      subject: .broker, state: nil, at: now.wall, detail: name)
    return [.raise(alert, isHeld: false)]
  }

  /// What nobody watches is an alarm where it is guarded, and trouble otherwise.
  private mutating func judgeFault(
    of doors: [DoorAddress], at now: Moment
  ) -> (effects: [Effect], severity: Alert.Severity) {
    let isGuarded = doors.contains { response(of: $0, in: guardingMode).isGuarded }
    guard isGuarded else { return ([], .trouble) }
    return (trigger(abortWindow: .zero, at: now).effects, .alarm)
  }
}
