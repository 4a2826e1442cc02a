import AlarmStore
import CSQLite
import Delivery
import DoorCore
import DoorWire
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Notifier

@Suite("The delivery of a channel's messages")
struct DeliveryWorkerTests {
  /// A channel that takes everything, after it has done something.
  private final class Channel: DeliveryChannel {
    let id: Identifier
    private let keys = Mutex<[String]>([])
    private let before: @Sendable () -> DeliveryResult

    init(before: @escaping @Sendable () -> DeliveryResult) throws {
      id = try Identifier("log")
      self.before = before
    }

    func deliver(_ notice: Notice) async -> DeliveryResult {
      let result = before()
      keys.withLock { $0.append(notice.key) }
      return result
    }

    var delivered: [String] { keys.withLock { $0 } }
  }

  /// Keeps everybody else from writing to a store.
  private final class StoreLock: Sendable {
    private let path: String
    private let connection = Mutex<OpaquePointer?>(nil)

    init(path: String) { self.path = path }

    func take() {
      connection.withLock { connection in
        guard connection == nil else { return }
        sqlite3_open(path, &connection)
        sqlite3_exec(connection, "BEGIN IMMEDIATE", nil, nil, nil)
      }
    }

    func release() {
      connection.withLock { connection in
        sqlite3_close(connection)
        connection = nil
      }
    }
  }

  private let folder: TemporaryFolder
  private let house: NotifierHouse

  init() async throws {
    folder = try TemporaryFolder()
    house = try NotifierHouse(
      path: folder.file("store.sqlite"), area: "exit_delay_s = 0",
      doors: NotifierHouse.door("front", "response = \"instant\""))
    try await house.receive("front", .closed, 1, at: 0)
    try await house.command("ARM_AWAY", at: 1)
    try await house.receive("front", .open, 2, at: 2)
  }

  private func deliver(through channel: Channel, _ body: (DeliveryWorker) async throws -> Void) async throws {
    let worker = DeliveryWorker(
      channel: channel, settings: house.settings, store: house.store,
      text: AlertText(settings: house.settings),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      backoff: Backoff(initial: .milliseconds(10), ceiling: .milliseconds(50)))
    let running = Task { try await worker.run { _ in } }
    defer { running.cancel() }
    try await body(worker)
  }

  private func deliveries() async throws -> [String] {
    try await house.store.transact { store in try store.alerts().flatMap { $0.deliveries["log"] ?? [] } }
  }

  @Test("tries until the channel has it, and then no more")
  func tries() async throws {
    let failures = Mutex(3)
    let channel = try Channel {
      failures.withLock { left in
        guard left > 0 else { return .delivered(answer: "kept") }
        left -= 1
        return .retry(after: nil, why: "busy")
      }
    }
    try await deliver(through: channel) { worker in
      try await eventually("the delivery") { try await deliveries() == ["delivered"] }
      worker.alertsRaised()
    }
    #expect(channel.delivered.count == 4)
    #expect(Set(channel.delivered).count == 1, "always under one key")
  }

  @Test("does not send again what the channel has taken, where the store cannot be told so for a while")
  func storeFails() async throws {
    let lock = StoreLock(path: house.settings.storePath)
    let channel = try Channel {
      lock.take()
      return .delivered(answer: "kept")
    }
    try await deliver(through: channel) { worker in
      try await eventually("the delivery") { channel.delivered.count == 1 }
      // Longer than the store waits for others.
      try await Task.sleep(for: .seconds(6))
      worker.alertsRaised()
      lock.release()
      try await eventually("its receipt") { try await deliveries() == ["delivered"] }
    }
    lock.release()
    #expect(channel.delivered.count == 1)
  }

  @Test("gives up what the channel refuses, and says so")
  func refused() async throws {
    let channel = try Channel { .refused(why: "HTTP 404") }
    try await deliver(through: channel) { _ in
      try await eventually("the refusal") { try await deliveries().first == "refused" }
    }
    // Of the channel's refusal its people are told, too: there is no other.
    #expect(Set(channel.delivered).count == channel.delivered.count, "nothing is tried twice")
  }

  @Test("counts no try that its own end has cut short")
  func cutShort() async throws {
    let channel = try WaitingChannel()
    let worker = DeliveryWorker(
      channel: channel, settings: house.settings, store: house.store,
      text: AlertText(settings: house.settings),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let running = Task { try await worker.run { _ in } }
    try await eventually("the try") { channel.isAsked.withLock { $0 } }
    running.cancel()
    try await running.value
    let alert = try #require(try await house.records().first?.alert.id)
    let delivery = try #require(try await house.store.transact { try $0.deliveries(of: alert) }.first)
    #expect(delivery.standing == .waiting && delivery.attempts == 0)
  }

  /// A channel whose receiver does not answer.
  private final class WaitingChannel: DeliveryChannel {
    let id: Identifier
    let isAsked = Mutex(false)

    init() throws { id = try Identifier("log") }

    func deliver(_ notice: Notice) async -> DeliveryResult {
      isAsked.withLock { $0 = true }
      do {
        try await Task.sleep(for: .seconds(3_600))
        return .delivered(answer: "after an hour")
      } catch {
        return .retry(after: nil, why: "it was not waited for")
      }
    }
  }
}
