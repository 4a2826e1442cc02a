/// How an area is armed, in the words of Home Assistant's alarm control panel.
package enum ArmMode: String, Sendable, CaseIterable, Codable {
  case armedHome = "armed_home"
  case armedAway = "armed_away"
  case armedNight = "armed_night"
  case armedVacation = "armed_vacation"
  case armedCustomBypass = "armed_custom_bypass"

  /// The area's state while it is armed so and nothing happens.
  package var state: AreaState {
    switch self {
    case .armedHome: .armedHome
    case .armedAway: .armedAway
    case .armedNight: .armedNight
    case .armedVacation: .armedVacation
    case .armedCustomBypass: .armedCustomBypass
    }
  }
}
