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

extension Moment {
  /// A moment at which all clocks go right.
  static func at(_ wall: Timestamp, boot: String = "run-1") -> Moment {
    Moment(
      wall: wall,
      uptime: MonotonicTime(nanoseconds: (wall.milliseconds - seconds(-1_000_000).milliseconds) * 1_000_000),
      boot: boot
    )
  }

  static func second(_ count: Int64) -> Moment { .at(seconds(count)) }
}

extension AlarmEngine {
  /// One that is armed since the beginning, with all doors closed.
  static func armed(_ mode: ArmMode, policy: AreaPolicy) throws -> AlarmEngine {
    var engine = try disarmed(policy: policy)
    _ = engine.handle(
      .arm(Arming(mode, skipsExitDelay: true)),
      by: nil,
      doors: policy.doors.mapValues { _ in .closed },
      at: .second(0)
    )
    return engine
  }

  static func disarmed(policy: AreaPolicy) throws -> AlarmEngine {
    AlarmEngine(area: try Identifier("house"), policy: policy, memory: Memory(disarmedSince: seconds(0)))
  }
}

extension AlarmEngine.Past {
  static let armedAway = AlarmEngine.Past(state: .armedAway, mode: .armedAway, disarmed: nil)
  static let disarmed = AlarmEngine.Past(state: .disarmed, mode: nil, disarmed: nil)
}
