/// When a channel is tried, and with which of the messages that wait for it.
///
/// They are tried in their order: what fails is most often the receiver or the way to it, so that the next message would
/// fail too, and a receiver that is back gets all in the order of their happening. Where the first message fails again
/// and again, the message behind it is tried right after it: when that one is taken, the first is at fault itself and has
/// to let the others pass.
package struct DeliveryPace: Sendable, Equatable {
  /// What can be done now.
  package enum Turn: Sendable, Equatable {
    /// Nothing for this time.
    case wait(Duration)
    /// A try with the first message that is due.
    case first
    /// A try with the one behind it, right after the first has failed.
    case second
  }

  /// After so many failures in a row the message behind the first is tried too.
  private static let patience = 5

  private let backoff: Backoff
  private var budget: RateBudget?
  private var failures = 0
  private var pauseEnd: MonotonicTime?
  private var isSecondNext = false

  package init(rate: SendingRate?, backoff: Backoff) {
    self.backoff = backoff
    budget = rate.map { RateBudget($0) }
  }

  /// Takes a turn; one that is not ``Turn/wait(_:)`` is to be used, and its end told.
  package mutating func turn(at now: MonotonicTime) -> Turn {
    if let pauseEnd, pauseEnd > now { return .wait(pauseEnd.elapsed(since: now)) }
    if let wait = budget?.take(at: now) { return .wait(wait) }
    defer { isSecondNext = false }
    return isSecondNext ? .second : .first
  }

  /// The receiver has taken or refused a message: it is there.
  package mutating func answered() {
    failures = 0
    pauseEnd = nil
    isSecondNext = false
  }

  /// A try has failed.
  ///
  /// - Parameters:
  ///   - turn: which one; a second message that there is not has failed, too.
  ///   - attempts: the tries of this message before this one. What failed so often before holds up nobody again.
  ///   - retryAfter: when the receiver wants to be asked again; nil where it has not said.
  ///   - fraction: a random number from 0 to 1 (``Backoff/wait(afterFailures:fraction:)``).
  /// - Returns: how long until the next one.
  package mutating func failed(
    _ turn: Turn, attempts: Int = 0, retryAfter: Duration?, fraction: Double, at now: MonotonicTime
  ) -> Duration {
    if turn == .first { failures += 1 }
    // A receiver that names a time is there, and wants nothing at all.
    if turn == .first, max(failures, attempts + 1) > Self.patience, retryAfter == nil {
      isSecondNext = true
      return .zero
    }
    // Some say "at once" again and again.
    let wait =
      retryAfter.map { max($0, backoff.wait(afterFailures: 1, fraction: fraction)) }
      ?? backoff.wait(afterFailures: failures, fraction: fraction)
    pauseEnd = now.advanced(by: wait)
    return wait
  }
}
