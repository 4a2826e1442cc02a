import DoorCore
import Testing

@testable import AlarmStore

@Suite("The store of gaps")
struct GapsTests {
  private let house: House

  init() throws {
    house = try House()
  }

  private func ranges() async throws -> [ClosedRange<Int64>] {
    try await house.store.transact { try $0.gaps().map(\.sequences) }
  }

  @Test(
    "takes one number out of a gap, and leaves the rest on both sides of it",
    arguments: [
      (5, [6...9]), (9, [5...8]), (7, [5...6, 8...9]), (4, [5...9]), (10, [5...9]),
    ] as [(Int64, [ClosedRange<Int64>])]
  )
  func splits(_ sequence: Int64, _ rest: [ClosedRange<Int64>]) async throws {
    try await house.store.transact { [house] store in
      try store.openGap(5...9, of: house.front, journal: "j1")
      try store.closeGap(at: sequence, of: house.front, journal: "j1")
    }
    #expect(try await ranges() == rest)
  }

  @Test("is empty when every number has come, in whatever order", arguments: 0..<UInt64(20))
  func fills(_ seed: UInt64) async throws {
    // A shuffle that is the same for the same seed.
    let order = (Int64(1)...30).sorted {
      ($0 &* 7_919 &+ Int64(seed) &* 104_729) % 31 < ($1 &* 7_919 &+ Int64(seed) &* 104_729) % 31
    }
    try await house.store.transact { [house] store in
      try store.openGap(1...30, of: house.front, journal: "j1")
      for (count, sequence) in order.enumerated() {
        try store.closeGap(at: sequence, of: house.front, journal: "j1")
        let left = try store.gaps(of: house.front).reduce(0) { $0 + $1.count }
        #expect(left == 29 - count, "seed \(seed)")
      }
    }
    #expect(try await ranges().isEmpty)
  }

  @Test("closes the gap of one door and one journal alone")
  func others() async throws {
    try await house.store.transact { [house] store in
      try store.openGap(2...2, of: house.front, journal: "j1")
      try store.openGap(2...2, of: house.front, journal: "j2")
      try store.openGap(2...2, of: house.back, journal: "j1")
      try store.closeGap(at: 2, of: house.front, journal: "j1")
      try expect(
        store.gaps(),
        is: [
          Gap(door: house.back, journal: "j1", sequences: 2...2, asked: 0),
          Gap(door: house.front, journal: "j2", sequences: 2...2, asked: 0),
        ]
      )
      try expect(store.hasGaps(ofAgent: house.front.agent), is: true)
      try expect(store.hasGaps(ofAgent: try Identifier("cellar")), is: false)
    }
  }

  @Test("asks for every gap in turn, and gives those up that the agent does not have, once")
  func asking() async throws {
    let agent = house.front.agent
    try await house.store.transact { [house] store in
      for first in stride(from: Int64(1), to: 10, by: 2) {
        try store.openGap(first...first, of: house.front, journal: "j1")
      }
      var asked: [Int64] = []
      for _ in 0..<5 { asked += try store.gapsToAsk(ofAgent: agent, limit: 2).map(\.sequences.lowerBound) }
      #expect(asked == [1, 3, 5, 7, 9, 1, 3, 5, 7, 9], "none hides behind the others")
      for _ in 0..<40 { _ = try store.gapsToAsk(ofAgent: agent, limit: 2) }
      try expect(store.hasGaps(ofAgent: agent), is: false)
      try expect(store.giveUpGaps(ofAgent: agent).count, is: 5)
      try expect(store.giveUpGaps(ofAgent: agent).count, is: 0)
      try expect(store.gaps().count, is: 5, "they stay missing")
      try store.closeGap(at: 5, of: house.front, journal: "j1")
      try expect(store.gaps().count, is: 4, "and are filled when they come after all")
    }
  }
}
