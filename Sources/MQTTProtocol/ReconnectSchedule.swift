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

  /// What to make of the end of a connection.
  struct Verdict: Equatable {
    /// What is to be told: the failure, or that another client has our identifier.
    var failure: ConnectionFailure
    var delay: Duration
    /// The failure is that of the same broker before again, without a stable connection between them.
    var isRepeated: Bool
  }

  /// Takes the end of a connection, or of an attempt to make one.
  ///
  /// - Parameters:
  ///   - takenOver: What `failure` is when the broker seems to give our session to another client again and again. A
  ///     broker of 3.1.1 cannot say so, and some of 5.0 do not either: they just close the older connection.
  ///   - lifetime: From CONNACK to the end; nil without CONNACK.
  ///   - isClosedByBroker: Neither side has said why.
  ///   - fraction: A random number from 0 to 1.
  mutating func connectionEnded(
    _ failure: ConnectionFailure, orTakenOver takenOver: @autoclosure () -> ConnectionFailure,
    lifetime: TimeAmount?, isClosedByBroker: Bool, fraction: Double
  ) -> Verdict {
    let wasStable = lifetime.map { $0 >= Self.stableAfter }
    quickLosses = isClosedByBroker && wasStable == false ? quickLosses + 1 : 0
    if wasStable == true {
      failedAttempts = 0
      lastFailures = []
    }
    let failure = quickLosses >= Self.quickLossLimit ? takenOver() : failure
    return Verdict(
      failure: failure, delay: delay(after: failure, hasStood: lifetime != nil, fraction: fraction),
      isRepeated: isRepeated(failure))
  }

  private mutating func delay(after failure: ConnectionFailure, hasStood: Bool, fraction: Double) -> Duration
  {
    if case .sessionTakenOver = failure { return backoff.ceiling }
    failedAttempts += 1
    // At once, and a few times at most: a broker that went away does not answer yet, which ends the suspicion that
    // another client has our identifier.
    guard quickLosses == 0 else { return .zero }
    // A connection that stood and was lost is as good as a round: the same broker is tried first.
    guard failedAttempts % brokerCount == 0 || hasStood else { return .zero }
    return backoff.delay(attempt: (failedAttempts - 1) / brokerCount, fraction: fraction)
  }

  private mutating func isRepeated(_ failure: ConnectionFailure) -> Bool {
    guard !lastFailures.contains(failure) else { return true }
    lastFailures.append(failure)
    if lastFailures.count > brokerCount { lastFailures.removeFirst() }
    return false
  }
}
