import DoorCore
import GPIO

/// What the lines of all doors have said, and with that the doors' states.
struct DoorSensors: Sendable {
  private var doors: [(settings: AgentSettings.Door, sensor: DoorSensor)] = []

  init(_ doors: [AgentSettings.Door]) {
    change(to: doors)
  }

  /// Has these doors from now on. What a line has said still holds where the line is the same as before.
  mutating func change(to settings: [AgentSettings.Door]) {
    let before = doors
    doors = settings.map { door in
      guard let old = before.first(where: { $0.settings.id == door.id }) else {
        return (door, DoorSensor(contact: door.contact, tamper: door.tamper?.contact))
      }
      let kept = door.lines.filter { line in
        old.settings.lines.contains { $0.name == line.name && $0.source == line.source }
      }
      let sensor = old.sensor.rewired(
        contact: door.contact, tamper: door.tamper?.contact, keeping: Set(kept.map(\.name.role)))
      return (door, sensor)
    }
  }

  /// Takes what a line says; false if it says nothing new, or is no door's.
  @discardableResult
  mutating func note(_ reading: DoorSensor.Reading, of line: LineName) -> Bool {
    guard let index = doors.firstIndex(where: { $0.settings.id == line.door }) else { return false }
    return doors[index].sensor.note(reading, of: line.role)
  }

  /// In the order of the settings.
  var settings: [AgentSettings.Door] { doors.map(\.settings) }

  func settings(of door: Identifier) -> AgentSettings.Door? { settings.first { $0.id == door } }

  /// A door's state; nil until all of its lines have been looked at.
  func state(of door: Identifier) -> DoorState? { doors.first { $0.settings.id == door }?.sensor.state }

  /// The doors all of whose lines have been looked at.
  var states: [Identifier: DoorState] {
    var states: [Identifier: DoorState] = [:]
    for (settings, sensor) in doors { states[settings.id] = sensor.state }
    return states
  }

  /// Whether every line has been looked at.
  var areComplete: Bool { doors.allSatisfy { $0.sensor.state != nil } }
}
