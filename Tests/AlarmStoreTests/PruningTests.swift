import AlarmStore
import DoorCore
import Testing

@Suite("The pruning of the history")
struct PruningTests {
  private let house: House

  init() throws {
    house = try House()
  }

  private func prune(before second: Int64) async throws -> Bool {
    try await house.store.transact { try $0.prune(before: seconds(second)) }
  }

  private func sequences() async throws -> [Int64] {
    try await house.store.transact { [house] in
      try $0.history(of: house.front).map(\.transition.sequence)
    }
  }

  @Test("takes out what has arrived before, and leaves the newest of each door")
  func prunes() async throws {
    for number in 1...10 as ClosedRange<Int64> { try await house.append(.at(number), at: seconds(number)) }
    #expect(try await !prune(before: 4))
    #expect(try await sequences() == Array(4...10))
    #expect(try await !prune(before: 1_000))
    #expect(try await sequences() == [10])
    try await house.store.transact { [house] store in
      try expect(store.record(of: house.front), is: .at(10))
      try expect(store.holding(of: house.front, for: .at(10), record: .at(10)), is: .held(.at(10)))
      try expect(store.holding(of: house.front, for: .at(3), record: .at(10)), is: .nothing)
    }
  }

  @Test("goes on in steps, and comes to an end")
  func steps() async throws {
    let count = Int64(StoreTransaction.pruningStep + 500)
    try await house.store.transact { [house] store in
      for number in 1...count {
        try store.append(
          .at(number), of: house.front, manner: .live, area: nil, received: seconds(1), isNewest: true)
      }
    }
    var steps = 1
    while try await prune(before: 2) { steps += 1 }
    #expect(steps == 2)
    #expect(try await sequences() == [count])
  }
}
