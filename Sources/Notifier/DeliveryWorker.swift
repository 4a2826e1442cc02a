import AlarmStore
import Delivery
import DoorCore
import Logging

/// The stage between the outbox and a person: takes what waits for one channel out of the store, one message after the
/// other, and tries each until the channel has it or refuses it.
actor DeliveryWorker {
  private let channel: any DeliveryChannel
  private let store: AlarmStore
  private let text: AlertText
  private let backoff: Backoff
  private let logger: Logger
  private let waker = Waker()
  /// How the last try ended, until the store has that: a channel is not asked again for what it has taken.
  private var unwritten: (@Sendable (borrowing StoreTransaction) throws -> Void)?

  init(
    channel: any DeliveryChannel, store: AlarmStore, text: AlertText, logger: Logger,
    backoff: Backoff = Backoff(initial: .seconds(1), ceiling: .seconds(300))
  ) {
    self.channel = channel
    self.store = store
    self.text = text
    self.backoff = backoff
    self.logger = logger
  }

  /// So late is an alert at most that is in the outbox and of which nobody could say so, as where what came after it in the
  /// same batch has failed.
  private static let longestSleep: Duration = .seconds(30)

  /// There is something new in the outbox.
  nonisolated func alertsRaised() { waker.wake() }

  /// Delivers until the task is cancelled.
  func run() async throws {
    try await waker.run {
      do throws(AlarmStoreError) {
        return try await deliverWhatIsDue()
      } catch {
        if !Task.isCancelled { logger.error("channel \(channel.id): \(error)") }
        return .seconds(5)
      }
    }
  }

  /// Tries what is due, and returns how long until more is.
  private func deliverWhatIsDue() async throws(AlarmStoreError) -> Duration? {
    while !Task.isCancelled {
      try await writeEnd()
      let stand = try await store.transact { [id = channel.id] in try $0.next(for: id, now: .now) }
      switch stand {
      case .message(let message): try await deliver(message)
      case .nothingBefore(let due):
        return min(max(due.elapsed(since: .now), .milliseconds(1)), Self.longestSleep)
      case .nothing: return Self.longestSleep
      }
    }
    return nil
  }

  private func deliver(_ message: OutboxMessage) async throws(AlarmStoreError) {
    let result = await channel.deliver(text.notice(of: message))
    let now = Timestamp.now
    switch result {
    case .delivered(let answer):
      unwritten = { try $0.markDelivered(message, answer: answer, now: now) }
      logger.info("channel \(channel.id): delivered", metadata: ["alert": "\(message.key)"])
    case .refused(let why):
      unwritten = { try $0.markRefused(message, answer: why, now: now) }
      logger.critical("channel \(channel.id): NOT delivered, \(why)", metadata: ["alert": "\(message.key)"])
    case .retry where Task.isCancelled:
      // A try that was cut short is no failed one: the next start tries again.
      return
    case .retry(let after, let why):
      let wait = min(
        after ?? backoff.wait(afterFailures: message.attempts + 1, fraction: .random(in: 0...1)),
        backoff.ceiling)
      unwritten = { try $0.postpone(message, until: now.advanced(by: wait), answer: why) }
      logger.warning(
        "channel \(channel.id): not delivered yet, \(why); next try in \(wait)",
        metadata: ["alert": "\(message.key)"])
    }
    try await writeEnd()
  }

  /// Writes down how the last try ended, also while the notifier is being ended: otherwise its next run would deliver again.
  private func writeEnd() async throws(AlarmStoreError) {
    guard let body = unwritten else { return }
    let writing = Task { [store] () -> Result<Void, AlarmStoreError> in
      do throws(AlarmStoreError) {
        return .success(try await store.transact(body))
      } catch {
        return .failure(error)
      }
    }
    try await writing.value.get()
    unwritten = nil
  }
}
