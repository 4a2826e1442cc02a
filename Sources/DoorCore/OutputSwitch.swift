/// When a local output is on: a siren or a lamp beside the agent, which works without a broker.
package struct OutputRule: Sendable, Equatable {
  /// The doors that matter; empty where only the area does.
  package var doors: Set<Identifier>
  /// What one of the doors has to be.
  package var doorStates: Set<DoorState>
  /// The area that matters; nil where only the doors do.
  package var area: Identifier?
  /// What the area has to be, as last known.
  package var areaStates: Set<AreaState>
  /// On for so long from the moment at which one of the doors (or, without doors, the area) comes into its state;
  /// nil: on for as long as the states last.
  package var duration: Duration?

  package init(
    doors: Set<Identifier> = [], doorStates: Set<DoorState> = [.open], area: Identifier? = nil,
    areaStates: Set<AreaState> = [], duration: Duration? = nil
  ) {
    self.doors = doors
    self.doorStates = doorStates
    self.area = area
    self.areaStates = areaStates
    self.duration = duration
  }
}

/// Decides for one local output whether it is on.
///
/// What was so before the first look starts nothing: after a restart, a door that still stands open is no door that
/// has just been opened.
package struct OutputSwitch: Sendable {
  package let rule: OutputRule
  /// What was last known of each door, also where it cannot be read now.
  private var known: [Identifier: DoorState]
  private var current: [Identifier: DoorState] = [:]
  private var areaState: AreaState?
  private var end: MonotonicTime?

  /// - Parameters:
  ///   - doors: their states as last known, from an earlier run.
  ///   - areas: the same of the areas.
  package init(rule: OutputRule, doors: [Identifier: DoorState] = [:], areas: [Identifier: AreaState] = [:]) {
    self.rule = rule
    known = doors
    areaState = rule.area.flatMap { areas[$0] }
  }

  /// The doors' states now; one that was not looked at yet is missing.
  package mutating func note(doors states: [Identifier: DoorState], at now: MonotonicTime) {
    for (door, state) in states where rule.doors.contains(door) {
      current[door] = state
      // A line that cannot be read is no news, and that it is again what it was before is none either.
      guard state != .unknown || rule.doorStates.contains(.unknown), state != known[door] else { continue }
      let before = known.updateValue(state, forKey: door)
      let hasComeIn = rule.doorStates.contains(state) && before.map { !rule.doorStates.contains($0) } ?? false
      if let duration = rule.duration, hasComeIn, areaHolds { end = now.advanced(by: duration) }
    }
  }

  /// The area's state, as it has just been heard.
  package mutating func note(area: Identifier, is state: AreaState, at now: MonotonicTime) {
    guard area == rule.area else { return }
    let before = areaState
    areaState = state
    guard areaHolds else { return end = nil }
    let hasComeIn = before.map { !rule.areaStates.contains($0) } ?? false
    if let duration = rule.duration, rule.doors.isEmpty, hasComeIn { end = now.advanced(by: duration) }
  }

  package func isOn(at now: MonotonicTime) -> Bool {
    guard rule.duration == nil else { return deadline(at: now) != nil }
    return areaHolds && (rule.doors.isEmpty || current.values.contains(where: rule.doorStates.contains))
  }

  /// When it goes off by itself; nil where it does not.
  package func deadline(at now: MonotonicTime) -> MonotonicTime? { end.flatMap { now < $0 ? $0 : nil } }

  private var areaHolds: Bool { rule.area == nil || areaState.map(rule.areaStates.contains) ?? false }
}
