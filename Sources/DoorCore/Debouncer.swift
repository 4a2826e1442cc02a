/// Turns the edges of one bouncing contact into settled levels.
///
/// An edge starts the settle time, every further edge restarts it, and what counts is the level
/// afterwards: debounce ends in the true level, and a burst that ends where it began is nothing.
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

  private struct Edge {
    var level: LineLevel
    var time: MonotonicTime
  }

  package let settleTime: Duration
  private var settledLevel: LineLevel?
  private var lastEdge: Edge?

  package init(settleTime: Duration) {
    self.settleTime = settleTime
  }

  /// When the level is to be read and given to ``read(_:at:)``; nil while nothing bounces.
  package var deadline: MonotonicTime? {
    lastEdge?.time.advanced(by: settleTime)
  }

  /// An edge was seen, to `level`. Returns what had settled before it, where nobody has read that yet.
  package mutating func edge(to level: LineLevel, at time: MonotonicTime) -> Settlement? {
    var settlement: Settlement?
    if let previous = lastEdge, time >= previous.time.advanced(by: settleTime) {
      settlement = settle(previous.level, at: previous.time, cause: .edge)
    }
    lastEdge = Edge(level: level, time: time)
    return settlement
  }

  /// The line was read, because the deadline has come or because the periodic check is due.
  /// Returns the settlement where the level is not the one that had settled before; nil also while the
  /// contact still bounces.
  package mutating func read(_ level: LineLevel, at now: MonotonicTime) -> Settlement? {
    if let deadline, now < deadline { return nil }
    defer { lastEdge = nil }
    return settle(level, at: lastEdge?.time ?? now, cause: lastEdge == nil ? .resync : .edge)
  }

  private mutating func settle(
    _ level: LineLevel, at time: MonotonicTime, cause: TransitionCause
  ) -> Settlement? {
    defer { settledLevel = level }
    guard let settledLevel else { return Settlement(level: level, at: time, cause: .boot) }
    return level == settledLevel ? nil : Settlement(level: level, at: time, cause: cause)
  }
}
