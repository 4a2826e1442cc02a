/// What the opening of a door leads to while its area is armed.
package enum DoorResponse: String, Sendable, CaseIterable {
  /// The entry delay begins, and may be opened during the exit delay: the way in and out.
  case delayed
  /// Waits with an entry delay that runs already; an alarm at once otherwise: what lies behind the way in.
  case follow
  /// An alarm at once.
  case instant
  /// A sign that it was opened, and no alarm.
  case chime
  /// Nothing but its place in the history.
  case ignore

  /// Whether the door has to be closed for arming.
  package var isGuarded: Bool { self == .delayed || self == .follow || self == .instant }
}

/// How one door is guarded.
package struct DoorPolicy: Sendable, Equatable {
  /// In the modes that are not named it is `response`.
  package var responses: [ArmMode: DoorResponse]
  package var response: DoorResponse
  /// Guarded at any time, also while the area is disarmed, and instant.
  package var isAlways: Bool
  /// A chime while the area is disarmed.
  package var chimesDisarmed: Bool
  /// The door's own, where it has one.
  package var entryDelay: Duration?
  /// The door's own, where it has one: the way out by it takes so long. The longest counts.
  package var exitDelay: Duration?
  /// The door's own, where it has one; zero: until it is disarmed.
  package var sirenTime: Duration?
  /// The door's own, where it has one; also for an alarm without an entry delay.
  package var abortWindow: Duration?
  /// So many alarms of the door in one armed period, and no more: a contact that swings in the wind.
  package var tripLimit: Int

  package init(
    response: DoorResponse = .delayed, responses: [ArmMode: DoorResponse] = [:], isAlways: Bool = false,
    chimesDisarmed: Bool = false, entryDelay: Duration? = nil, exitDelay: Duration? = nil,
    sirenTime: Duration? = nil, abortWindow: Duration? = nil, tripLimit: Int = 3
  ) {
    self.response = response
    self.responses = responses
    self.isAlways = isAlways
    self.chimesDisarmed = chimesDisarmed
    self.entryDelay = entryDelay
    self.exitDelay = exitDelay
    self.sirenTime = sirenTime
    self.abortWindow = abortWindow
    self.tripLimit = tripLimit
  }

  /// - Parameter mode: how the area is armed; nil while it is disarmed.
  package func response(in mode: ArmMode?) -> DoorResponse {
    if isAlways { return .instant }
    guard let mode else { return chimesDisarmed ? .chime : .ignore }
    return responses[mode] ?? response
  }
}

/// The rules of one area.
package struct AreaPolicy: Sendable, Equatable {
  /// From the opening of a delayed door to the alarm.
  package var entryDelay: Duration
  /// From arming to being armed.
  package var exitDelay: Duration
  /// Modes that are armed without exit delay: nobody leaves.
  package var modesWithoutExit: Set<ArmMode>
  /// For so long after an entry delay has ended in an alarm, disarming keeps it from being sent.
  package var abortWindow: Duration
  /// For so long the area is `triggered`; zero: until it is disarmed.
  package var sirenTime: Duration
  /// Whether a door that was open when arming was forced stays bypassed when it has closed.
  package var bypassesUntilDisarmed: Bool
  package var doors: [DoorAddress: DoorPolicy]

  package init(
    entryDelay: Duration = .seconds(30), exitDelay: Duration = .seconds(60),
    modesWithoutExit: Set<ArmMode> = [.armedHome, .armedNight], abortWindow: Duration = .seconds(30),
    sirenTime: Duration = .seconds(180), bypassesUntilDisarmed: Bool = false,
    doors: [DoorAddress: DoorPolicy]
  ) {
    self.entryDelay = entryDelay
    self.exitDelay = exitDelay
    self.modesWithoutExit = modesWithoutExit
    self.abortWindow = abortWindow
    self.sirenTime = sirenTime
    self.bypassesUntilDisarmed = bypassesUntilDisarmed
    self.doors = doors
  }

  /// How long people have to leave: the longest of the ways out that have a delay of their own, or else the area's.
  package func exitDelay(in mode: ArmMode) -> Duration {
    if modesWithoutExit.contains(mode) { return .zero }
    return doors.values.filter { $0.response(in: mode) == .delayed }.compactMap(\.exitDelay).max()
      ?? exitDelay
  }
}
