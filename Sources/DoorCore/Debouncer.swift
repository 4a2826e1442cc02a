/// Turns the edges of one bouncing contact into settled levels.
///
/// An edge starts the settle time, every further edge restarts it, and what counts is the level
/// afterwards: debounce ends in the true level, and a burst that ends where it began is nothing.
///
/// A contact that goes on changing, without a rest of ``restTime``, for the chatter time is broken: it is said to
/// chatter, once, and no more of its levels are told until it rests.
///
/// Edges carry the kernel's time, so levels that settled while the agent was too busy to look are told
/// apart afterwards and none is lost.
package struct Debouncer: Sendable {
  /// A level that has settled, and how that came to be known.
  package struct Settlement: Sendable, Equatable {
    package var level: LineLevel
    /// The last edge of the burst, or the moment of reading where no edge was seen.
    package var at: MonotonicTime
    package var cause: TransitionCause

    package init(level: LineLevel, at: MonotonicTime, cause: TransitionCause) {
      self.level = level
      self.at = at
      self.cause = cause
    }
  }

  /// What there is to say of a line.
  package enum Finding: Sendable, Equatable {
    case settled(Settlement)
    /// It chatters, as its edge at this time shows.
    case chatters(at: MonotonicTime)
  }

  private struct Edge {
    var level: LineLevel
    var time: MonotonicTime
  }

  /// Can change at any time; what has settled stays so.
  package var settleTime: Duration
  package let chatterTime: Duration
  private var settledLevel: LineLevel?
  private var lastEdge: Edge?
  /// The first edge after a rest, and the newest, of a line that has not rested since.
  private var unrest: (first: MonotonicTime, newest: MonotonicTime)?
  private var isChattering = false

  package init(settleTime: Duration, chatterTime: Duration = .seconds(10)) {
    self.settleTime = settleTime
    self.chatterTime = chatterTime
  }

  /// How long a line must not change to be said to rest. No person opens and closes a door so fast for long.
  package var restTime: Duration { max(.seconds(1), settleTime) }

  /// When the level is to be read and given to ``read(_:at:)``; nil while nothing bounces.
  package var deadline: MonotonicTime? {
    lastEdge?.time.advanced(by: isChattering ? restTime : settleTime)
  }

  /// An edge was seen, to `level`. Returns what had settled before it, where nobody has read that yet, and that
  /// the line chatters, if this edge shows it.
  package mutating func edge(to level: LineLevel, at time: MonotonicTime) -> [Finding] {
    var findings: [Finding] = []
    if let previous = lastEdge, let deadline, time >= deadline {
      findings += settle(previous.level, at: previous.time, cause: .edge)
    }
    lastEdge = Edge(level: level, time: time)
    let first = unrest.flatMap { time < $0.newest.advanced(by: restTime) ? $0.first : nil } ?? time
    unrest = (first, time)
    if !isChattering, time >= first.advanced(by: chatterTime) {
      isChattering = true
      findings.append(.chatters(at: time))
    }
    return findings
  }

  /// The line was read, because the deadline has come or because the periodic check is due.
  /// Returns what has settled, where that is not the level that had settled before; nothing also while the
  /// contact still bounces.
  package mutating func read(_ level: LineLevel, at now: MonotonicTime) -> [Finding] {
    if let deadline, now < deadline { return [] }
    defer { lastEdge = nil }
    return settle(level, at: lastEdge?.time ?? now, cause: lastEdge == nil ? .resync : .edge)
  }

  private mutating func settle(
    _ level: LineLevel, at time: MonotonicTime, cause: TransitionCause
  ) -> [Finding] {
    defer {
      settledLevel = level
      isChattering = false
    }
    guard let settledLevel else { return [.settled(Settlement(level: level, at: time, cause: .boot))] }
    // Of a line that has chattered everything is news.
    guard level != settledLevel || isChattering else { return [] }
    return [.settled(Settlement(level: level, at: time, cause: cause))]
  }
}
