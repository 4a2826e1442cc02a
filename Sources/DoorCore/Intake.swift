/// Judges what a door state message means, by its identity (`journal`, `sequence`) against the durable record.
///
/// The RETAIN flag plays no part: a queued message arrives without it and may be hours old, and a broker
/// restored from a snapshot sends old states as new ones.
package enum Intake {
  /// How a transition reached the notifier, kept in the history.
  package enum Manner: String, Sendable, CaseIterable {
    /// Within ``lateAfter`` of its happening.
    case live
    /// Older than that when it arrived.
    case late
    /// Asked back out of the agent's journal.
    case replayed
    /// The first that is known of the door: no change was seen.
    case baseline
    /// The first statement of a journal that the agent began anew or put back.
    case restarted
  }

  /// What the history holds under a transition's identity.
  package enum Holding: Sendable, Equatable {
    case held(Transition)
    /// Nothing, and it is known to be missing.
    case missing
    /// Nothing, and its journal is one that a newer journal has replaced.
    case superseded
    case nothing
  }

  package enum Judgement: Sendable, Equatable {
    /// Known already: a duplicate, a replay or an old snapshot. `restate`: it is older than the record, so
    /// the agent is asked to state the door again.
    case duplicate(restate: Bool)
    /// A transition that is new. `isChange` is false where the state was merely found to be what it was;
    /// `missing` are the sequence numbers between the record and it.
    case transition(Manner, isChange: Bool, missing: ClosedRange<Int64>?)
    /// One that was missing: it goes into the history and leaves the record as it is.
    case filledGap
    /// The first that is known of the door.
    case baseline
    /// The agent's journal was lost or put back. `isChange`: the state is not the recorded one.
    case journalRestarted(isChange: Bool)
  }

  /// A transition older than this is labelled late.
  package static let lateAfter: Duration = .seconds(60)

  /// - Parameters:
  ///   - transition: what arrived on the door's own topic.
  ///   - record: the newest transition held for the door; nil where there is none.
  ///   - holding: what the history holds under the same identity.
  package static func judge(
    _ transition: Transition, record: Transition?, holding: Holding, now: Timestamp
  ) -> Judgement {
    guard let record else { return .baseline }
    let isChange = transition.state != record.state
    switch holding {
    case .held(let held) where held == transition:
      return .duplicate(restate: transition != record)
    case .held:
      return .journalRestarted(isChange: isChange)
    case .missing:
      return .filledGap
    case .superseded:
      // What is no older than the record comes from an agent whose old journal was put back.
      return isOlder(transition, than: record)
        ? .duplicate(restate: true) : .journalRestarted(isChange: isChange)
    case .nothing:
      guard transition.journal == record.journal else { return .journalRestarted(isChange: isChange) }
      guard transition.sequence > record.sequence else { return .duplicate(restate: true) }
      let next = record.sequence + 1
      return .transition(
        isLate(transition, now: now) ? .late : .live,
        // An edge is a change also where its state is the recorded one: what lay between is missing.
        isChange: isChange || transition.cause == .edge,
        missing: transition.sequence > next ? next...(transition.sequence - 1) : nil)
    }
  }

  /// Judges a transition that the agent sent out of its journal because it was asked to. It never moves the
  /// record: where it is ahead of it, the door's own topic is about to say so.
  package static func judgeReplayed(holding: Holding) -> Judgement {
    holding == .missing ? .filledGap : .duplicate(restate: false)
  }

  /// Whether it is known to have happened before the record.
  private static func isOlder(_ transition: Transition, than record: Transition) -> Bool {
    transition.clock == .synced && record.clock == .synced && transition.since < record.since
  }

  /// With an unsynchronised clock the age is unknown: then the time of arrival counts, and nothing is late.
  private static func isLate(_ transition: Transition, now: Timestamp) -> Bool {
    transition.clock == .synced && now.elapsed(since: transition.since) > lateAfter
  }
}
