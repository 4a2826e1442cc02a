public import MQTTProtocol

/// What to subscribe to, and what to do with the messages.
///
/// Routes are known before the client connects, so that no message that a broker has kept for the session
/// arrives without anybody to take it. A message goes to the first route whose filter matches its topic.
public struct Route: Sendable {
  /// Handles a non-empty batch: all messages of the route that had come in a row when the call before ended,
  /// at most `receiveMaximum` of them.
  ///
  /// Handlers are called one at a time, in the order of arrival. When one returns, its batch is acknowledged.
  /// When it throws, nothing is: it gets the same batch again after a back-off, or, if the connection is lost
  /// meanwhile, the broker delivers the messages at quality of service 1 again.
  ///
  /// A handler must not wait for `publish` or `fence` of its own client: the answer may be behind messages
  /// that are not read before the handler has returned.
  public typealias Handler = @Sendable (_ batch: [ReceivedMessage]) async throws -> Void

  public let filter: String
  public let qualityOfService: QualityOfService
  public let retained: RetainHandling
  let handler: Handler

  /// - Parameters:
  ///   - filter: A topic filter, also of a shared subscription; `run` throws if it is none.
  ///   - qualityOfService: The highest that the broker is to deliver with; 0 or 1.
  ///   - retained: Whether the broker sends retained messages when the client has connected. MQTT 5.0 only.
  public init(
    _ filter: String,
    qualityOfService: QualityOfService = .atLeastOnce,
    retained: RetainHandling = .always,
    handler: @escaping Handler
  ) {
    self.filter = filter
    self.qualityOfService = qualityOfService
    self.retained = retained
    self.handler = handler
  }

  var subscription: Subscription {
    Subscription(filter: filter, qualityOfService: qualityOfService, retainHandling: retained)
  }
}
