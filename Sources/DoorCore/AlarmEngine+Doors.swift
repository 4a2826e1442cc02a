extension AlarmEngine {
  /// How the area was when something happened.
  package struct Past: Sendable, Equatable {
    package var state: AreaState
    package var mode: ArmMode?
    /// When it was disarmed for the first time after that; nil where it has not been.
    package var disarmed: Timestamp?
    /// The doors that were not guarded although the mode said so.
    package var bypassed: Set<DoorAddress>

    package init(
      state: AreaState, mode: ArmMode?, disarmed: Timestamp?, bypassed: Set<DoorAddress> = []
    ) {
      self.state = state
      self.mode = mode
      self.disarmed = disarmed
      self.bypassed = bypassed
    }

    var wasArmed: Bool { state.isArmed }
  }

  /// What became known of a door of this area.
  package struct Finding: Sendable, Equatable {
    package var door: DoorAddress
    package var transition: Transition
    package var manner: Intake.Manner
    /// How the area was when it happened, as far as that time is known.
    package var past: Past
    /// It is the door's newest transition, so its state is the door's state now.
    package var isCurrent: Bool

    package init(
      door: DoorAddress, transition: Transition, manner: Intake.Manner, past: Past, isCurrent: Bool
    ) {
      self.door = door
      self.transition = transition
      self.manner = manner
      self.past = past
      self.isCurrent = isCurrent
    }

    /// Seen as it happened, or taken for it.
    var isFresh: Bool { manner == .live || manner == .restarted }
  }

  package mutating func handle(_ finding: Finding, at now: Moment) -> [Effect] {
    var effects: [Effect] = []
    switch finding.transition.state {
    case .closed:
      guard finding.isCurrent else { return [] }
      effects = [.resolve(.open(finding.door)), .resolve(.fault(finding.door))]
      effects += closed(finding.door, at: now)
    case .open:
      if finding.isCurrent { effects = [.resolve(.fault(finding.door))] }
      effects += opened(finding, at: now)
    case .fault, .unknown:
      guard finding.isCurrent else { return [] }
      effects += fault(of: finding, at: now)
    }
    return effects
  }

  // MARK: Closing

  private mutating func closed(_ door: DoorAddress, at now: Moment) -> [Effect] {
    if memory.bypassed[door] == .untilClosed { memory.bypassed[door] = nil }
    switch memory.phase {
    case .arming(let mode, var exit):
      if exit.opened[door] != nil { exit.opened[door] = true }
      memory.phase = .arming(mode: mode, exit: exit)
      return []
    case .pending(let mode, var entry):
      guard entry.leftOpen?.remove(door) != nil else { return [] }
      memory.phase = .pending(mode: mode, entry: entry)
      guard entry.leftOpen?.isEmpty == true else { return [] }
      enter(.armed(mode: mode), at: now)
      return [.withdrawHeld]
    case .disarmed, .armed, .triggered:
      return []
    }
  }

  // MARK: Opening

  private mutating func opened(_ finding: Finding, at now: Moment) -> [Effect] {
    let past = finding.past
    // The first that is known of a door was not seen to happen.
    if finding.manner == .baseline { return standingOpen(finding, at: now) }
    if past.wasArmed, let disarmed = past.disarmed {
      return openedBefore(disarmed, finding) + standingOpen(finding, at: now)
    }
    let isAlways = policy.doors[finding.door]?.isAlways == true
    if past.wasArmed || finding.isFresh || isAlways { return openedNow(finding, at: now) }
    // Heard of long after it happened, and while it was disarmed.
    return standingOpen(finding, at: now)
  }

  /// It was armed when the door was opened, and has been disarmed since: that triggers nothing any more.
  private func openedBefore(_ disarmed: Timestamp, _ finding: Finding) -> [Effect] {
    let response = policy.doors[finding.door]?.response(in: finding.past.mode) ?? .ignore
    guard response.isGuarded, !finding.past.bypassed.contains(finding.door) else { return [] }
    // Somebody came home, and disarmed in time.
    let entry = disarmed.elapsed(since: finding.transition.since)
    if response != .instant, entry <= entryDelay(of: finding.door) { return [] }
    return [.raise(alert(.opened, .alarm, of: finding, at: finding.transition.since), isHeld: false)]
  }

  private func standingOpen(_ finding: Finding, at now: Moment) -> [Effect] {
    guard finding.isCurrent, response(of: finding.door, in: guardingMode).isGuarded else { return [] }
    return [.raise(alert(.standingOpen, .trouble, of: finding, at: now.wall), isHeld: false)]
  }

  private mutating func openedNow(_ finding: Finding, at now: Moment) -> [Effect] {
    let door = finding.door
    if case .arming(let mode, let exit) = memory.phase, !finding.past.wasArmed {
      if policy.doors[door]?.isAlways != true { return openedInExit(door, mode, exit, at: now) }
    }
    let mode = finding.past.wasArmed ? finding.past.mode ?? self.mode : guardingMode
    let response = response(of: door, in: mode)
    // It was opened while people were leaving, and is heard of a moment late: how it stands now is what counts.
    if response.isGuarded, finding.past.state == .arming, let mode { return entered(finding, mode, at: now) }
    switch response {
    case .ignore: return []
    case .chime: return finding.isFresh ? [.chime(door)] : []
    case .instant: return alarm(finding, at: now)
    case .follow:
      if case .pending(let mode, let entry) = memory.phase { return join(finding, mode, entry, at: now) }
      return alarm(finding, at: now)
    case .delayed: return entered(finding, mode ?? .armedAway, at: now)
    }
  }

  /// While people leave, only what is always guarded counts; what is open at the end is looked at then.
  private mutating func openedInExit(
    _ door: DoorAddress, _ mode: ArmMode, _ exit: Exit, at now: Moment
  ) -> [Effect] {
    let response = response(of: door, in: mode)
    var exit = exit
    if response.isGuarded {
      if exit.opened[door] == true, !exit.isRestarted {
        exit.isRestarted = true
        exit.countdown = Countdown(policy.exitDelay(in: mode), from: now)
      }
      exit.opened[door] = false
      memory.phase = .arming(mode: mode, exit: exit)
    }
    return response == .chime ? [.chime(door)] : []
  }

  /// The way in was taken: from its opening on the entry delay runs.
  private mutating func entered(_ finding: Finding, _ mode: ArmMode, at now: Moment) -> [Effect] {
    let door = finding.door
    let since = finding.transition.clock == .synced ? finding.transition.since : now.wall
    let delay = entryDelay(of: door)
    let left = min(delay - now.wall.elapsed(since: since), delay)
    let abort = policy.doors[door]?.abortWindow ?? policy.abortWindow
    // Where it is heard of after the entry delay, the abort window has begun at its end all the same.
    guard left > .zero else {
      return alarm(finding, abortWindow: delay > .zero ? abort + left : nil, at: now)
    }
    guard mayTrip(door) else { return shutOut(finding, at: now) }
    let countdown = Countdown(left, from: now)
    switch memory.phase {
    case .triggered:
      return alarm(finding, at: now)
    case .pending(let mode, var entry):
      entry.countdown = entry.countdown.orSooner(countdown, at: now)
      entry.abortMilliseconds = min(entry.abortMilliseconds, abort.wholeMilliseconds)
      return join(finding, mode, entry, at: now)
    case .disarmed, .arming, .armed:
      var entry = Entry(
        countdown: countdown, abortMilliseconds: abort.wholeMilliseconds,
        sirenMilliseconds: policy.doors[door]?.sirenTime?.wholeMilliseconds)
      // It was opened while people were leaving, and this is heard a moment late.
      if finding.past.state == .arming { entry.leftOpen = [door] }
      memory.trips[door, default: 0] += 1
      enter(.pending(mode: mode, entry: entry), at: now)
      return [.raise(alert(.opened, .alarm, of: finding, at: now.wall), isHeld: true)]
    }
  }

  /// Another door while the entry delay runs: written down, and told if it comes to an alarm.
  private mutating func join(_ finding: Finding, _ mode: ArmMode, _ entry: Entry, at now: Moment) -> [Effect]
  {
    guard mayTrip(finding.door) else { return shutOut(finding, at: now) }
    var entry = entry
    // Somebody is inside: closing what was left open does not undo that.
    entry.leftOpen = nil
    memory.trips[finding.door, default: 0] += 1
    memory.phase = .pending(mode: mode, entry: entry)
    return [.raise(alert(.opened, .alarm, of: finding, at: now.wall), isHeld: true)]
  }

  /// - Parameter abortWindow: what is left of it; nil: the door's own, without which an alarm is sent at once.
  private mutating func alarm(
    _ finding: Finding, abortWindow: Duration? = nil, at now: Moment
  ) -> [Effect] {
    let door = finding.door
    guard mayTrip(door) else { return shutOut(finding, at: now) }
    memory.trips[door, default: 0] += 1
    let window = finding.isFresh ? abortWindow ?? policy.doors[door]?.abortWindow : nil
    var alert = alert(.opened, .alarm, of: finding, at: now.wall)
    if mode == nil, !finding.past.wasArmed { alert.detail = Alert.alwaysDetail }
    let (effects, isHeld) = trigger(
      abortWindow: window ?? .zero, sirenTime: policy.doors[door]?.sirenTime, at: now)
    return effects + [.raise(alert, isHeld: isHeld)]
  }

  // MARK: A contact that swings

  private func mayTrip(_ door: DoorAddress) -> Bool {
    memory.trips[door, default: 0] < (policy.doors[door]?.tripLimit ?? 1)
  }

  /// The door has raised its alarms: that is said once, and then it is only written down.
  private mutating func shutOut(_ finding: Finding, at now: Moment) -> [Effect] {
    let limit = policy.doors[finding.door]?.tripLimit ?? 1
    guard memory.trips[finding.door] == limit else { return [] }
    memory.trips[finding.door] = limit + 1
    var alert = alert(.shutOut, .trouble, of: finding, at: now.wall)
    alert.id += "/shut-out"
    alert.foretoldAs = nil
    alert.detail = "\(limit)"
    return [.raise(alert, isHeld: false)]
  }

  // MARK: Alerts

  private func entryDelay(of door: DoorAddress) -> Duration {
    policy.doors[door]?.entryDelay ?? policy.entryDelay
  }

  func alert(
    _ kind: Alert.Kind, _ severity: Alert.Severity, of finding: Finding, at time: Timestamp
  ) -> Alert {
    let transition = finding.transition
    return Alert(
      id: Self.cause(finding.door, transition),
      foretoldAs: Self.foretoldCause(finding.door, transition.journal, transition.sequence),
      happened: transition.clock == .synced ? transition.since : nil,
      severity: severity,
      kind: kind,
      area: area,
      subject: .door(finding.door),
      condition: kind == .doorFault ? .fault(finding.door) : .open(finding.door),
      isOver: !finding.isCurrent,
      state: transition.state,
      at: transition.clock == .synced ? transition.since : time,
      isLate: finding.manner == .late || finding.manner == .replayed,
      simulated: transition.simulated)
  }

  /// What an alert of a transition is known by. The time is in it because a journal that was put back gives a
  /// number a second meaning, and that is another cause.
  static func cause(_ door: DoorAddress, _ transition: Transition) -> String {
    "\(door)/\(transition.journal)/\(transition.sequence)/\(transition.since.milliseconds)"
  }

  /// What an alert of a transition is known by before there is one: its number is all that is known of it.
  static func foretoldCause(_ door: DoorAddress, _ journal: String, _ sequence: Int64) -> String {
    "\(door)/\(journal)/\(sequence)/foretold"
  }
}
