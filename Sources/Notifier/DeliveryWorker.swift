import AlarmStore
import Appliance
import Delivery
import DoorCore
import Logging

/// The stage between the outbox and a person: takes what waits for one channel out of the store, one message after the
/// other, and tries each until the channel has it or refuses it.
actor DeliveryWorker {
  typealias Body = @Sendable (borrowing StoreTransaction) throws -> Outcome

  private let channel: any DeliveryChannel
  private let settings: NotifierSettings
  private let store: AlarmStore
  private let text: AlertText
  private let logger: Logger
  private let waker = Waker()
  /// So long a message that let another one pass waits.
  private let ceiling: Duration
  private var pace: DeliveryPace
  /// How the last try ended, until the store has that: a channel is not asked again for what it has taken.
  private var unwritten: Body?
  /// Since when the channel has taken nothing; nil while it takes what it is given.
  private var failingSince: MonotonicTime?
  /// Whether people were told that it takes nothing; nil before the store was asked.
  private var isFailureTold: Bool?

  init(
    channel: any DeliveryChannel, settings: NotifierSettings, store: AlarmStore, text: AlertText,
    logger: Logger,
    backoff: Backoff = Backoff(initial: .seconds(1), ceiling: .seconds(60))
  ) {
    self.channel = channel
    self.settings = settings
    self.store = store
    self.text = text
    self.logger = logger
    ceiling = backoff.ceiling
    pace = DeliveryPace(rate: channel.rate, backoff: backoff)
  }

  /// So late is an alert at most that is in the outbox and of which nobody could say so, as where what came after it in the
  /// same batch has failed.
  private static let longestSleep: Duration = .seconds(30)
  /// A channel that takes nothing for so long is itself told of, through the others.
  private static let tolerance: Duration = .seconds(300)

  /// There is something new in the outbox.
  nonisolated func alertsRaised() { waker.wake() }

  /// Answers a question for its life.
  func answer(_ stage: Watchdog.Stage) { stage.answer() }

  /// Delivers until the task is cancelled.
  func run(tell: @Sendable (Outcome) async -> Void) async throws {
    try await waker.run {
      do throws(AlarmStoreError) {
        return try await pass(clock: { .now }, tell: tell)
      } catch {
        if !Task.isCancelled { logger.error("channel \(channel.id): \(error)") }
        return .seconds(5)
      }
    }
  }

  /// Tries what is due, and returns how long until more is.
  func pass(
    clock: @Sendable () -> Moment, tell: @Sendable (Outcome) async -> Void
  ) async throws(AlarmStoreError) -> Duration? {
    while !Task.isCancelled {
      try await writeEnd(tell)
      let now = clock()
      let stand = try await store.transact { [id = channel.id] in try $0.next(for: id, now: now.wall) }
      guard case .message(let first) = stand else {
        guard case .nothingBefore(let due) = stand else { return Self.longestSleep }
        return min(max(due.elapsed(since: now.wall), .milliseconds(1)), Self.longestSleep)
      }
      switch pace.turn(at: now.uptime) {
      case .wait(let wait): return max(wait, .milliseconds(1))
      case .first: try await attempt(first, clock, tell)
      // What has come before the one that failed is not at fault.
      case .second where first.attempts == 0: try await attempt(first, clock, tell)
      case .second:
        let behind = try await store.transact { [id = channel.id] in
          try $0.next(for: id, after: first, now: now.wall)
        }
        if case .message(let second) = behind {
          try await attempt(second, passing: first, clock, tell)
        } else {
          _ = pace.failed(.second, retryAfter: nil, fraction: .random(in: 0...1), at: now.uptime)
        }
      }
    }
    return nil
  }

  /// One try.
  ///
  /// - Parameter first: the message that stands before it, and failed again and again.
  private func attempt(
    _ message: OutboxMessage, passing first: OutboxMessage? = nil, _ clock: @Sendable () -> Moment,
    _ tell: @Sendable (Outcome) async -> Void
  ) async throws(AlarmStoreError) {
    if message.attempts == 0 { try await store.transact { try $0.begin(message) } }
    let begin = clock()
    let result = await channel.deliver(text.notice(of: message, through: channel.id))
    // A try that was cut short is no failed one: the next start tries again.
    if case .retry = result, Task.isCancelled { return }
    let end = clock()
    let receipt = DeliveryReceipt(
      answer: result.text, at: end.wall, duration: end.uptime.elapsed(since: begin.uptime))
    let body: Body
    switch result {
    case .delivered: body = delivered(message, passing: first, receipt, end)
    case .refused(let why):
      pace.answered()
      logger.critical("channel \(channel.id): NOT delivered, \(why)", metadata: ["alert": "\(message.key)"])
      body = refused(message, receipt, end)
    case .retry(let after, let why):
      let wait = pace.failed(
        first == nil ? .first : .second, attempts: message.attempts, retryAfter: after,
        fraction: .random(in: 0...1), at: end.uptime)
      logger.warning(
        "channel \(channel.id): not delivered yet, \(why); next try in \(wait)",
        metadata: ["alert": "\(message.key)"])
      body = failed(message, receipt, end)
    }
    unwritten = { [tests = message.selfTests] store in
      var outcome = try body(store)
      outcome.selfTests = tests
      return outcome
    }
    try await writeEnd(tell)
  }

  // MARK: What the end of a try leads to

  private func delivered(
    _ message: OutboxMessage, passing first: OutboxMessage?, _ receipt: DeliveryReceipt, _ now: Moment
  ) -> Body {
    pace.answered()
    failingSince = nil
    logger.info("channel \(channel.id): delivered", metadata: ["alert": "\(message.key)"])
    let condition = Alert.Condition.failing(channel.id)
    let wasTold = isFailureTold ?? true
    isFailureTold = false
    return { [settings, ceiling] store in
      try store.markDelivered(message, receipt)
      if let first {
        let why = "the message behind it was taken, which this one lets pass"
        try store.postpone(
          first, until: now.wall.advanced(by: ceiling),
          DeliveryReceipt(answer: why, at: now.wall, duration: .zero))
      }
      guard wasTold else { return Outcome() }
      var session = AreaSession(settings: settings, now: now)
      for area in settings.areas.keys { try session.resolve(condition, in: area, store) }
      return session.outcome
    }
  }

  private func refused(_ message: OutboxMessage, _ receipt: DeliveryReceipt, _ now: Moment) -> Body {
    let failure = failure(of: message, since: now.wall, why: receipt.answer)
    isFailureTold = true
    return { [settings] store in
      var session = AreaSession(settings: settings, now: now)
      session.outcome.undelivered = try store.markRefused(
        message, receipt, channels: settings.channels.map(\.id))
      // What other channels are given now is for them to find.
      session.outcome.hasNewMessages = true
      if let failure { try session.raise(failure, store) }
      return session.outcome
    }
  }

  private func failed(_ message: OutboxMessage, _ receipt: DeliveryReceipt, _ now: Moment) -> Body {
    let since = failingSince ?? now.uptime
    failingSince = since
    let length = now.uptime.elapsed(since: since)
    var failure: Alert?
    if length >= Self.tolerance, isFailureTold != true {
      failure = self.failure(of: message, since: now.wall.advanced(by: .zero - length), why: receipt.answer)
      // What this message could not say of it the next one can.
      if failure != nil { isFailureTold = true }
    }
    return { [settings, failure] store in
      try store.postpone(message, receipt)
      var session = AreaSession(settings: settings, now: now)
      if let failure { try session.raise(failure, store) }
      return session.outcome
    }
  }

  /// What people are told, through other channels, of this one; nil where the message says just that.
  private func failure(of message: OutboxMessage, since: Timestamp, why: String) -> Alert? {
    guard let alert = message.items.first?.alert, alert.subject != .channel(channel.id),
      settings.areas[alert.area] != nil
    else { return nil }
    return Alert(
      id: "\(alert.area)/channel/\(channel.id)/\(since.milliseconds)", severity: .trouble,
      kind: .channelFailing, area: alert.area, subject: .channel(channel.id), condition: .failing(channel.id),
      state: nil, at: since, detail: why)
  }

  /// Writes down how the last try ended, also while the notifier is being ended: otherwise its next run would deliver again.
  private func writeEnd(_ tell: @Sendable (Outcome) async -> Void) async throws(AlarmStoreError) {
    guard let body = unwritten else { return }
    let writing = Task { [store] () -> Result<Outcome, AlarmStoreError> in
      do throws(AlarmStoreError) {
        return .success(try await store.transact(body))
      } catch {
        return .failure(error)
      }
    }
    let outcome = try await writing.value.get()
    unwritten = nil
    for alert in outcome.undelivered {
      logger.critical("NOBODY is told of this: no channel takes it", metadata: ["alert": "\(alert.id)"])
    }
    if !outcome.isNothing { await tell(outcome) }
  }
}

extension DeliveryResult {
  /// What was said.
  fileprivate var text: String {
    switch self {
    case .delivered(let text), .retry(_, let text), .refused(let text): text
    }
  }
}

extension OutboxMessage {
  /// The tests that it tells of.
  fileprivate var selfTests: Set<Identifier> {
    Set(items.filter { $0.alert.kind == .selfTest }.compactMap { SelfTests.test(of: $0.alert.id) })
  }
}
