/// The electrical level of an input line.
package enum LineLevel: Sendable, Equatable {
  case low, high

  package var inverted: LineLevel { self == .low ? .high : .low }
}

/// How a contact is wired: what turns a line's level into a door's state.
package struct Contact: Sendable, Equatable {
  /// The circuit's state while the door is closed.
  package enum Kind: String, Sendable, CaseIterable {
    /// The circuit is closed while the door is closed: the usual alarm contact. A cut wire reads as open.
    case normallyClosed = "normally-closed"
    /// The circuit is open while the door is closed. A cut wire goes unnoticed.
    case normallyOpen = "normally-open"
  }

  package var kind: Kind
  /// The level of the line while the circuit is closed: low where a pull-up holds the line and the contact
  /// goes to ground, high where a pull-down holds it and the contact goes to 3.3 V.
  package var closedCircuitLevel: LineLevel

  package init(kind: Kind, closedCircuitLevel: LineLevel) {
    self.kind = kind
    self.closedCircuitLevel = closedCircuitLevel
  }

  package func state(at level: LineLevel) -> DoorState {
    let circuitIsClosed = level == closedCircuitLevel
    return circuitIsClosed == (kind == .normallyClosed) ? .closed : .open
  }
}
