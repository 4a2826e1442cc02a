import AlarmStore
import Delivery
import DoorCore
import Logging

/// The stage between the outbox and a person: takes one channel's alerts out of the store, one after the
/// other, and tries each until the channel has it or refuses it.
actor DeliveryWorker {
  /// Rows looked at once.
  private static let batch = 16

  private let channel: any DeliveryChannel
  private let store: AlarmStore
  private let text: AlertText
  private let backoff: Backoff
  private let logger: Logger
  private let wakes: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation
  private var alarmClock: Task<Void, Never>?

  init(
    channel: any DeliveryChannel, store: AlarmStore, text: AlertText, logger: Logger,
    backoff: Backoff = Backoff(initial: .seconds(1), ceiling: .seconds(300))
  ) {
    self.channel = channel
    self.store = store
    self.text = text
    self.backoff = backoff
    self.logger = logger
    (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// There is something new in the outbox.
  nonisolated func alertsRaised() {
    wake.yield()
  }

  /// Delivers until the task is cancelled.
  func run() async throws {
    wake.yield()
    defer { alarmClock?.cancel() }
    for await _ in wakes {
      do throws(AlarmStoreError) {
        var next = try await deliverWhatIsDue()
        while let due = next, due <= .now, !Task.isCancelled { next = try await deliverWhatIsDue() }
        if let next { wakeUp(after: next.elapsed(since: .now)) }
      } catch {
        if Task.isCancelled { return }
        logger.error("channel \(channel.id): \(error)")
        wakeUp(after: .seconds(5))
      }
    }
  }

  /// Tries what is due once, and returns when the next try is.
  private func deliverWhatIsDue() async throws(AlarmStoreError) -> Timestamp? {
    let items = try await store.transact { [id = channel.id] in try $0.waiting(for: id, limit: Self.batch) }
    for item in items where isDue(item) && !Task.isCancelled {
      try await deliver(item)
    }
    return try await store.transact { [id = channel.id] in try $0.waiting(for: id, limit: 1).first }
      .map { isDue($0) ? .now : $0.due }
  }

  /// What is due later than any wait is long was written before the clock was put back.
  private func isDue(_ item: OutboxItem) -> Bool {
    let now = Timestamp.now
    return item.due <= now || item.due > now.advanced(by: backoff.ceiling)
  }

  private func deliver(_ item: OutboxItem) async throws(AlarmStoreError) {
    let result = await channel.deliver(text.notice(of: item.alert))
    let now = Timestamp.now
    switch result {
    case .delivered(let answer):
      try await finish { try $0.markDelivered(item, answer: answer, now: now) }
      logger.info("channel \(channel.id): delivered", metadata: ["alert": "\(item.alert.id)"])
    case .refused(let why):
      try await finish { try $0.markRefused(item, answer: why, now: now) }
      logger.critical("channel \(channel.id): NOT delivered, \(why)", metadata: ["alert": "\(item.alert.id)"])
    case .retry where Task.isCancelled:
      // A try that was cut short is no failed one: the next start tries again.
      return
    case .retry(let after, let why):
      let wait = min(
        after ?? backoff.wait(afterFailures: item.attempts + 1, fraction: .random(in: 0...1)), backoff.ceiling
      )
      try await store.transact { try $0.postpone(item, until: now.advanced(by: wait), answer: why) }
      logger.error(
        "channel \(channel.id): \(why); next try in \(wait.wholeMilliseconds) ms",
        metadata: ["alert": "\(item.alert.id)", "try": "\(item.attempts + 1)"])
    }
  }

  /// Writes down how a delivery ended, also while the notifier is being ended: otherwise its next run would
  /// deliver again.
  private func finish(
    _ body: @escaping @Sendable (borrowing StoreTransaction) throws -> Void
  ) async throws(AlarmStoreError) {
    let writing = Task { [store] () -> Result<Void, AlarmStoreError> in
      do throws(AlarmStoreError) {
        return .success(try await store.transact(body))
      } catch {
        return .failure(error)
      }
    }
    try await writing.value.get()
  }

  private func wakeUp(after wait: Duration) {
    alarmClock?.cancel()
    alarmClock = Task { [wake] in
      try? await Task.sleep(for: wait)
      wake.yield()
    }
  }
}
