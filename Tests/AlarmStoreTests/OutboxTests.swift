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
    try await next(for: channel, at: time).message()
  }

  /// What the phone is given, message by message, each with the ids of its alerts; it takes all.
  private func take(at time: Timestamp) async throws -> [[String]] {
    var taken: [[String]] = []
    while case .message(let message) = try await next(at: time) {
      taken.append(message.items.map(\.alert.id))
      try await house.store.transact { try $0.markDelivered(message, receipt("HTTP 200", time)) }
    }
    return taken
  }

  /// Raises troubles for the phone, in the quiet hours where there are some.
  private func raiseTroubles(
    _ ids: String..., at time: Timestamp, quietUntil: Timestamp? = nil, after step: Duration? = nil
  ) async throws {
    let steps =
      step.map { [AlertRouting.Step(channels: [log]), AlertRouting.Step(after: $0, channels: [phone])] }
      ?? [AlertRouting.Step(channels: [phone])]
    let routing = AlertRouting(
      channels: [phone, log], routes: [AlertRouting.Route(steps: steps)], quietUntil: quietUntil)
    try await house.store.transact { [house, routing] store in
      for id in ids {
        try expect(
          store.raise(.openTooLong(id, in: house), isHeld: false, routing: routing, now: time), is: true)
      }
    }
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

  @Test("says when each stage of an alert was written, whenever it is sent")
  func written() async throws {
    try await raiseTroubles("1", at: seconds(5), quietUntil: seconds(3_600), after: .seconds(600))
    let step = try await message(at: seconds(4_200))
    #expect(step.items.map(\.written) == [seconds(5)])
    try await house.store.transact { [house, phone] store in
      try store.markDelivered(step, receipt("", seconds(4_200)))
      let routing = AlertRouting(channels: [phone])
      let condition = Alert.Condition("open 1")
      _ = try store.resolve(condition, in: house.area, routing: routing, now: seconds(4_300))
    }
    let end = try await message(at: seconds(9_999))
    #expect(end.items.map(\.written) == [seconds(4_300)])
    #expect(end.items.map(\.raised) == [seconds(5)])
    #expect(end.items.map(\.resolved) == [seconds(4_300)])
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

  @Test("hands out alarms before the rest, however long that has been waiting")
  func alarmsFirst() async throws {
    try await raiseTroubles("1", "2", at: seconds(0))
    let first = try await message()
    #expect(first.key == "1")
    try await house.store.transact { try $0.postpone(first, receipt("HTTP 503", seconds(10))) }
    try await raise("3", "4", at: seconds(9))
    #expect(try await take(at: seconds(10)) == [["3"], ["4"], ["1"], ["2"]])
  }

  // MARK: A clock that was put back

  @Test("does not wait for a time that a clock which was put back has made of now")
  func clockPutBack() async throws {
    try await raise("1", at: seconds(0))
    let alarm = try await message(at: seconds(-3_600))
    #expect(alarm.key == "1", "an alarm waits for nothing")
    try await house.store.transact {
      try $0.postpone(alarm, until: seconds(300), receipt("HTTP 503", seconds(0)))
    }
    #expect(try await next(at: seconds(0)) == .nothingBefore(seconds(300)))
    #expect(try await message(at: seconds(-1)).key == "1", "it was to wait for five minutes, and no more")
  }

  @Test("does not wait longer for a step, or for the morning, than it was to wait when it was written")
  func clockPutBackForLater() async throws {
    try await raiseTroubles("step", at: seconds(0), after: .seconds(600))
    #expect(try await next(at: seconds(0)) == .nothingBefore(seconds(600)))
    #expect(try await message(at: seconds(-3_600)).key == "step")
    #expect(try await take(at: seconds(600)) == [["step"]])
    try await raiseTroubles("held", at: seconds(0), quietUntil: seconds(3_600))
    #expect(try await next(at: seconds(0)) == .nothingBefore(seconds(3_600)))
    #expect(try await message(at: seconds(-3_600)).key == "held")
    try await raiseTroubles("both", at: seconds(0), quietUntil: seconds(5_000), after: .seconds(600))
    #expect(try await take(at: seconds(4_999)) == [["held"]])
    #expect(try await take(at: seconds(-3_600)) == [["both"]])
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

  @Test("makes no storm of alarms and troubles together, but one of each")
  func stormOfEach() async throws {
    try await raiseTroubles("1", "2", "3", at: seconds(0))
    try await raise("a", "b", "c", at: seconds(1))
    #expect(try await message().key == "a", "neither are many")
    try await raiseTroubles("4", at: seconds(2))
    try await raise("d", at: seconds(2))
    #expect(try await take(at: seconds(10)) == [["a", "b", "c", "d"], ["1", "2", "3", "4"]])
  }

  @Test("keeps a message that was tried as it was, however many come after it")
  func triedAlone() async throws {
    try await raise("1")
    let first = try await message()
    try await house.store.transact { try $0.postpone(first, receipt("HTTP 503", seconds(2))) }
    try await raise("2", "3", "4", "5", at: seconds(3))
    let again = try await message()
    #expect(again.key == first.key)
    #expect(again.items.map(\.id) == first.items.map(\.id))
    #expect(try await take(at: seconds(10)) == [["1"], ["2", "3", "4", "5"]])
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

  // MARK: Quiet hours

  @Test("makes one message of what the quiet hours held back, also of two, and none of what came later")
  func digest() async throws {
    try await raiseTroubles("1", at: seconds(0), quietUntil: seconds(3_600))
    try await raiseTroubles("2", at: seconds(1_800), quietUntil: seconds(3_600))
    #expect(try await next(at: seconds(3_599)) == .nothingBefore(seconds(3_600)))
    try await raiseTroubles("3", "4", "5", at: seconds(3_601))
    #expect(try await take(at: seconds(3_700)) == [["1", "2"], ["3"], ["4"], ["5"]])
  }

  @Test("does not hold back an alarm, nor put it into the morning's message")
  func alarmInTheMorning() async throws {
    try await raiseTroubles("1", "2", at: seconds(0), quietUntil: seconds(3_600))
    try await raise("3", at: seconds(1))
    #expect(try await take(at: seconds(2)) == [["3"]])
    try await raise("4", at: seconds(3_600))
    #expect(try await take(at: seconds(3_600)) == [["4"], ["1", "2"]])
  }

  @Test("sends one that was held back alone as it is, and counts it in no storm of what came later")
  func heldAlone() async throws {
    try await raiseTroubles("1", at: seconds(0), quietUntil: seconds(3_600))
    try await raiseTroubles("2", "3", "4", "5", at: seconds(3_601))
    #expect(try await take(at: seconds(3_700)) == [["1"], ["2", "3", "4", "5"]])
  }

  @Test("keeps the morning's message as it is on every try")
  func digestAgain() async throws {
    try await raiseTroubles("1", "2", at: seconds(0), quietUntil: seconds(3_600))
    let digest = try await message(at: seconds(3_600))
    #expect(digest.key == "1/and-1-more")
    try await house.store.transact { try $0.postpone(digest, receipt("HTTP 503", seconds(3_600))) }
    // One that is held back until the same time, as by a clock that was put back.
    try await raiseTroubles("3", at: seconds(3_000), quietUntil: seconds(3_600))
    let again = try await message(at: seconds(3_700))
    #expect(again.key == digest.key)
    #expect(again.attempts == 1)
    #expect(try await take(at: seconds(3_700)) == [["1", "2"], ["3"]])
  }

  @Test("makes one message of each step of what the quiet hours held back")
  func digestOfSteps() async throws {
    try await raiseTroubles("1", "2", at: seconds(0), quietUntil: seconds(3_600), after: .seconds(600))
    #expect(try await message(for: log, at: seconds(3_600)).key == "1/and-1-more")
    #expect(try await next(at: seconds(4_199)) == .nothingBefore(seconds(4_200)))
    #expect(try await take(at: seconds(4_200)) == [["1", "2"]])
  }

  @Test("lists no more of a night than fits in a message")
  func longNight() async throws {
    try await house.store.transact { [house, phone] store in
      let routing = AlertRouting(channels: [phone], quietUntil: seconds(3_600))
      for id in 0..<40 {
        _ = try store.raise(
          .openTooLong("\(id)", in: house), isHeld: false, routing: routing, now: seconds(0))
      }
    }
    #expect(try await take(at: seconds(3_600)).map(\.count) == [32, 8])
  }

  // MARK: The message behind

  private func behind(_ first: OutboxMessage, at time: Timestamp = seconds(10)) async throws -> OutboxStand {
    try await house.store.transact { [phone] in try $0.next(for: phone, after: first, now: time) }
  }

  @Test("hands out the message behind another one, without touching that")
  func after() async throws {
    try await raise("1", "2")
    let first = try await message()
    #expect(try await behind(first).message().key == "2")
    #expect(try await message() == first)
  }

  @Test("has nothing behind the last message, or nothing before a time")
  func nothingAfter() async throws {
    try await raise("1", "2", "3", "4")
    let storm = try await message()
    #expect(storm.items.count == 4)
    if case .message(let message) = try await behind(storm) { Issue.record("\(message)") }
    try await raiseTroubles("5", at: seconds(0), quietUntil: seconds(3_600))
    if case .message(let message) = try await behind(storm) { Issue.record("\(message)") }
    #expect(try await behind(storm, at: seconds(3_600)).message().key == "5")
  }

  @Test("makes one message of the many behind another one, and leaves that one out")
  func stormAfter() async throws {
    try await raiseTroubles("1", at: seconds(0), quietUntil: seconds(3_600))
    try await raiseTroubles("2", "3", "4", at: seconds(3_601))
    let first = try await message(at: seconds(3_700))
    #expect(first.key == "1")
    #expect(try await behind(first, at: seconds(3_700)).message().key == "2", "three are three messages")
    try await raiseTroubles("5", at: seconds(3_602))
    #expect(try await behind(first, at: seconds(3_700)).message().key == "2/and-3-more")
    #expect(try await message(at: seconds(3_700)) == first)
  }
}
