/// How long to wait before trying again: doubling, up to a ceiling, with jitter.
package struct Backoff: Sendable, Equatable {
  package var initial: Duration
  package var ceiling: Duration

  package init(initial: Duration, ceiling: Duration) {
    self.initial = initial
    self.ceiling = ceiling
  }

  /// The wait after the given number of failures in a row.
  ///
  /// - Parameters:
  ///   - failures: 1 after the first failure.
  ///   - fraction: a random number from 0 to 1; where it falls within the upper half of the range, so that
  ///     many senders spread out and none of them tries again at once.
  package func wait(afterFailures failures: Int, fraction: Double) -> Duration {
    let doublings = min(max(failures - 1, 0), 40)
    let longest = min(initial * Double(UInt64(1) << UInt64(doublings)), ceiling)
    return longest * (0.5 + 0.5 * min(max(fraction, 0), 1))
  }
}
