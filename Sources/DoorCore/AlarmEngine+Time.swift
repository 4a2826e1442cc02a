extension AlarmEngine {
  /// The machine has started anew: from now on its present clocks count.
  package mutating func resume(at now: Moment) {
    switch memory.phase {
    case .disarmed, .armed: break
    case .arming(let mode, var exit):
      exit.countdown = exit.countdown.rebased(at: now)
      memory.phase = .arming(mode: mode, exit: exit)
    case .pending(let mode, var entry):
      entry.countdown = entry.countdown.rebased(at: now)
      memory.phase = .pending(mode: mode, entry: entry)
    case .triggered(let mode, let siren, let abort):
      memory.phase = .triggered(
        mode: mode, siren: siren?.rebased(at: now), abort: abort?.rebased(at: now))
    }
  }

  /// Does what is due.
  ///
  /// - Parameter doors: the state of every door of the area; `unknown` for one that was never heard of.
  package mutating func advance(doors: [DoorAddress: DoorState], at now: Moment) -> [Effect] {
    var effects: [Effect] = []
    // After a long pause one thing leads to the next: exit, entry, abort window.
    while wait(at: now).map({ $0 <= .zero }) == true { effects += step(doors: doors, at: now) }
    return effects
  }

  private mutating func step(doors: [DoorAddress: DoorState], at now: Moment) -> [Effect] {
    switch memory.phase {
    case .disarmed, .armed:
      return []
    case .arming(let mode, let exit):
      return exitEnded(mode, exit, notClosed: notClosed(doors, in: mode), at: now)
    case .pending(_, let entry):
      // Where nobody was there to end the entry delay, its abort window has begun at its end all the same.
      let window = Duration.milliseconds(entry.abortMilliseconds) - entry.countdown.overdue(at: now)
      let siren = entry.sirenMilliseconds.map { Duration.milliseconds($0) }
      return trigger(abortWindow: window, sirenTime: siren, at: now).effects
    case .triggered(let mode, let siren, let abort?) where abort.isOver(at: now):
      memory.phase = .triggered(mode: mode, siren: siren, abort: nil)
      memory.isAlarmTold = true
      return [.releaseHeld]
    case .triggered(let mode, _, let abort):
      // A siren that is shorter than the abort window ends it: what is held is told, and not forgotten.
      if abort != nil { memory.isAlarmTold = true }
      return (abort != nil ? [.releaseHeld] : []) + sirenEnded(mode, doors: doors, at: now)
    }
  }

  /// A door that is open when everybody has left is no burglary yet: there is an entry delay for closing it or
  /// for disarming.
  private mutating func exitEnded(
    _ mode: ArmMode, _ exit: Exit, notClosed: [DoorAddress: DoorState], at now: Moment
  ) -> [Effect] {
    // It has been armed since the delay was over, also where nobody was there to see that: what happened meanwhile is
    // judged by it.
    let overdue = exit.countdown.overdue(at: now)
    enter(.armed(mode: mode), at: now, since: now.wall.advanced(by: .zero - overdue))
    guard !notClosed.isEmpty else { return [] }
    let entry = Entry(
      countdown: Countdown(max(.zero, policy.entryDelay - overdue), from: now),
      abortMilliseconds: policy.abortWindow.wholeMilliseconds, leftOpen: Set(notClosed.keys))
    enter(.pending(mode: mode, entry: entry), at: now)
    return notClosed.sorted { $0.key < $1.key }.map {
      .raise(leftOpen($0, $1, "exit", at: now), isHeld: true)
    }
  }

  /// A door that is still open is told again, and not given up: when it has closed it is guarded as ever.
  private mutating func sirenEnded(
    _ mode: ArmMode?, doors: [DoorAddress: DoorState], at now: Moment
  ) -> [Effect] {
    enter(mode.map { .armed(mode: $0) } ?? .disarmed, at: now)
    let open = doors.filter { $0.value != .closed && response(of: $0.key, in: mode).isGuarded }
    return open.sorted { $0.key < $1.key }.map { .raise(leftOpen($0, $1, "siren", at: now), isHeld: false) }
  }

  private func leftOpen(_ door: DoorAddress, _ state: DoorState, _ when: String, at now: Moment) -> Alert {
    Alert(
      id: "\(area)/\(door)/left-open/\(when)/\(now.wall.milliseconds)", severity: .alarm, kind: .leftOpen,
      area: area, subject: .door(door), condition: state == .open ? .open(door) : .fault(door), state: state,
      at: now.wall)
  }

  /// The alarm begins, or goes on. Returns whether what is raised with it is to be held.
  ///
  /// - Parameter sirenTime: that of the door that has begun it; nil: the area's.
  mutating func trigger(
    abortWindow: Duration, sirenTime: Duration? = nil, at now: Moment
  ) -> (effects: [Effect], isHeld: Bool) {
    let sirenTime = sirenTime ?? policy.sirenTime
    let siren = sirenTime > .zero ? Countdown(sirenTime, from: now) : nil
    var abort = abortWindow > .zero ? Countdown(abortWindow, from: now) : nil
    if case .triggered(_, _, let running) = memory.phase {
      // A further alarm never opens a window that has closed, nor keeps one open.
      abort = abort.flatMap { abort in running.map { $0.orSooner(abort, at: now) } }
      memory.phase = .triggered(mode: mode, siren: siren, abort: abort)
    } else {
      // People who are still leaving come back to an area that is armed.
      enter(.triggered(mode: mode, siren: siren, abort: abort), at: now)
    }
    if abort == nil { memory.isAlarmTold = true }
    return (abort == nil ? [.releaseHeld] : [], abort != nil)
  }
}
