import AlarmStore
import Delivery
import DoorCore
import Logging
import Synchronization
import Testing

@testable import Notifier

@Suite("A store that fails")
struct EmergencyTests {
  /// A channel that keeps what it is given.
  private final class Keeper: DeliveryChannel {
    let id: Identifier
    let notices = Mutex<[Notice]>([])
    let isDead: Bool

    init(isDead: Bool = false) throws {
      id = try Identifier("keeper")
      self.isDead = isDead
    }

    func deliver(_ notice: Notice) async -> DeliveryResult {
      notices.withLock { $0.append(notice) }
      return isDead ? .retry(after: nil, why: "it is dead") : .delivered(answer: "kept")
    }

    var titles: [String] { notices.withLock { $0.map(\.title) } }
  }

  private let failure = AlarmStoreError.diskFull(path: "/var/lib/store.sqlite")
  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  @Test("is told directly, once, and so is its end")
  func told() async throws {
    let keeper = try Keeper()
    let emergency = Emergency(channels: [keeper], logger: logger) {}
    await emergency.storeWorks()
    #expect(keeper.titles.isEmpty)
    for _ in 0..<5 { await emergency.storeFails(failure) }
    #expect(keeper.titles == ["The door alarm cannot write its store"])
    #expect(keeper.notices.withLock { $0.first?.text.contains("is full: make room there") } == true)
    #expect(keeper.notices.withLock { $0.first?.severity } == .alarm)
    for _ in 0..<2 { await emergency.storeWorks() }
    #expect(keeper.titles.last == "The door alarm writes its store again")
    #expect(keeper.titles.count == 2)
  }

  @Test("is tried again with every failure until somebody has heard it")
  func unheard() async throws {
    let dead = try Keeper(isDead: true)
    let emergency = Emergency(channels: [dead], logger: logger) {}
    for _ in 0..<3 { await emergency.storeFails(failure) }
    #expect(dead.titles.count == 3)
    await emergency.storeWorks()
    #expect(dead.titles.count == 3, "nobody knows of it, so nobody has to know of its end")
  }

  @Test("is not over because something succeeds that writes nothing")
  func probe() async throws {
    let keeper = try Keeper()
    let isBroken = Mutex(true)
    let emergency = Emergency(channels: [keeper], logger: logger) { [failure] () throws(AlarmStoreError) in
      if isBroken.withLock({ $0 }) { throw failure }
    }
    await emergency.storeFails(failure)
    await emergency.storeWorks()
    #expect(await emergency.isFailing)
    #expect(keeper.titles.count == 1)
    isBroken.withLock { $0 = false }
    await emergency.storeWorks()
    #expect(await !emergency.isFailing)
    #expect(keeper.titles.count == 2)
  }

  @Test("is noted on the way of what it has refused")
  func watching() async throws {
    let keeper = try Keeper()
    let emergency = Emergency(channels: [keeper], logger: logger) {}
    await #expect(throws: AlarmStoreError.self) {
      try await emergency.watching { throw AlarmStoreError.diskFull(path: "x") }
    }
    #expect(keeper.titles.count == 1)
    #expect(try await emergency.watching { 7 } == 7)
    #expect(keeper.titles.count == 2)
  }
}
