import NIOCore

/// Decides when to connect again, from how the connections before ended.
struct ReconnectSchedule {
  /// A connection that lasted this long ends a series of failures.
  static let stableAfter = TimeAmount.seconds(10)
  /// So many connections lost shortly after CONNACK are taken for a fight over the client identifier.
  private static let quickLossLimit = 3

  private let backoff: ReconnectBackoff
  /// So many are tried in turn; only after the last of them there is a wait.
  private let brokerCount: Int
  private var failedAttempts = 0
  private var quickLosses = 0
  /// Those since a stable connection, one for each broker at most.
  private var lastFailures: [ConnectionFailure] = []

  init(backoff: ReconnectBackoff, brokerCount: Int = 1) {
    self.backoff = backoff
    self.brokerCount = max(1, brokerCount)
  }

  /// How long to wait after `failure`, which was looked at by ``isTakeoverLikely(lifetime:closedByBroker:)`` before.
  ///
  /// - Parameter lifetime: From CONNACK to the end; nil without CONNACK.
  mutating func delay(
    after failure: ConnectionFailure,
    lifetime: TimeAmount?,
    fraction: Double
  ) -> Duration {
    if let lifetime, lifetime >= Self.stableAfter { failedAttempts = 0 }
    if case .sessionTakenOver = failure { return backoff.ceiling }
    failedAttempts += 1
    // At once, and a few times at most: a broker that went away does not answer yet, which ends the suspicion that
    // another client has our identifier.
    guard quickLosses == 0 else { return .zero }
    // A connection that stood and was lost is as good as a round: the same broker is tried first.
    guard failedAttempts % brokerCount == 0 || lifetime != nil else { return .zero }
    return backoff.delay(attempt: (failedAttempts - 1) / brokerCount, fraction: fraction)
  }

  /// Whether `failure` is that of the same broker before again, without a stable connection between them.
  mutating func isRepeated(_ failure: ConnectionFailure, lifetime: TimeAmount?) -> Bool {
    if let lifetime, lifetime >= Self.stableAfter { lastFailures = [] }
    guard !lastFailures.contains(failure) else { return true }
    lastFailures.append(failure)
    if lastFailures.count > brokerCount { lastFailures.removeFirst() }
    return false
  }

  /// Whether the broker seems to give our session to another client again and again.
  ///
  /// A broker of 3.1.1 cannot say so, and some of 5.0 do not either: they just close the older connection.
  mutating func isTakeoverLikely(lifetime: TimeAmount?, closedByBroker: Bool) -> Bool {
    if closedByBroker, let lifetime, lifetime < Self.stableAfter {
      quickLosses += 1
    } else {
      quickLosses = 0
    }
    return quickLosses >= Self.quickLossLimit
  }
}
