import DoorCore
import GRDB
import Testing

@testable import AlarmStore

@Suite("The outbox")
struct OutboxTests {
  private let house: House
  private let phone: Identifier
  private let log: Identifier

  init() throws {
    house = try House()
    phone = try Identifier("phone")
    log = try Identifier("log")
  }

  private func raise(_ ids: String..., at time: Timestamp = seconds(1)) async throws {
    try await house.store.transact { [house, routing = AlertRouting(channels: [phone, log])] store in
      for id in ids {
        try expect(store.raise(house.alert(id), isHeld: false, routing: routing, now: time), is: true)
      }
    }
  }

  private func next(for channel: Identifier? = nil, at time: Timestamp = seconds(10)) async throws
    -> OutboxStand
  {
    try await house.store.transact { [phone] in try $0.next(for: channel ?? phone, now: time) }
  }

  private func message(for channel: Identifier? = nil, at time: Timestamp = seconds(10)) async throws
    -> OutboxMessage
  {
    let stand = try await next(for: channel, at: time)
    guard case .message(let message) = stand else { throw NoMessage(stand: stand) }
    return message
  }

  private struct NoMessage: Error {
    var stand: OutboxStand
  }

  private func deliveries() async throws -> [[String: [String]]] {
    try await house.store.transact { try $0.alerts().map(\.deliveries) }
  }

  @Test("has one row for each channel of an alert, whole as it was raised")
  func raises() async throws {
    try await raise("1")
    for channel in [phone, log] {
      let message = try await message(for: channel)
      #expect(message.items.map(\.alert) == [house.alert("1")])
      #expect(message.items.map(\.stage) == [.raised])
      #expect(message.items.map(\.count) == [1])
      #expect(message.attempts == 0)
      #expect(message.key == "1")
    }
    #expect(try await next(for: try Identifier("other")) == .nothing)
    #expect(try await deliveries() == [["phone": ["waiting"], "log": ["waiting"]]])
  }

  @Test("hands out the earliest due first, and says when there is more")
  func order() async throws {
    try await raise("1", "2")
    try await raise("0", at: seconds(0))
    let first = try await message()
    #expect(first.key == "0")
    try await house.store.transact {
      try $0.postpone(first, until: seconds(60), receipt("HTTP 503", seconds(0)))
    }
    for key in ["1", "2"] {
      let message = try await message()
      #expect(message.key == key)
      try await house.store.transact { try $0.markDelivered(message, receipt("HTTP 200", seconds(10))) }
    }
    #expect(try await next() == .nothingBefore(seconds(60)))
    #expect(try await message(at: seconds(60)).attempts == 1)
    #expect(try await message(for: log).key == "0", "each channel has its own")
  }

  @Test("does not wait for a time that a clock which was put back has made of now")
  func clockPutBack() async throws {
    try await raise("1", at: seconds(0))
    let alarm = try await message(at: seconds(-3_600))
    #expect(alarm.key == "1", "an alarm waits for nothing")
    try await house.store.transact {
      try $0.postpone(alarm, until: seconds(300), receipt("HTTP 503", seconds(0)))
    }
    #expect(try await next(at: seconds(0)) == .nothingBefore(seconds(300)))
    #expect(try await message(at: seconds(-3_600)).key == "1", "no back-off is so long")
    try await house.store.transact { try $0.markDelivered(alarm, receipt("", seconds(0))) }
    // A trouble waits for the morning, but not for longer.
    let trouble = house.alert("2", .trouble)
    try await house.store.transact { [phone] store in
      let routing = AlertRouting(channels: [phone], quietUntil: seconds(3_600))
      _ = try store.raise(trouble, isHeld: false, routing: routing, now: seconds(0))
    }
    #expect(try await next(at: seconds(0)) == .nothingBefore(seconds(3_600)))
    #expect(try await message(at: seconds(-2 * 86_400)).key == "2")
  }

  @Test("lets go of what was delivered or refused, and says so")
  func ends() async throws {
    try await raise("1", "2")
    let first = try await message()
    try await house.store.transact { try $0.markDelivered(first, receipt("HTTP 200", seconds(2))) }
    let second = try await message()
    _ = try await house.store.transact {
      try $0.markRefused(second, receipt("HTTP 404", seconds(2)), channels: [])
    }
    #expect(try await next() == .nothing)
    #expect(
      try await deliveries() == [
        ["phone": ["delivered"], "log": ["waiting"]], ["phone": ["refused"], "log": ["waiting"]],
      ]
    )
  }

  // MARK: Storms

  @Test("makes one message of four or more that are due at once, and the same of every try of it")
  func storm() async throws {
    try await raise("1", "2", "3")
    #expect(try await message().key == "1", "three are three messages")
    try await raise("4", "5")
    let storm = try await message()
    #expect(storm.items.map(\.alert.id) == ["1", "2", "3", "4", "5"])
    #expect(storm.key == "1/and-4-more")
    try await house.store.transact {
      try $0.postpone(storm, until: seconds(20), receipt("HTTP 503", seconds(0)))
    }
    try await raise("6", "7")
    let single = try await message()
    #expect(single.key == "6", "what comes later is another message")
    let again = try await message(at: seconds(20))
    #expect([again.key, single.key].contains("6"))
    try await house.store.transact { store in
      for message in [single] { try store.markDelivered(message, receipt("", seconds(20))) }
    }
    var keys: [String] = []
    while case .message(let message) = try await next(at: seconds(20)) {
      keys.append(message.key)
      try await house.store.transact { try $0.markDelivered(message, receipt("", seconds(20))) }
    }
    #expect(keys.sorted() == ["1/and-4-more", "7"])
    #expect(try await deliveries().allSatisfy { $0["phone"] == ["delivered"] })
  }

  @Test("lists no more than fits in a message")
  func largeStorm() async throws {
    try await house.store.transact { [house, routing = AlertRouting(channels: [phone])] store in
      for id in 0..<100 {
        _ = try store.raise(house.alert("\(id)"), isHeld: false, routing: routing, now: seconds(1))
      }
    }
    var counts: [Int] = []
    while case .message(let message) = try await next() {
      counts.append(message.items.count)
      try await house.store.transact { try $0.markDelivered(message, receipt("", seconds(10))) }
    }
    #expect(counts == [32, 32, 32, 4])
  }

  @Test("lists the alerts in the order of their raising, also where the clock was put back")
  func alerts() async throws {
    try await raise("b", at: seconds(100))
    try await raise("a", at: seconds(50))
    #expect(try await house.store.transact { try $0.alerts().map(\.alert.id) } == ["b", "a"])
  }
}
