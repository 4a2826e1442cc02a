/// Decides for one area what is an alarm: a pure function of its state, an input and the time.
package struct AlarmEngine: Sendable, Equatable {
  /// How an area is armed, in the words of Home Assistant's alarm control panel.
  package enum ArmMode: String, Sendable, CaseIterable {
    case disarmed
    case armedAway = "armed_away"

    package var isArmed: Bool { self != .disarmed }
  }

  package let area: Identifier
  package private(set) var mode: ArmMode
  /// When the mode was set.
  package private(set) var since: Timestamp
  /// An alarm was raised since the area was armed.
  package private(set) var isTriggered: Bool

  package init(area: Identifier, mode: ArmMode, since: Timestamp, isTriggered: Bool) {
    self.area = area
    self.mode = mode
    self.since = since
    self.isTriggered = isTriggered
  }

  /// The area's state as Home Assistant names it.
  package var stateName: String { isTriggered ? "triggered" : mode.rawValue }

  // MARK: Commands

  package enum Command: Sendable, Equatable {
    /// `force`: also with doors that are not known to be closed.
    case arm(force: Bool)
    case disarm
  }

  package enum CommandOutcome: Sendable, Equatable {
    case changed
    /// The area is already so.
    case unchanged
    /// Arming is refused; these doors are not known to be closed.
    case refused([DoorAddress: DoorState])
  }

  /// - Parameter doors: the state of every door of the area; `unknown` for one that was never heard of.
  package mutating func handle(
    _ command: Command, doors: [DoorAddress: DoorState], now: Timestamp
  ) -> CommandOutcome {
    switch command {
    case .arm(let force):
      guard !mode.isArmed else { return .unchanged }
      let notClosed = doors.filter { $0.value != .closed }
      guard notClosed.isEmpty || force else { return .refused(notClosed) }
      mode = .armedAway
    case .disarm:
      guard mode.isArmed else { return .unchanged }
      mode = .disarmed
    }
    since = now
    isTriggered = false
    return .changed
  }

  // MARK: Doors

  /// What became known of a door of this area.
  package struct Finding: Sendable, Equatable {
    package var door: DoorAddress
    package var transition: Transition
    package var manner: Intake.Manner
    /// Whether the area was armed when it happened, as far as that time is known.
    package var wasArmed: Bool
    /// It is the door's newest transition, so its state is the door's state now.
    package var isCurrent: Bool

    package init(
      door: DoorAddress, transition: Transition, manner: Intake.Manner, wasArmed: Bool, isCurrent: Bool
    ) {
      self.door = door
      self.transition = transition
      self.manner = manner
      self.wasArmed = wasArmed
      self.isCurrent = isCurrent
    }
  }

  /// Returns the alert that the finding is; nil where it is nothing that anybody has to be told.
  package mutating func handle(_ finding: Finding, now: Timestamp) -> Alert? {
    guard let (kind, severity) = judge(finding) else { return nil }
    // The past can be an alarm to be told, but it does not trigger an area that is disarmed by now.
    if severity == .alarm, mode.isArmed { isTriggered = true }
    let transition = finding.transition
    return Alert(
      id: Self.cause(finding.door, transition),
      foretoldAs: Self.foretoldCause(finding.door, transition.journal, transition.sequence),
      severity: severity,
      kind: kind,
      area: area,
      subject: .door(finding.door),
      state: transition.state,
      at: transition.clock == .synced ? transition.since : now,
      isLate: finding.manner == .late || finding.manner == .replayed,
      simulated: transition.simulated)
  }

  private func judge(_ finding: Finding) -> (Alert.Kind, Alert.Severity)? {
    switch finding.transition.state {
    case .closed:
      return nil
    case .open:
      switch finding.manner {
      case .live, .restarted:
        // Armed when it happened or when it is heard of: an alarm too many beats one too few here.
        if finding.wasArmed || mode.isArmed { return (.opened, .alarm) }
      case .late, .replayed:
        if finding.wasArmed { return (.opened, .alarm) }
        if finding.isCurrent, mode.isArmed { return (.standingOpen, .trouble) }
      case .baseline:
        if mode.isArmed { return (.standingOpen, .trouble) }
      }
      return nil
    case .fault, .unknown:
      guard finding.isCurrent else { return nil }
      return (.doorFault, mode.isArmed ? .alarm : .trouble)
    }
  }

  /// What an alert of a transition is known by. The time is in it because a journal that was put back gives a
  /// number a second meaning, and that is another cause.
  private static func cause(_ door: DoorAddress, _ transition: Transition) -> String {
    "\(door)/\(transition.journal)/\(transition.sequence)/\(transition.since.milliseconds)"
  }

  /// What an alert of a transition is known by before there is one: its number is all that is known of it.
  private static func foretoldCause(_ door: DoorAddress, _ journal: String, _ sequence: Int64) -> String {
    "\(door)/\(journal)/\(sequence)/foretold"
  }

  /// A message of a door could not be read.
  package mutating func unreadable(_ door: DoorAddress, why: String, now: Timestamp) -> Alert {
    if mode.isArmed { isTriggered = true }
    return Alert(
      id: "\(door)/unreadable/\(now.milliseconds)",
      severity: mode.isArmed ? .alarm : .trouble,
      kind: .doorFault,
      area: area,
      subject: .door(door),
      state: nil,
      at: now,
      detail: why)
  }

  /// A door moves while its agent cannot write its journal. `sequence` is what the transition will have when it
  /// is written after all, so that both are one alert.
  package mutating func movedOutsideJournal(
    _ door: DoorAddress, to state: DoorState, journal: String, sequence: Int64, now: Timestamp
  ) -> Alert {
    let isAlarm = mode.isArmed && state != .closed
    if isAlarm { isTriggered = true }
    return Alert(
      id: Self.foretoldCause(door, journal, sequence),
      severity: isAlarm ? .alarm : .trouble,
      kind: isAlarm && state == .open ? .opened : .doorFault,
      area: area,
      subject: .door(door),
      state: state,
      at: now,
      detail: "its agent cannot write its journal: is the disk full?")
  }

  /// The agent's journal was lost or put back.
  package func journalRestarted(_ door: DoorAddress, to transition: Transition, now: Timestamp) -> Alert {
    Alert(
      id: Self.cause(door, transition) + "/restarted",
      severity: .trouble,
      kind: .journalRestarted,
      area: area,
      subject: .door(door),
      state: transition.state,
      at: now,
      simulated: transition.simulated,
      detail: "the agent's journal began anew: transitions before this one may be missing")
  }

  // MARK: Agents

  /// An agent of a door of this area is not heard any more.
  package mutating func agentSilent(_ agent: Identifier, now: Timestamp) -> Alert {
    if mode.isArmed { isTriggered = true }
    return Alert(
      id: "\(agent)/\(area)/silent/\(now.milliseconds)",
      severity: mode.isArmed ? .alarm : .trouble,
      kind: .agentSilent,
      area: area,
      subject: .agent(agent),
      state: nil,
      at: now)
  }

  /// It is heard again.
  package func agentBack(_ agent: Identifier, now: Timestamp) -> Alert {
    Alert(
      id: "\(agent)/\(area)/back/\(now.milliseconds)",
      severity: .trouble,
      kind: .agentBack,
      area: area,
      subject: .agent(agent),
      state: nil,
      at: now)
  }
}
