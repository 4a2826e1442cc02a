import AlarmStore
import Delivery
import DoorCore
import DoorWire
import Synchronization
import TestSupport
import Testing

@testable import Notifier

/// The worker of one channel over hours and days, in a time that the test sets.
@Suite("The delivery of a channel's messages in the course of time")
struct DeliveryWorkerTimeTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func quietHouse(_ tables: String = "", isAlone: Bool = false) throws -> NotifierHouse {
    try NotifierHouse(
      path: folder.file("time.sqlite"),
      doors: NotifierHouse.door("front") + (isAlone ? "" : "[[channel]]\nid = \"phone\"\ntype = \"log\"\n")
        + tables)
  }

  @Test("gives a receiver that was down for three days all that it has missed, in order and nothing twice")
  func threeDays() async throws {
    let end = Duration.seconds(3 * 86_400)
    // Its tries are rarer than usual: it is the order that counts.
    let backoff = Backoff(initial: .seconds(1), ceiling: .seconds(1_800))
    let bench = try DeliveryBench(try quietHouse(), backoff: backoff) { _, now in
      now < end ? .retry(after: nil, why: "it is down") : .delivered(answer: "kept")
    }
    var raised: [String] = []
    for hour in stride(from: 0, to: 72, by: 5) {
      try await bench.run(until: .seconds(hour * 3_600))
      raised.append("alarm-\(hour)")
      try await bench.raise("alarm-\(hour)")
    }
    try await bench.run(until: end)
    #expect(bench.taken.isEmpty)
    try await bench.run(until: end + .seconds(3_600))
    #expect(bench.taken == raised)
    for alert in raised {
      let delivery = try #require(
        try await bench.deliveries(of: alert).first { $0.channel.description == "log" })
      #expect(delivery.standing == .delivered && delivery.receipt?.answer == "kept")
    }
    #expect(try await bench.next(for: "log") == nil)
  }

  @Test(
    "keeps the order whenever the receiver comes back", arguments: (0..<12).map { 2 + $0 * $0 * 7 })
  func comesBack(_ second: Int) async throws {
    let end = Duration.seconds(second)
    let bench = try DeliveryBench(try quietHouse()) { _, now in
      now < end ? .retry(after: nil, why: "it is down") : .delivered(answer: "kept")
    }
    for number in 0..<9 {
      try await bench.raise("alarm-\(number)")
      try await bench.run(until: .seconds(5 * (number + 1)))
    }
    try await bench.run(until: end + .seconds(300))
    #expect(bench.taken == (0..<9).map { "alarm-\($0)" })
  }

  @Test("lets others pass a message that fails again and again, not at once, and tries it on")
  func passing() async throws {
    let isHealed = Mutex(false)
    let bench = try DeliveryBench(try quietHouse()) { notice, _ in
      notice.key == "bad" && !isHealed.withLock { $0 }
        ? .retry(after: nil, why: "HTTP 500") : .delivered(answer: "kept")
    }
    try await bench.raise("bad")
    try await bench.raise("a", "b")
    try await bench.run(until: .seconds(600))
    let before = bench.tries.prefix { $0.alerts == ["bad"] }
    #expect(before.count > 5, "it is at its turn until then")
    #expect(before.count < 10)
    #expect(bench.taken == ["a", "b"])

    try await bench.raise("c")
    try await bench.run(until: .seconds(900))
    #expect(bench.taken == ["a", "b", "c"], "what comes later passes it, too")
    #expect(bench.tries.last?.alerts == ["bad"])
    isHealed.withLock { $0 = true }
    try await bench.run(until: .seconds(1_200))
    #expect(bench.taken == ["a", "b", "c", "bad"])
    #expect(try await bench.failures().allSatisfy { $0.resolved != nil }, "the channel works")
  }

  @Test("keeps a message that fails a few times in its place")
  func notPassing() async throws {
    let failures = Mutex(5)
    let bench = try DeliveryBench(try quietHouse()) { _, _ in
      failures.withLock { left in
        left -= 1
        return left < 0 ? .delivered(answer: "kept") : .retry(after: nil, why: "HTTP 503")
      }
    }
    try await bench.raise("1")
    try await bench.raise("2", "3")
    try await bench.run(until: .seconds(300))
    #expect(bench.tries.prefix(6).allSatisfy { $0.alerts == ["1"] })
    #expect(bench.taken == ["1", "2", "3"])
  }

  @Test("asks again when the receiver wants to be asked, and not before")
  func named() async throws {
    let bench = try DeliveryBench(try quietHouse()) { _, now in
      now < .seconds(400) ? .retry(after: .seconds(200), why: "HTTP 429") : .delivered(answer: "kept")
    }
    try await bench.raise("1")
    try await bench.run(until: .seconds(1_000))
    #expect(bench.tries.map(\.at) == [.zero, .seconds(200), .seconds(400)])
  }

  // MARK: A channel that takes nothing

  @Test("tells through the others of a channel that takes nothing for five minutes, once, and of its end")
  func failing() async throws {
    let end = Duration.seconds(1_000)
    let bench = try DeliveryBench(try quietHouse()) { _, now in
      now < end ? .retry(after: nil, why: "HTTP 503") : .delivered(answer: "kept")
    }
    try await bench.raise("1")
    try await bench.run(until: .seconds(299))
    #expect(try await bench.failures().isEmpty)
    try await bench.run(until: .seconds(900))
    let failure = try #require(try await bench.failures().first)
    #expect(try await bench.failures().count == 1)
    #expect(failure.alert.subject == .channel(try Identifier("log")))
    #expect(failure.alert.severity == .trouble && failure.alert.detail == "HTTP 503")
    #expect(failure.alert.at == NotifierHouse.wall(0), "since when it takes nothing")
    #expect(failure.resolved == nil)
    #expect(bench.outcomes.flatMap(\.told).map(\.stage) == [.raised])

    try await bench.run(until: end + .seconds(120))
    #expect(bench.taken == ["1"])
    #expect(try await bench.failures().first?.resolved != nil)
    let deliveries = try await bench.deliveries(of: failure.alert.id)
    #expect(deliveries.map(\.channel.description) == ["phone", "phone"])
    #expect(deliveries.map(\.stage) == [.raised, .resolved])
    #expect(bench.outcomes.flatMap(\.told).map(\.stage) == [.raised, .resolved])
  }

  @Test("tells of it only once over a restart, and of its end also where the one who told is gone")
  func failingOverRestart() async throws {
    let house = try quietHouse()
    let end = Duration.seconds(1_500)
    var bench: DeliveryBench?
    for begin in [0, 600, 1_200] {
      bench = try DeliveryBench(house, at: .seconds(begin)) { _, now in
        now < end ? .retry(after: nil, why: "HTTP 503") : .delivered(answer: "kept")
      }
      if begin == 0 { try await bench?.raise("1") }
      try await bench?.run(until: .seconds(begin + 599))
    }
    #expect(bench?.taken == ["1"])
    let failures = try await bench?.failures()
    #expect(failures?.count == 1)
    #expect(failures?.first?.resolved != nil)
  }

  @Test("tells of it also where the first that waits is of an area that there is no more")
  func failingOverAreaGone() async throws {
    let old = try quietHouse("[[area]]\nid = \"shed\"\n")
    try await old.store.transact { store in
      let alert = Alert(
        id: "old", severity: .alarm, kind: .opened, area: try Identifier("shed"), subject: .area,
        state: .open,
        at: NotifierHouse.wall(0))
      let routing = AlertRouting(channels: [try Identifier("log")])
      _ = try store.raise(alert, isHeld: false, routing: routing, now: NotifierHouse.wall(0))
    }
    let bench = try DeliveryBench(try quietHouse()) { _, _ in .retry(after: nil, why: "HTTP 503") }
    try await bench.raise("new")
    try await bench.run(until: .seconds(900))
    #expect(bench.tries.first?.alerts == ["old"])
    #expect(try await bench.failures().map(\.alert.area.description) == ["home"])
  }

  @Test("takes having nothing to send for no failing, and delivers at once what comes then")
  func idle() async throws {
    let bench = try DeliveryBench(try quietHouse()) { _, _ in .delivered(answer: "kept") }
    try await bench.raise("1")
    try await bench.run(until: .seconds(3_600))
    try await bench.raise("2")
    try await bench.run(until: .seconds(3_700))
    #expect(bench.taken == ["1", "2"])
    #expect(bench.tries.last?.at == .seconds(3_600), "at once")
    #expect(try await bench.failures().isEmpty)
  }

  // MARK: Refusals

  @Test("goes on to the next step at once where the channel refuses, and tells of that, too")
  func nextStep() async throws {
    let route = """
      [[route]]
      [[route.step]]
      channels = ["log"]
      [[route.step]]
      after_s = 600
      channels = ["phone"]

      """
    let bench = try DeliveryBench(try quietHouse(route)) { _, _ in .refused(why: "HTTP 404") }
    try await bench.raise("1")
    #expect(try await bench.next(for: "phone") == nil)
    try await bench.run(until: .seconds(1))
    #expect(bench.tries.count == 1)
    #expect(try await bench.next(for: "phone")?.key == "1")
    #expect(bench.outcomes.contains { $0.hasNewMessages })
    #expect(bench.outcomes.allSatisfy { $0.undelivered.isEmpty })
    let failure = try #require(try await bench.failures().first)
    #expect(failure.alert.detail == "HTTP 404")
    #expect(try await bench.deliveries(of: failure.alert.id).map(\.channel.description) == ["phone"])
  }

  @Test("says of what no channel takes that nobody is told of it")
  func undelivered() async throws {
    let bench = try DeliveryBench(try quietHouse(isAlone: true)) { _, _ in .refused(why: "HTTP 404") }
    try await bench.raise("1")
    try await bench.run(until: .seconds(60))
    #expect(bench.outcomes.flatMap(\.undelivered).map(\.id).contains("1"))
    #expect(try await bench.house.records().first { $0.alert.id == "1" }?.undelivered != nil)
    #expect(Set(bench.tries.map(\.alerts)).count == bench.tries.count, "nothing is tried twice")
    #expect(bench.tries.count < 4, "its own failing is told once, and that nobody took it is not told on")
  }

  // MARK: Limits

  @Test("keeps to the rate that the receiver lets itself be used at")
  func rate() async throws {
    let rate = SendingRate(burst: 2, pause: .seconds(10))
    let bench = try DeliveryBench(try quietHouse(), rate: rate) { _, _ in .delivered(answer: "kept") }
    for second in 0..<5 {
      try await bench.run(until: .seconds(second))
      try await bench.raise("alarm-\(second)")
    }
    try await bench.run(until: .seconds(100))
    #expect(bench.tries.map(\.at) == [0, 1, 10, 20, 30].map { .seconds($0) })
    #expect(bench.taken == (0..<5).map { "alarm-\($0)" })
  }

  @Test("is not held up in telling of an alarm by ten thousand troubles, which come after it, each once")
  func manyTroubles() async throws {
    let bench = try DeliveryBench(try quietHouse()) { _, now in
      now < .seconds(30) ? .retry(after: nil, why: "it is down") : .delivered(answer: "kept")
    }
    let troubles = (0..<10_000).map { "trouble-\($0)" }
    try await bench.raise(troubles, .trouble, .openTooLong)
    try await bench.run(until: .seconds(20))
    #expect(bench.tries.allSatisfy { $0.alerts.count == 1 || $0.alerts.first?.hasPrefix("trouble") == true })
    try await bench.raise("alarm")
    try await bench.run(until: .seconds(300))
    #expect(bench.taken.first == "alarm")
    #expect(bench.taken.dropFirst().elementsEqual(troubles))
  }

  // MARK: Tests of the way

  @Test("says of a test how each of its tries ended")
  func selfTest() async throws {
    let bench = try DeliveryBench(try quietHouse()) { _, now in
      now < .seconds(1) ? .retry(after: .seconds(5), why: "HTTP 503") : .delivered(answer: "kept")
    }
    try await bench.raise("self-test/7f", severity: .trouble, kind: .selfTest)
    try await bench.run(until: .seconds(60))
    let tests = bench.outcomes.map { $0.selfTests.map(\.description) }.filter { !$0.isEmpty }
    #expect(tests == [["7f"], ["7f"]])
    let report = try await bench.house.store.transact { try SelfTests.report(of: try Identifier("7f"), $0) }
    #expect(report?.channels.first?.standing == .delivered)
  }
}
