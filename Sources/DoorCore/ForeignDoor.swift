/// What is known of a door whose contact has no journal and no count.
package struct ForeignDoor: Sendable, Equatable {
  /// The journal of what is made up here. No agent draws such a name.
  package static let journal = "arrival"

  /// The topics that say that it is not there.
  package private(set) var offline: Set<String>
  /// What it has said since it was there last.
  private var said: DoorState?

  /// - Parameter offline: the topics that said so when it was heard last.
  package init(offline: Set<String> = []) {
    self.offline = offline
  }

  /// What the door is now; nil where nothing is known that was not known before.
  package var state: DoorState? { offline.isEmpty ? said : .unknown }

  package mutating func hear(_ state: DoorState) { said = state }

  /// One of its availability topics speaks.
  package mutating func hear(isOnline: Bool, on topic: String) {
    if isOnline {
      offline.remove(topic)
    } else {
      // What it said before may not be so any more when it is back.
      if offline.isEmpty { said = nil }
      offline.insert(topic)
    }
  }

  /// The transition that has come by what is heard; nil where the door is as it was.
  ///
  /// - Parameter record: the newest that is known of the door.
  package static func transition(to state: DoorState, record: Transition?, at now: Moment) -> Transition? {
    guard state != record?.state else { return nil }
    return Transition(
      state: state, since: now.wall, journal: journal,
      sequence: record.map { $0.journal == journal ? $0.sequence + 1 : 1 } ?? 1, boot: "unknown",
      uptimeMilliseconds: 0, clock: .synced, cause: .arrival)
  }
}
