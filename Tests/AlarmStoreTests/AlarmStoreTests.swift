import DoorCore
import Foundation
import GRDB
import TestSupport
import Testing

@testable import AlarmStore

@Suite("The notifier's store")
struct AlarmStoreTests {
  private struct Interruption: Error {}

  private let house: House
  private let routing: AlertRouting

  init() throws {
    house = try House()
    routing = AlertRouting(channels: [try Identifier("phone")])
  }

  @Test("commits to the disk: WAL, and an fsync with every commit")
  func durability() async throws {
    // The settings of the store's own connection, which another connection cannot see.
    let (mode, synchronous) = try await house.store.transact {
      (
        try String.fetchOne($0.database, sql: "PRAGMA journal_mode"),
        try Int.fetchOne($0.database, sql: "PRAGMA synchronous")
      )
    }
    #expect(mode == "wal")
    #expect(synchronous == 2, "FULL")
  }

  @Test("has nothing of a transaction that throws")
  func throwing() async throws {
    let error = await #expect(throws: AlarmStoreError.self) {
      try await house.store.transact { [house, routing] store -> Void in
        try store.append(
          .at(1),
          of: house.front,
          manner: .live,
          area: .armedAway,
          received: seconds(1),
          isNewest: true
        )
        try store.openGap(5...7, of: house.front, journal: "j1")
        _ = try store.setUnreadable(true, house.back)
        try house.command(.armAway, store, now: seconds(1))
        _ = try store.raise(house.alert(), isHeld: false, routing: routing, now: seconds(1))
        throw Interruption()
      }
    }
    #expect(error == .failed(path: house.path, reason: "Interruption()"))
    try await house.store.transact { [house] store in
      try expect(store.record(of: house.front), is: nil)
      try expect(store.history(of: house.front).isEmpty, is: true)
      try expect(store.gaps().isEmpty, is: true)
      try expect(store.setUnreadable(true, house.back), is: true, "it was not noted before")
      try expect(house.engine(store, now: seconds(2)).state, is: .disarmed)
      try expect(store.alerts().isEmpty, is: true)
      try expect(store.next(for: try Identifier("phone"), now: seconds(9)), is: .nothing)
    }
  }

  @Test("has everything again when it is opened again")
  func reopening() async throws {
    try await house.store.transact { [house, routing] store in
      try store.append(
        .at(4),
        of: house.front,
        manner: .live,
        area: .armedAway,
        received: seconds(1),
        isNewest: true
      )
      try store.openGap(1...3, of: house.front, journal: "j1")
      _ = try store.setUnreadable(true, house.back)
      _ = try store.raise(house.alert(), isHeld: false, routing: routing, now: seconds(1))
      try house.command(.armAway, store, now: seconds(1))
    }
    let again = try AlarmStore(path: house.path)
    try await again.transact { [house] store in
      try expect(store.record(of: house.front), is: .at(4))
      try expect(store.gaps().map(\.sequences), is: [1...3])
      try expect(store.setUnreadable(true, house.back), is: false, "it was noted before")
      guard case .message(let message) = try store.next(for: try Identifier("phone"), now: seconds(9)) else {
        Issue.record("the alert waits")
        return
      }
      expect(message.items.map(\.alert), is: [house.alert()])
      try expect(house.engine(store, now: seconds(2)).state, is: .armedAway)
    }
  }

  @Test("shows nothing of a transaction that was not committed: a killed notifier leaves none of it")
  func uncommitted() async throws {
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let killed = try DatabaseQueue(path: house.path, configuration: configuration)
    try await killed.writeWithoutTransaction { database in
      try database.execute(
        sql: "BEGIN IMMEDIATE; INSERT INTO unreadable (agent, door) VALUES ('hall', 'front')"
      )
    }
    // Reading is possible meanwhile, and shows what was committed.
    let others = try DatabaseQueue(path: house.path)
    let count = try await others.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM unreadable") }
    #expect(count == 0)
    try await killed.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
    let isNews = try await house.store.transact { [house] in try $0.setUnreadable(true, house.front) }
    #expect(isNews)
  }

  @Test("is not begun in a folder that is missing, and says what to do")
  func missingFolder() {
    let path = house.folder.file("none/store.sqlite")
    let error = #expect(throws: AlarmStoreError.self) { try AlarmStore(path: path) }
    #expect(
      error?.description
        == "the store \(path) cannot be opened: No such file or directory; its folder must exist and belong to the "
        + "notifier's user"
    )
  }

  @Test("does not take a file that is no database, and leaves it as it is")
  func noDatabase() throws {
    let path = try house.folder.write(
      String(repeating: "this is a text, and a long one. ", count: 200),
      to: "t.sqlite"
    )
    let error = #expect(throws: AlarmStoreError.self) { try AlarmStore(path: path) }
    guard case .damaged(_, let reason) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reason.contains("file is not a database"))
    #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix("this is a text"))
  }

  @Test("says which word it does not know where a newer program wrote one")
  func unknownWord() async throws {
    try await house.append(.at(1))
    let other = try DatabaseQueue(path: house.path)
    try await other.write { try $0.execute(sql: "UPDATE history SET state = 'ajar'") }
    let again = try AlarmStore(path: house.path)
    let error = await #expect(throws: AlarmStoreError.self) {
      try await again.transact { [house] in try $0.record(of: house.front) }
    }
    #expect(
      error
        == .damaged(path: house.path, reason: #"column state holds "ajar", which a newer program wrote"#)
    )
  }
}
