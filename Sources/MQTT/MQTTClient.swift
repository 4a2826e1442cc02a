// MQTT: a client for brokers of MQTT 5.0 and 3.1.1 that stays connected and loses no message.

public import Logging
@_exported public import MQTTProtocol
public import Metrics
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// A client of one broker.
///
/// ``run(routes:fallback:)`` connects and stays connected until its task is cancelled. Meanwhile, before it and
/// from any task, messages can be published. What was published is kept, in order, until the broker has
/// acknowledged it, across as many connections as that takes; with a ``Configuration/sessionStore`` also across
/// runs of the program.
///
/// Metrics, each with the dimension `client_id`: the gauges `mqtt_client_in_flight`, `mqtt_client_queued` and
/// `mqtt_client_oldest_unacknowledged_seconds`, and the counters `mqtt_client_reconnects`,
/// `mqtt_client_sent_bytes` and `mqtt_client_received_bytes`.
public final class MQTTClient: Sendable {
  /// Runs tasks on the client's own thread, for those to whom every microsecond counts: a `run` or `publish`
  /// under `withTaskExecutorPreference(client.executor)` changes no thread on the way to and from the network.
  ///
  /// What runs there must not block or compute for long: meanwhile the client neither reads nor writes, nor do
  /// other clients that share the thread.
  public let executor: any TaskExecutor

  private let eventLoop: any EventLoop
  private let driver: NIOLoopBoundBox<SessionDriver>
  private let broadcast = StateBroadcast()
  private let hasRun = Atomic(false)
  private let lastNumber = Atomic<UInt64>(0)

  /// Does nothing yet: neither the broker nor the session store is touched before ``run(routes:fallback:)``.
  ///
  /// - Parameters:
  ///   - configuration: Looked at by ``run(routes:fallback:)``, which throws what of it cannot be used.
  ///   - logger: Gets the connections and their failures, and what becomes of messages that nobody waits for.
  ///   - metrics: Where the metrics go; by default to what the program has set for all.
  public init(
    configuration: Configuration, logger: Logger, metrics: any MetricsFactory = MetricsSystem.factory
  ) {
    eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    executor = EventLoopExecutor(eventLoop: eventLoop)
    driver = .makeBoxSendingValue(
      SessionDriver(
        configuration: configuration,
        logger: logger,
        states: broadcast,
        metrics: ClientMetrics(factory: metrics, clientIdentifier: configuration.clientIdentifier),
        eventLoop: eventLoop
      ),
      eventLoop: eventLoop
    )
  }

  /// Connects, and connects again whenever the connection is lost, until the task is cancelled. Then it waits
  /// for the handler at work, sends the acknowledgements that are due and DISCONNECT, so that the broker does
  /// not publish the will, and returns.
  ///
  /// When swift-service-lifecycle shuts down gracefully, it takes no new messages, waits until the broker has
  /// acknowledged those under way, for the configured `drainTimeout` at most, and then does the same.
  ///
  /// Handlers run in this task.
  ///
  /// - Parameters:
  ///   - routes: What to subscribe to; each filter once.
  ///   - fallback: Handles messages that no route wants, such as those of subscriptions that an earlier run of
  ///     the program has left in the session. Without it they are acknowledged, and logged as a warning each.
  /// - Throws: Only before the first connection: what of the routes and the configuration cannot be used,
  ///   ``MQTTError/sessionStore(_:)``, and ``MQTTError/alreadyRunning`` from the second call on.
  public func run(routes: [Route], fallback: Route.Handler? = nil) async throws(MQTTError) {
    guard !hasRun.exchange(true, ordering: .relaxed) else { throw .alreadyRunning }
    let start = await withContinuation { continuation in
      onLoop { $0.start(routes, fallback: fallback, continuation) }
    }
    _ = try start.get()
    await withTaskCancellationHandler {
      await withGracefulShutdownHandler {
        await handleMessages()
      } onGracefulShutdown: {
        self.onLoop { $0.drain() }
      }
    } onCancel: {
      onLoop { $0.cancel() }
    }
    await withContinuation { continuation in
      onLoop { $0.stop(continuation) }
    }
  }

  private func handleMessages() async {
    var report: SessionDriver.Report?
    while let work = await nextWork(after: report) {
      do {
        try await work.handler(work.batch.messages)
        report = .handled(work.batch.token)
      } catch {
        report = .failed(work.batch, error)
      }
    }
  }

  private func nextWork(after report: SessionDriver.Report?) async -> SessionDriver.Work? {
    await withContinuation { continuation in
      onLoop { $0.nextWork(after: report, continuation) }
    }
  }

  // MARK: Publishing

  /// Returns when every message has been acknowledged (quality of service 1 and 2) or handed to the connection
  /// (quality of service 0). Messages keep their order, within a call and from one call to the next.
  ///
  /// Without a connection they wait for one, also before ``run(routes:fallback:)`` is called.
  ///
  /// - Parameters:
  ///   - messages: For none of them the call returns at once.
  ///   - queue: What becomes of the messages while they wait to be sent.
  /// - Throws: The first failure of any of the messages, when all are done with. If a message cannot be sent
  ///   at all or the queue has no room, none of them is taken. After ``MQTTError/cancelled`` and
  ///   ``MQTTError/stopped`` those that were on the wire may have been published.
  public func publish(_ messages: [Message], queue: QueuePolicy = .keepAll) async throws(MQTTError) {
    _ = try await publish(messages, until: .acknowledged, queue)
  }

  /// Returns when the message has been acknowledged, or handed to the connection at quality of service 0; see
  /// ``publish(_:queue:)-([Message],_)``.
  public func publish(_ message: Message, queue: QueuePolicy = .keepAll) async throws(MQTTError) {
    _ = try await publish([message], until: .acknowledged, queue)
  }

  /// Publishes a message, and returns what the broker says of it when it has acknowledged it:
  /// ``ReasonCode/success``, or ``ReasonCode/noMatchingSubscribers`` if nobody subscribes to it (MQTT 5.0,
  /// 3.4.2.1; brokers need not say so).
  public func acknowledgement(
    of message: Message, queue: QueuePolicy = .keepAll
  ) async throws(MQTTError) -> ReasonCode {
    try await publish([message], until: .acknowledged, queue)
  }

  /// Returns when the messages are accepted: they wait, in order, and with a session store those at quality of
  /// service 1 and 2 survive the end of the program. One that later goes nowhere, because it expires or the
  /// broker refuses it, is logged as a warning.
  ///
  /// With a session store it waits for ``run(routes:fallback:)``, which opens the store.
  ///
  /// - Parameters:
  ///   - messages: For none of them the call returns at once.
  ///   - queue: What becomes of the messages while they wait to be sent.
  /// - Throws: If a message cannot be sent at all, the queue has no room, or the store does not take it; then
  ///   none of them is accepted.
  public func enqueue(_ messages: [Message], queue: QueuePolicy = .keepAll) async throws(MQTTError) {
    _ = try await publish(messages, until: .accepted, queue)
  }

  /// Returns when the message is accepted; see ``enqueue(_:queue:)-([Message],_)``.
  public func enqueue(_ message: Message, queue: QueuePolicy = .keepAll) async throws(MQTTError) {
    _ = try await publish([message], until: .accepted, queue)
  }

  private func publish(
    _ messages: [Message], until milestone: PublishMilestone, _ policy: QueuePolicy
  ) async throws(MQTTError) -> ReasonCode {
    guard !messages.isEmpty else { return .success }
    let batch = PublishBatchID(nextNumber())
    return try await cancellable { driver, completion in
      driver.publish(messages, batch: batch, until: milestone, policy: policy, completion)
    } cancel: { driver in
      driver.cancelPublish(batch)
    }
  }

  // MARK: The session

  /// A stream of the current state and every one that follows, until ``ConnectionState/stopped(reason:)``.
  ///
  /// A reader that falls behind by more than 16 states misses the oldest.
  public func states() -> AsyncStream<ConnectionState> { broadcast.stream() }

  /// Asks the broker for a sign of life (PINGREQ), and returns when it has come and the handlers have finished
  /// with all messages that came before it.
  ///
  /// Without a connection it waits for one; if one is lost, it asks again on the next.
  ///
  /// - Throws: ``MQTTError/cancelled``, ``MQTTError/stopped``, or ``MQTTError/queueFull(limit:byteLimit:)`` if
  ///   as many calls wait as `outgoingQueueLimit` allows messages.
  public func fence() async throws(MQTTError) {
    try await request { $0.fence($1, $2) }
  }

  /// Adds a route, and returns when the broker has made the subscription; without a connection it waits for one.
  ///
  /// The route stays, whether the call ends in good order, is cancelled, or the broker refuses the subscription:
  /// every later connection asks for it again, until ``unsubscribe(from:)``.
  ///
  /// - Throws: ``MQTTError/subscriptionRefused(filter:_:)``, and what of the route cannot be used.
  public func subscribe(to route: Route) async throws(MQTTError) {
    try await request { $0.subscribe(route, $1, $2) }
  }

  /// Ends the subscription to a filter, of a route or of an earlier run, and returns when the broker has; its
  /// messages that are still to come go to other routes, or to the fallback.
  public func unsubscribe(from filter: String) async throws(MQTTError) {
    try await request { $0.unsubscribe(filter, $1, $2) }
  }

  /// Authenticates again on the standing connection (MQTT 5.0, 4.12.1), and returns when the broker has
  /// accepted; one that does not ends the connection.
  ///
  /// - Throws: ``MQTTError/noAuthenticator``, and ``MQTTError/notConnected`` also if the connection ends.
  public func reauthenticate() async throws(MQTTError) {
    try await request { $0.reauthenticate($1, $2) }
  }

  private func request(
    _ begin: @escaping @Sendable (SessionDriver, RequestID, SessionDriver.Completion) -> Void
  ) async throws(MQTTError) {
    let id = RequestID(nextNumber())
    _ = try await cancellable { driver, completion in
      begin(driver, id, completion)
    } cancel: { driver in
      driver.cancelRequest(id)
    }
  }

  private func nextNumber() -> UInt64 {
    lastNumber.wrappingAdd(1, ordering: .relaxed).newValue
  }

  private func onLoop(_ body: @escaping @Sendable (SessionDriver) -> Void) {
    // Nobody calls from the midst of the driver's work: what that resumes runs as a job of its own.
    guard !eventLoop.inEventLoop else { return body(driver.value) }
    eventLoop.execute { [driver] in body(driver.value) }
  }

  /// Has the driver begin something and resume a continuation at its end or when the task is cancelled.
  private func cancellable(
    _ begin: @escaping @Sendable (SessionDriver, SessionDriver.Completion) -> Void,
    cancel: @escaping @Sendable (SessionDriver) -> Void
  ) async throws(MQTTError) -> ReasonCode {
    let cancellation = Cancellation()
    let outcome = await withTaskCancellationHandler {
      await withContinuation { (continuation: SessionDriver.Completion) in
        onLoop { driver in
          // The cancellation can overtake the beginning, and would find nothing to cancel.
          if cancellation.isRequested.load(ordering: .acquiring) {
            continuation.resume(returning: .failure(.cancelled))
          } else {
            begin(driver, continuation)
          }
        }
      }
    } onCancel: {
      cancellation.isRequested.store(true, ordering: .releasing)
      onLoop(cancel)
    }
    return try outcome.get()
  }
}

private final class Cancellation: Sendable {
  let isRequested = Atomic(false)
}
