import AlarmStore
import Delivery
import DoorCore
import Logging

/// What is left when the store fails: nothing can be written down then, so nothing is acknowledged, and people are
/// told directly, without the outbox, until they have been and as long as it lasts.
actor Emergency {
  /// Between two messages of the same failure.
  private static let repetition: Duration = .seconds(3_600)

  private let channels: [any DeliveryChannel]
  private let logger: Logger
  /// Writes something: that a transaction which had nothing to write has succeeded says nothing.
  private let probe: @Sendable () async throws(AlarmStoreError) -> Void
  private var lastTold: ContinuousClock.Instant?
  /// Whether the store takes nothing at present.
  private(set) var isFailing = false

  init(
    channels: [any DeliveryChannel], logger: Logger,
    probe: @escaping @Sendable () async throws(AlarmStoreError) -> Void
  ) {
    self.channels = channels
    self.logger = logger
    self.probe = probe
  }

  /// Runs a transaction and notes how it ended.
  nonisolated func watching<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
      let value = try await body()
      await storeWorks()
      return value
    } catch let error as AlarmStoreError {
      if !Task.isCancelled { await storeFails(error) }
      throw error
    }
  }

  /// A transaction has failed.
  func storeFails(_ error: AlarmStoreError) async {
    logger.critical("\(error)")
    isFailing = true
    if let lastTold, ContinuousClock.now - lastTold < Self.repetition { return }
    lastTold = .now
    let isTold = await tell(
      title: "The door alarm cannot write its store",
      text:
        "\(error). Nothing is lost while the broker keeps it, and nobody is told of alarms until this is mended."
    )
    // Nobody has heard it: the next failure says it again.
    if !isTold { lastTold = nil }
  }

  /// A transaction has succeeded.
  func storeWorks() async {
    guard isFailing, (try? await probe()) != nil, isFailing else { return }
    isFailing = false
    logger.notice("the store works again")
    guard lastTold != nil else { return }
    lastTold = nil
    await tell(
      title: "The door alarm writes its store again", text: "What the broker has kept meanwhile comes in now."
    )
  }

  /// Returns whether a channel has taken it.
  @discardableResult
  private func tell(title: String, text: String) async -> Bool {
    let now = Timestamp.now
    let notice = Notice(
      key: "store/\(now.milliseconds)", severity: .alarm, urgency: .critical, title: title, text: text,
      at: now, items: [])
    var isTold = false
    for channel in channels {
      switch await channel.deliver(notice) {
      case .delivered: isTold = true
      case .retry(_, let why), .refused(let why):
        logger.critical("channel \(channel.id): not told of the failing store, \(why)")
      }
    }
    return isTold
  }
}

extension AlarmStore {
  /// Writes something down: whether the store takes anything. It is not the store's own, in whose module the optimiser of
  /// Swift 6.3.1 crashes over a `transact` that returns nothing.
  func probe(now: Timestamp) async throws(AlarmStoreError) {
    try await transact { try $0.remember(now, as: "probe") }
  }
}
