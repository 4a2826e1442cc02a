/// What a contact says of its door.
package enum DoorState: String, Sendable, CaseIterable {
  case open, closed
  /// The contact's wiring reports a fault (tamper loop, line error).
  case fault
  /// The line cannot be read, so nothing is known.
  case unknown
}

/// How the agent came to know of a transition.
package enum TransitionCause: String, Sendable, CaseIterable {
  /// An edge was seen; its time is the kernel's.
  case edge
  /// The state was found different when the agent started; the time of the change is unknown.
  case boot
  /// The state was found different by the periodic check of the level; the time is known to within its period.
  case resync
  /// The contact gives neither time nor count: both are those of the arrival of its message.
  case arrival
}

/// Whether the wall clock of the agent's machine was synchronised when it read the time.
package enum ClockQuality: String, Sendable, CaseIterable {
  case synced, unsynced
}

/// One change of one door's state, as the agent's journal holds it and the wire carries it.
///
/// `journal` and `sequence` are its identity; everything else is its content. Two transitions with the
/// same identity and different content mean that the agent's journal was lost or put back.
package struct Transition: Sendable, Equatable {
  package var state: DoorState
  /// When the level settled into this state. A restatement never changes it.
  package var since: Timestamp
  /// Drawn when a journal is created, so a new one means a new count.
  package var journal: String
  /// Counts the door's transitions from 1.
  package var sequence: Int64
  /// The run of the agent's machine in which it happened.
  package var boot: String
  /// Monotonic time of the transition in that run, milliseconds.
  package var uptimeMilliseconds: Int64
  package var clock: ClockQuality
  package var cause: TransitionCause
  /// Edges that the kernel says it dropped before this transition.
  package var missed: Int
  /// No contact was involved.
  package var simulated: Bool

  package init(
    state: DoorState,
    since: Timestamp,
    journal: String,
    sequence: Int64,
    boot: String,
    uptimeMilliseconds: Int64,
    clock: ClockQuality,
    cause: TransitionCause,
    missed: Int = 0,
    simulated: Bool = false
  ) {
    self.state = state
    self.since = since
    self.journal = journal
    self.sequence = sequence
    self.boot = boot
    self.uptimeMilliseconds = uptimeMilliseconds
    self.clock = clock
    self.cause = cause
    self.missed = missed
    self.simulated = simulated
  }
}
