public import MQTTProtocol

/// What to subscribe to, and what to do with the messages.
///
/// Routes are known before the client connects, so that no message that a broker has kept for the session
/// arrives without anybody to take it. A message goes to the first route whose subscription identifier it
/// carries, or else to the first whose filter matches its topic.
public struct Route: Sendable {
  /// Handles a non-empty batch: all messages of the route that had come in a row when the call before ended,
  /// at most `receiveMaximum` of them.
  ///
  /// Handlers are called one at a time, in the order of arrival. When one returns, its batch is acknowledged.
  /// When it throws, nothing is: it gets the same messages again after a back-off, or, if the connection is
  /// lost meanwhile, the broker delivers those at quality of service 1 and 2 again.
  ///
  /// A handler must not wait for `publish` or `fence` of its own client: the answer may be behind messages
  /// that are not read before the handler has returned.
  public typealias Handler = @Sendable (_ batch: [ReceivedMessage]) async throws -> Void

  /// What becomes of a message whose handler throws every time.
  public enum FailureHandling: Sendable {
    /// It is tried for ever; the messages behind it wait.
    case retry
    /// After so many failures, 1 or more, the broker is told a reason of 0x80 or above, and does not deliver the
    /// message again. On 3.1.1, which has no reasons, the message is acknowledged; either way an error is logged.
    case refuse(after: Int, with: ReasonCode)
    /// After so many failures, 1 or more, the message goes to another handler, and counts as handled when that
    /// returns; when it throws, it is tried for ever.
    case park(after: Int, in: Handler)
  }

  /// The topic filter, as it is subscribed to.
  public let filter: String
  /// The highest that the broker is to deliver with.
  public let qualityOfService: QualityOfService
  /// MQTT 5.0 only, as the following three.
  public let retained: RetainHandling
  /// The broker keeps the client's own messages from it.
  public let noLocal: Bool
  /// Messages keep the RETAIN flag that they were published with.
  public let retainAsPublished: Bool
  /// 1 to 268,435,455. The broker sends it with every message of the subscription.
  public let subscriptionIdentifier: UInt32?
  /// What becomes of a message whose handler throws every time.
  public let whenFailing: FailureHandling
  let handler: Handler

  /// - Parameters:
  ///   - filter: A topic filter, also of a shared subscription (`$share/GROUP/FILTER`); `run` throws if it is
  ///     none.
  ///   - qualityOfService: The highest that the broker is to deliver with.
  ///   - retained: Whether the broker sends retained messages when the client has connected. MQTT 5.0 only.
  ///   - noLocal: Whether messages that this client publishes stay away. MQTT 5.0 only.
  ///   - retainAsPublished: Whether messages keep the RETAIN flag that they were published with; otherwise it
  ///     says only that a message came because of the subscription. MQTT 5.0 only.
  ///   - subscriptionIdentifier: 1 to 268,435,455; comes back with every message of the subscription. MQTT 5.0
  ///     only.
  ///   - whenFailing: What becomes of a message whose handler throws every time.
  ///   - handler: Gets the messages.
  public init(
    _ filter: String,
    qualityOfService: QualityOfService = .atLeastOnce,
    retained: RetainHandling = .always,
    noLocal: Bool = false,
    retainAsPublished: Bool = false,
    subscriptionIdentifier: UInt32? = nil,
    whenFailing: FailureHandling = .retry,
    handler: @escaping Handler
  ) {
    self.filter = filter
    self.qualityOfService = qualityOfService
    self.retained = retained
    self.noLocal = noLocal
    self.retainAsPublished = retainAsPublished
    self.subscriptionIdentifier = subscriptionIdentifier
    self.whenFailing = whenFailing
    self.handler = handler
  }

  func subscription(_ id: RouteID) -> RouteSubscription {
    RouteSubscription(
      id: id,
      subscription: Subscription(
        filter: filter, qualityOfService: qualityOfService, noLocal: noLocal,
        retainAsPublished: retainAsPublished, retainHandling: retained),
      identifier: subscriptionIdentifier, failurePolicy: whenFailing.policy)
  }
}

extension Route.FailureHandling {
  fileprivate var policy: FailurePolicy {
    switch self {
    case .retry: .retry
    case .refuse(let limit, let code): .refuse(after: limit, code)
    case .park(let limit, _): .park(after: limit)
    }
  }
}
