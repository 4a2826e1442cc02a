/// How long to wait before trying again: a random part of a bound that doubles with every attempt
/// ("full jitter"), so that many clients of one broker do not come back all at once.
public struct ReconnectBackoff: Sendable, Hashable {
  /// The bound of the first wait.
  public var initial: Duration
  /// The bound that no wait exceeds.
  public var ceiling: Duration

  /// Bounds below zero count as zero.
  public init(initial: Duration = .milliseconds(500), ceiling: Duration = .seconds(30)) {
    self.initial = initial
    self.ceiling = ceiling
  }

  /// The wait before the next attempt.
  ///
  /// - Parameters:
  ///   - attempt: How many attempts have failed before, from 0.
  ///   - fraction: A random number from 0 to 1.
  public func delay(attempt: Int, fraction: Double) -> Duration {
    var bound = min(initial, ceiling)
    var doublings = attempt
    while doublings > 0, bound > .zero, bound < ceiling {
      bound = min(bound * 2, ceiling)
      doublings -= 1
    }
    return bound * min(max(fraction, 0), 1)
  }
}
