/// What the lines of one door say together: its contact, and where there is one, the loop that shows tampering.
package struct DoorSensor: Sendable {
  /// What a line is there for.
  package enum Role: String, Sendable, Hashable, CaseIterable {
    case contact, tamper
  }

  /// What one line says.
  package enum Reading: Sendable, Equatable {
    case level(LineLevel)
    case chatters
    case unreadable
  }

  private let wiring: [Role: Contact]
  private var readings: [Role: Reading] = [:]

  /// - Parameter tamper: how the tamper loop is wired; nil where there is none. It is in order while it would
  ///   be a closed door.
  package init(contact: Contact, tamper: Contact? = nil) {
    wiring = tamper.map { [.contact: contact, .tamper: $0] } ?? [.contact: contact]
  }

  /// The same door as it is wired from now on; what its lines in these roles have said still holds.
  package func rewired(contact: Contact, tamper: Contact?, keeping roles: Set<Role>) -> DoorSensor {
    var sensor = DoorSensor(contact: contact, tamper: tamper)
    for (role, reading) in readings where roles.contains(role) { sensor.note(reading, of: role) }
    return sensor
  }

  /// Takes what a line says; false if it says nothing new, or is none of the door's.
  @discardableResult
  package mutating func note(_ reading: Reading, of role: Role) -> Bool {
    guard wiring[role] != nil, readings[role] != reading else { return false }
    readings[role] = reading
    return true
  }

  /// The door's state; nil until every one of its lines has been looked at.
  package var state: DoorState? {
    guard readings.count == wiring.count, let contact = readings[.contact] else { return nil }
    switch readings[.tamper] {
    case nil: break
    case .level(let level): if wiring[.tamper]?.state(at: level) != .closed { return .fault }
    // A loop of which nothing is known is not in order.
    case .chatters, .unreadable: return .fault
    }
    switch contact {
    case .level(let level): return wiring[.contact]?.state(at: level)
    case .chatters: return .fault
    case .unreadable: return .unknown
    }
  }
}
