// MQTT: a client for brokers of MQTT 5.0 and 3.1.1 that stays connected and loses no message.

public import Logging
public import MQTTProtocol
import NIOCore
import NIOPosix
import Synchronization

/// A client of one broker.
///
/// ``run(routes:)`` connects and stays connected until its task is cancelled. Meanwhile, before it and from
/// any task, messages can be published. What was published is kept in memory, in order, until the broker has
/// acknowledged it, across as many connections as that takes.
public final class MQTTClient: Sendable {
  private let eventLoop: any EventLoop
  private let driver: NIOLoopBoundBox<SessionDriver>
  private let broadcast = StateBroadcast()
  private let hasRun = Atomic(false)
  private let lastNumber = Atomic<UInt64>(0)

  public init(configuration: Configuration, logger: Logger) {
    eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    driver = .makeBoxSendingValue(
      SessionDriver(
        configuration: configuration,
        logger: logger,
        states: broadcast,
        eventLoop: eventLoop
      ),
      eventLoop: eventLoop
    )
  }

  /// Connects, and connects again whenever the connection is lost, until the task is cancelled. Then it waits
  /// for the handler at work, sends the acknowledgements that are due and DISCONNECT, so that the broker does
  /// not publish the will, and returns.
  ///
  /// Handlers run in this task. A message that no route wants is logged as a warning, and acknowledged.
  ///
  /// - Throws: Only before the first connection: ``MQTTError/invalidFilter(_:)``,
  ///   ``MQTTError/unsupportedQualityOfService(_:)``, ``MQTTError/invalidValue(_:)``,
  ///   ``MQTTError/invalidTopic(_:)`` of the will, and ``MQTTError/alreadyRunning`` from the second call on.
  public func run(routes: [Route]) async throws(MQTTError) {
    guard !hasRun.exchange(true, ordering: .relaxed) else { throw .alreadyRunning }
    let subscriptions = routes.map(\.subscription)
    let start = await withCheckedContinuation { continuation in
      onLoop { continuation.resume(returning: $0.start(subscriptions)) }
    }
    try start.get()
    await withTaskCancellationHandler {
      await handleMessages(routes)
    } onCancel: {
      onLoop { $0.cancel() }
    }
    await withCheckedContinuation { continuation in
      onLoop { $0.stop(continuation) }
    }
  }

  private func handleMessages(_ routes: [Route]) async {
    var report: SessionDriver.Report?
    while let batch = await nextBatch(after: report) {
      do {
        try await routes[batch.route].handler(batch.messages)
        report = .handled(batch.token)
      } catch {
        report = .failed(batch.token, error)
      }
    }
  }

  private func nextBatch(after report: SessionDriver.Report?) async -> InboxBatch? {
    await withCheckedContinuation { continuation in
      onLoop { $0.nextBatch(after: report, continuation) }
    }
  }

  /// Returns when every message has been acknowledged (quality of service 1) or handed to the connection
  /// (quality of service 0). Messages keep their order, within a call and from one call to the next.
  ///
  /// - Throws: The first failure of any of the messages, when all are done with. If a message cannot be sent
  ///   at all or the queue has no room, none of them is taken. After ``MQTTError/cancelled`` those that were
  ///   on the wire may have been published.
  public func publish(_ messages: [Message]) async throws(MQTTError) {
    guard !messages.isEmpty else { return }
    let batch = PublishBatchID(nextNumber())
    try await cancellable { driver, continuation in
      driver.publish(messages, batch: batch, continuation)
    } cancel: { driver in
      driver.cancelPublish(batch)
    }
  }

  /// Returns when the message has been acknowledged, or handed to the connection at quality of service 0.
  public func publish(_ message: Message) async throws(MQTTError) {
    try await publish([message])
  }

  /// A stream of the current state and every one that follows, until ``ConnectionState/stopped(reason:)``.
  ///
  /// A reader that falls behind by more than 16 states misses the oldest.
  public func states() -> AsyncStream<ConnectionState> { broadcast.stream() }

  /// Asks the broker for a sign of life (PINGREQ), and returns when it has come and the handlers have finished
  /// with all messages that came before it.
  ///
  /// Without a connection it waits for one; if one is lost, it asks again on the next.
  ///
  /// - Throws: ``MQTTError/cancelled``, ``MQTTError/stopped``, or ``MQTTError/queueFull(limit:)`` if as many
  ///   calls wait as `outgoingQueueLimit` allows messages.
  public func fence() async throws(MQTTError) {
    let id = SessionMachine.FenceID(nextNumber())
    try await cancellable { driver, continuation in
      driver.fence(id, continuation)
    } cancel: { driver in
      driver.cancelFence(id)
    }
  }

  private func nextNumber() -> UInt64 {
    lastNumber.wrappingAdd(1, ordering: .relaxed).newValue
  }

  private func onLoop(_ body: @escaping @Sendable (SessionDriver) -> Void) {
    eventLoop.execute { [driver] in body(driver.value) }
  }

  /// Has the driver begin something and resume a continuation at its end or when the task is cancelled.
  private func cancellable(
    _ begin: @escaping @Sendable (SessionDriver, CheckedContinuation<SessionDriver.Outcome, Never>) -> Void,
    cancel: @escaping @Sendable (SessionDriver) -> Void
  ) async throws(MQTTError) {
    let cancellation = Cancellation()
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation {
        (continuation: CheckedContinuation<SessionDriver.Outcome, Never>) in
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
    try outcome.get()
  }
}

private final class Cancellation: Sendable {
  let isRequested = Atomic(false)
}
