/// How often a service lets itself be used: so many messages at once, and one more after each pause.
package struct SendingRate: Sendable, Equatable {
  /// At least 1.
  package var burst: Int
  package var pause: Duration

  package init(burst: Int, pause: Duration) {
    self.burst = max(burst, 1)
    self.pause = pause
  }
}

/// Keeps to a ``SendingRate``.
package struct RateBudget: Sendable, Equatable {
  private let rate: SendingRate
  /// When the budget is whole again; each message moves it by one pause.
  private var whole: MonotonicTime?

  package init(_ rate: SendingRate) {
    self.rate = rate
  }

  /// Takes one message out of the budget; where it is used up, takes nothing and returns the time until it is not.
  package mutating func take(at now: MonotonicTime) -> Duration? {
    let whole = max(self.whole ?? now, now)
    let wait = whole.elapsed(since: now) - rate.pause * (rate.burst - 1)
    guard wait <= .zero else { return wait }
    self.whole = whole.advanced(by: rate.pause)
    return nil
  }
}
