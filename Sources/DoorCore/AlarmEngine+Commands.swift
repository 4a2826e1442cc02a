extension AlarmEngine {
  package enum Command: Sendable, Equatable {
    case arm(Arming)
    case disarm
    /// Somebody knows of the area's alerts.
    case acknowledge
  }

  package struct Arming: Sendable, Equatable {
    package var mode: ArmMode
    /// Also with doors that are not known to be closed: they are bypassed.
    package var isForced: Bool
    /// At once, without an exit delay.
    package var skipsExitDelay: Bool
    /// Doors that are not to be guarded this time.
    package var bypassing: Set<DoorAddress>

    package init(
      _ mode: ArmMode, isForced: Bool = false, skipsExitDelay: Bool = false,
      bypassing: Set<DoorAddress> = []
    ) {
      self.mode = mode
      self.isForced = isForced
      self.skipsExitDelay = skipsExitDelay
      self.bypassing = bypassing
    }
  }

  package enum CommandOutcome: Sendable, Equatable {
    case changed
    /// The area is already so.
    case unchanged
    /// Arming is refused; these doors are not known to be closed.
    case notClosed([DoorAddress: DoorState])
    /// Arming is refused; the area does not have these doors.
    case unknownDoors(Set<DoorAddress>)
    /// Arming is refused while an alarm is under way: it is to be disarmed first.
    case alarmUnderWay
  }

  /// - Parameters:
  ///   - doors: the state of every door of the area; `unknown` for one that was never heard of.
  ///   - person: who commands, as far as that is known.
  package mutating func handle(
    _ command: Command, by person: String?, doors: [DoorAddress: DoorState], at now: Moment
  ) -> (outcome: CommandOutcome, effects: [Effect]) {
    switch command {
    case .arm(let arming): return (arm(arming, by: person, doors: doors, at: now), [])
    case .disarm: return disarm(by: person, at: now)
    case .acknowledge:
      // A door that is always guarded gets its alarms back without being armed anew.
      if mode == nil { memory.trips = [:] }
      return (.changed, [.acknowledge(by: person)])
    }
  }

  private mutating func arm(
    _ arming: Arming, by person: String?, doors: [DoorAddress: DoorState], at now: Moment
  ) -> CommandOutcome {
    switch memory.phase {
    case .pending, .triggered: return .alarmUnderWay
    case .armed(arming.mode), .arming(arming.mode, _): return .unchanged
    case .disarmed, .armed, .arming: break
    }
    let strangers = arming.bypassing.subtracting(policy.doors.keys)
    guard strangers.isEmpty else { return .unknownDoors(strangers) }
    var armed = self
    armed.memory.bypassed = Dictionary(
      uniqueKeysWithValues: arming.bypassing.map { ($0, Bypass.untilDisarmed) })
    let notClosed = armed.notClosed(doors, in: arming.mode)
    guard notClosed.isEmpty || arming.isForced else { return .notClosed(notClosed) }
    for door in notClosed.keys {
      armed.memory.bypassed[door] = policy.bypassesUntilDisarmed ? .untilDisarmed : .untilClosed
    }
    armed.memory.trips = [:]
    armed.memory.isAlarmTold = false
    armed.memory.changedBy = person
    armed.memory.armedSince = now.wall
    let delay = arming.skipsExitDelay ? .zero : policy.exitDelay(in: arming.mode)
    if delay <= .zero {
      armed.enter(.armed(mode: arming.mode), at: now)
    } else {
      let exit = Exit(countdown: Countdown(delay, from: now))
      armed.enter(.arming(mode: arming.mode, exit: exit), at: now)
    }
    self = armed
    return .changed
  }

  private mutating func disarm(by person: String?, at now: Moment) -> (CommandOutcome, [Effect]) {
    memory.trips = [:]
    guard memory.phase != .disarmed else { return (.unchanged, [.acknowledge(by: person)]) }
    var effects: [Effect] = [.withdrawHeld]
    if memory.isAlarmTold {
      let ended = Alert(
        id: "\(area)/ended/\(now.wall.milliseconds)", severity: .trouble, kind: .alarmEnded, area: area,
        subject: .area, state: nil, at: now.wall, detail: person)
      effects.append(.raise(ended, isHeld: false))
    }
    // Whoever has ended it knows of its end, too.
    effects.append(.acknowledge(by: person))
    memory = Memory(disarmedSince: now.wall)
    memory.changedBy = person
    return (.changed, effects)
  }

  /// So many wrong codes have come in a row.
  package func wrongCodes(_ count: Int, at now: Moment) -> [Effect] {
    let alert = Alert(
      id: "\(area)/wrong-codes/\(now.wall.milliseconds)", severity: mode == nil ? .trouble : .alarm,
      kind: .wrongCodes, area: area, subject: .area, state: nil, at: now.wall, detail: "\(count)")
    return [.raise(alert, isHeld: false)]
  }

  /// Somebody was forced to command: that shows nowhere but in this alert.
  package func duress(of person: String?, at now: Moment) -> [Effect] {
    let alert = Alert(
      id: "\(area)/duress/\(now.wall.milliseconds)", severity: .alarm, kind: .duress, area: area,
      subject: .area, state: nil, at: now.wall, detail: person)
    return [.raise(alert, isHeld: false)]
  }
}
