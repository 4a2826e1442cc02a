/// Decides for one area what is an alarm: a pure function of its memory, its policy, an input and the time.
///
/// It is told of everything by the methods of its extensions; each returns the effects, which whoever holds the store
/// performs in the transaction that also keeps the ``memory``. It holds countdowns and never a running timer, so a
/// restart at any moment changes nothing.
package struct AlarmEngine: Sendable, Equatable {
  /// Where the area is on its way between disarmed and triggered.
  package enum Phase: Sendable, Equatable, Codable {
    case disarmed
    case arming(mode: ArmMode, exit: Exit)
    case armed(mode: ArmMode)
    case pending(mode: ArmMode, entry: Entry)
    /// `mode` is what it goes back to; nil: disarmed, where a door that is always guarded was opened.
    case triggered(mode: ArmMode?, siren: Countdown?, abort: Countdown?)
  }

  /// The exit delay.
  package struct Exit: Sendable, Equatable, Codable {
    package var countdown: Countdown
    /// It begins again once: somebody has come back for the umbrella.
    var isRestarted = false
    /// The doors that were opened during it, and whether they were closed again.
    var opened: [DoorAddress: Bool] = [:]
  }

  /// The entry delay.
  package struct Entry: Sendable, Equatable, Codable {
    package var countdown: Countdown
    /// How long the abort window is if it comes to an alarm.
    var abortMilliseconds: Int64
    /// How long the siren, where the first door has a time of its own.
    var sirenMilliseconds: Int64?
    /// Not opened but left open when the exit delay ended: when all of these are closed, nothing has happened.
    var leftOpen: Set<DoorAddress>?
  }

  package enum Bypass: String, Sendable, Codable {
    case untilClosed = "until_closed"
    case untilDisarmed = "until_disarmed"
  }

  /// All that the engine remembers.
  package struct Memory: Sendable, Equatable, Codable {
    package internal(set) var phase: Phase
    /// When the phase began.
    package internal(set) var since: Timestamp
    /// Whose command has led here.
    package internal(set) var changedBy: String?
    /// When it was last armed by a command; nil while it is disarmed.
    package internal(set) var armedSince: Timestamp?
    /// Doors that are not guarded although the mode says so.
    package internal(set) var bypassed: [DoorAddress: Bypass] = [:]
    /// How many alarms each door has raised in this armed period.
    var trips: [DoorAddress: Int] = [:]
    /// Somebody has been told of an alarm in this armed period.
    var isAlarmTold = false

    package init(disarmedSince since: Timestamp) {
      phase = .disarmed
      self.since = since
    }

    enum CodingKeys: String, CodingKey {
      case phase, since, bypassed, trips
      case changedBy = "changed_by"
      case armedSince = "armed_since"
      case isAlarmTold = "is_alarm_told"
    }
  }

  /// What is to be done, in this order, in the transaction that keeps the memory.
  package enum Effect: Sendable, Equatable {
    /// A held alert is written down and not sent, until it is released or withdrawn.
    case raise(Alert, isHeld: Bool)
    case releaseHeld
    case withdrawHeld
    /// Whatever alerts stand for this condition: it is over.
    case resolve(Alert.Condition)
    /// Whoever has commanded knows of the area's alerts.
    case acknowledge(by: String?)
    case chime(DoorAddress)
  }

  package let area: Identifier
  package let policy: AreaPolicy
  package internal(set) var memory: Memory

  package init(area: Identifier, policy: AreaPolicy, memory: Memory) {
    self.area = area
    self.policy = policy
    self.memory = memory
  }

  // MARK: What others see

  package var state: AreaState {
    switch memory.phase {
    case .disarmed: .disarmed
    case .arming: .arming
    case .armed(let mode): mode.state
    case .pending: .pending
    case .triggered: .triggered
    }
  }

  /// How the area is armed, is about to be, or was before it was triggered; nil while it is disarmed.
  package var mode: ArmMode? {
    switch memory.phase {
    case .disarmed: nil
    case .arming(let mode, _), .armed(let mode), .pending(let mode, _): mode
    case .triggered(let mode, _, _): mode
    }
  }

  package var isAlarmUnderWay: Bool {
    switch memory.phase {
    case .pending, .triggered: true
    case .disarmed, .arming, .armed: false
    }
  }

  /// The mode in which doors are guarded now; nil while it is disarmed, and while people are still leaving.
  package var guardingMode: ArmMode? {
    if case .arming = memory.phase { nil } else { mode }
  }

  /// What is counted down for people to see.
  package var countdown: Countdown? {
    switch memory.phase {
    case .disarmed, .armed: nil
    case .arming(_, let exit): exit.countdown
    case .pending(_, let entry): entry.countdown
    case .triggered(_, let siren, _): siren
    }
  }

  /// How long until ``advance(doors:at:)`` has something to do; nil where nothing is counted down.
  package func wait(at now: Moment) -> Duration? {
    var countdowns = countdown.map { [$0] } ?? []
    if case .triggered(_, _, let abort?) = memory.phase { countdowns.append(abort) }
    return countdowns.map { $0.remaining(at: now) }.min()
  }

  /// How the area responds to a door in a mode: what is bypassed is ignored.
  func response(of door: DoorAddress, in mode: ArmMode?) -> DoorResponse {
    if mode != nil, memory.bypassed[door] != nil { return .ignore }
    return policy.doors[door]?.response(in: mode) ?? .ignore
  }

  /// The doors that have to be closed in a mode and are not known to be.
  func notClosed(_ doors: [DoorAddress: DoorState], in mode: ArmMode) -> [DoorAddress: DoorState] {
    doors.filter { $0.value != .closed && response(of: $0.key, in: mode).isGuarded }
  }

  mutating func enter(_ phase: Phase, at now: Moment, since: Timestamp? = nil) {
    memory.phase = phase
    memory.since = since ?? now.wall
  }
}
