import Appliance
package import DoorCore
import Foundation

extension Schedule {
  private enum ActionWord: String, CaseIterable {
    case armHome = "arm_home"
    case armAway = "arm_away"
    case armNight = "arm_night"
    case armVacation = "arm_vacation"
    case disarm

    var mode: ArmMode? {
      switch self {
      case .armHome: .armedHome
      case .armAway: .armedAway
      case .armNight: .armedNight
      case .armVacation: .armedVacation
      case .disarm: nil
      }
    }
  }

  /// - Parameter table: `[[schedule]]`.
  init(reading table: SettingsTable) throws(SettingsError) {
    let area = try table.required("area", try table.value("area", Identifier.init), "the id of an area")
    let time = try table.required("at", try table.value("at", ClockTime.init), "the time, HH:MM")
    let days = try table.words("days", as: Weekday.self) ?? Weekday.allCases
    let action = try table.required(
      "action", try table.word("action", as: ActionWord.self), "arm_away, disarm and so on")
    let force = try table.boolean("force") ?? false
    let command = action.mode.map { mode in
      // Nobody is there to leave.
      AlarmEngine.Command.arm(AlarmEngine.Arming(mode, isForced: force, skipsExitDelay: true))
    }
    self.init(area: area, days: Set(days), time: time, command: command ?? .disarm)
  }
}

extension QuietHours {
  /// - Parameter table: `[quiet_hours]`.
  init(reading table: SettingsTable) throws(SettingsError) {
    start = try table.required("from", try table.value("from", ClockTime.init), "their beginning, HH:MM")
    end = try table.required("to", try table.value("to", ClockTime.init), "their end, HH:MM")
    if start == end { throw table.invalid("to", "another time than from") }
  }
}

/// When the way from the sensors to the people is tested.
package struct SelfTestSchedule: Sendable, Equatable {
  package var days: Set<Weekday>
  package var time: ClockTime

  /// - Parameter table: `[self_test]`.
  init(reading table: SettingsTable) throws(SettingsError) {
    time = try table.required("at", try table.value("at", ClockTime.init), "the time, HH:MM")
    days = Set(try table.words("days", as: Weekday.self) ?? Weekday.allCases)
  }
}

extension LocalCalendar {
  /// The calendar of the time zone that the settings name, or of the machine's.
  static func read(from table: SettingsTable) throws(SettingsError) -> LocalCalendar {
    guard let name = try table.string("time_zone") else { return LocalCalendar(.current) }
    guard let zone = TimeZone(identifier: name) else {
      throw table.invalid("time_zone", "a time zone that there is, such as \"Europe/Berlin\"")
    }
    return LocalCalendar(zone)
  }
}
