import DoorCore

/// What a batch of messages leads to beyond the store.
struct Outcome: Sendable {
  /// Alerts that are on their way to people, each with what is told of it.
  var told: [ToldAlert] = []
  /// Single alerts of which somebody knows now, and from where that was said.
  var acknowledged: [(alert: Alert, source: String)] = []
  /// Alerts that no channel takes and none is left for.
  var undelivered: [Alert] = []
  /// Channels have got something to send that no alert of this tells of.
  var hasNewMessages = false
  /// Tests of which there is something new, and tests that agents are asked for.
  var selfTests: Set<Identifier> = []
  var selfTestRequests: [(agent: Identifier, test: Identifier)] = []
  /// Doors that were opened and only make themselves heard.
  var chimes: [(area: Identifier, door: DoorAddress)] = []
  /// Areas whose state has changed.
  var areas: Set<Identifier> = []
  /// Agents that are asked to state their doors again.
  var restate: Set<Identifier> = []
  /// Agents that have transitions which are missing here.
  var replay: Set<Identifier> = []
  /// Doors are waited for that were not before, or no more.
  var hasNewDeadlines = false
  var warnings: [String] = []

  /// Whether nobody has to be told of anything.
  var isNothing: Bool {
    told.isEmpty && chimes.isEmpty && areas.isEmpty && restate.isEmpty && replay.isEmpty && warnings.isEmpty
      && !hasNewDeadlines && selfTests.isEmpty && selfTestRequests.isEmpty && undelivered.isEmpty
      && acknowledged.isEmpty && !hasNewMessages
  }

  mutating func merge(_ other: Outcome) {
    told += other.told
    acknowledged += other.acknowledged
    selfTests.formUnion(other.selfTests)
    selfTestRequests += other.selfTestRequests
    undelivered += other.undelivered
    hasNewMessages = hasNewMessages || other.hasNewMessages
    chimes += other.chimes
    areas.formUnion(other.areas)
    restate.formUnion(other.restate)
    replay.formUnion(other.replay)
    hasNewDeadlines = hasNewDeadlines || other.hasNewDeadlines
    warnings += other.warnings
  }
}

struct ToldAlert: Sendable, Equatable {
  var alert: Alert
  var stage: AlertStage
}
