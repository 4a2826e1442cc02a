/// Holds what an agent's heartbeat says of a door against the record.
package enum Reconciliation {
  package enum Verdict: Sendable, Equatable {
    case agrees
    /// Transitions were lost on the way, and no later one has shown it yet.
    case recordIsBehind
    /// The door's state has changed and its count has not: the agent cannot write its journal, or is just
    /// about to. Once is no reason to believe it; twice in a row is.
    case notInJournal
  }

  /// - Parameters:
  ///   - sequence: the newest transition of the door in the agent's journal; 0 where there is none.
  ///   - state: what the door's line says.
  ///   - record: the newest transition that is known here.
  package static func judge(
    journal: String, sequence: Int64, state: DoorState, record: Transition?
  ) -> Verdict {
    guard let record, record.journal == journal else { return sequence > 0 ? .recordIsBehind : .notInJournal }
    if record.sequence < sequence { return .recordIsBehind }
    // A record that is ahead is a heartbeat that is late.
    return record.sequence == sequence && record.state != state ? .notInJournal : .agrees
  }
}
