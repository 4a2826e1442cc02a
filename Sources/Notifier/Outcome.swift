import DoorCore

/// What a batch of messages leads to beyond the store.
struct Outcome: Sendable {
  var alerts: [Alert] = []
  /// Areas whose state has changed.
  var areas: Set<Identifier> = []
  /// Agents that are asked to state their doors again.
  var restate: Set<Identifier> = []
  /// Agents that have transitions which are missing here.
  var replay: Set<Identifier> = []
  var warnings: [String] = []
}
