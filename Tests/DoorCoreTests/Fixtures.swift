import DoorCore

/// Moments of the tests' wall clock, in seconds from an arbitrary beginning.
func seconds(_ count: Int64) -> Timestamp {
  Timestamp(milliseconds: 1_700_000_000_000 + count * 1_000)
}

extension DoorAddress {
  static var front: DoorAddress {
    get throws { try DoorAddress("hall/front") }
  }

  static var back: DoorAddress {
    get throws { try DoorAddress("hall/back") }
  }
}

extension Transition {
  /// A transition of which only what matters to a test is said.
  static func at(
    _ sequence: Int64,
    _ state: DoorState,
    since: Timestamp = seconds(0),
    journal: String = "5e1f0c77",
    clock: ClockQuality = .synced,
    cause: TransitionCause = .edge,
    simulated: Bool = false
  ) -> Transition {
    Transition(
      state: state,
      since: since,
      journal: journal,
      sequence: sequence,
      boot: "9f3c51d2",
      uptimeMilliseconds: 1_000 * sequence,
      clock: clock,
      cause: cause,
      simulated: simulated
    )
  }
}
