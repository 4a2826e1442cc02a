/// The state of an area's alarm, in the words of Home Assistant's alarm control panel.
package enum AreaState: String, Sendable, CaseIterable {
  case disarmed
  case armedHome = "armed_home"
  case armedAway = "armed_away"
  case armedNight = "armed_night"
  case armedVacation = "armed_vacation"
  case armedCustomBypass = "armed_custom_bypass"
  /// The exit delay runs.
  case arming
  /// The entry delay runs.
  case pending
  case triggered

  /// Whether an opened door is one too many: armed in any way, or already on the way to an alarm.
  package var isArmed: Bool { self != .disarmed && self != .arming }
}
