import DoorCore
import Testing

@testable import AlarmStore

@Suite("What the store remembers of the doors")
struct DoorCacheTests {
  private struct Interruption: Error {}

  private let house: House

  init() throws {
    house = try House()
  }

  @Test("is forgotten with a transaction that fails")
  func failure() async throws {
    try await house.append(.at(1, .closed))
    await #expect(throws: AlarmStoreError.self) {
      try await house.store.transact { [house] store -> Void in
        try store.append(
          .at(2, .open), of: house.front, manner: .live, area: nil, received: seconds(1), isNewest: true)
        try expect(store.record(of: house.front), is: .at(2, .open), "within it")
        _ = try store.setUnreadable(true, house.back)
        throw Interruption()
      }
    }
    try await house.store.transact { [house] store in
      try expect(store.record(of: house.front), is: .at(1, .closed))
      try expect(store.holding(of: house.front, for: .at(2), record: .at(1, .closed)), is: .nothing)
      try expect(store.setUnreadable(true, house.back), is: true)
    }
  }

  @Test("knows how far a journal goes, also after a start, and after one that was put back")
  func highest() async throws {
    for number in 1...5 as ClosedRange<Int64> { try await house.append(.at(number)) }
    // A journal that was put back: number 3 once more, with another content.
    try await house.append(.at(3, .closed, since: seconds(77)), .restarted)
    for store in [house.store, try AlarmStore(path: house.path)] {
      try await store.transact { [house] store in
        let record = try store.record(of: house.front)
        expect(record, is: .at(3, .closed, since: seconds(77)))
        try expect(store.holding(of: house.front, for: .at(5), record: record), is: .held(.at(5)))
        try expect(store.holding(of: house.front, for: .at(6), record: record), is: .nothing)
      }
    }
  }

  @Test("has an end: beyond it everything is read again")
  func limit() {
    let cache = DoorCache()
    for number in 0..<20_001 {
      guard let door = try? DoorAddress("hall/d\(number)") else { continue }
      cache[door] = DoorCache.Door(number: Int64(number))
    }
    #expect((try? DoorAddress("hall/d0")).flatMap { cache[$0] } == nil)
    #expect((try? DoorAddress("hall/d20000")).flatMap { cache[$0] } != nil)
  }
}
