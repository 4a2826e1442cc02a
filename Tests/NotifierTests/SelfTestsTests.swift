import AlarmStore
import DoorCore
import DoorWire
import TestSupport
import Testing

@testable import Notifier

/// The beginning of these tests' time is a Tuesday, 2023-11-14T22:13:20Z; 23:00 is 2,800 seconds later.
@Suite("Tests of the way to the people")
struct SelfTestsTests {
  private let folder: TemporaryFolder
  private static let day: Int64 = 86_400

  init() throws {
    folder = try TemporaryFolder()
  }

  /// A house with two agents of ours and a contact of others, two channels, and a test at 23:00.
  private func house(_ tables: String = "[self_test]\nat = \"23:00\"\n") throws -> NotifierHouse {
    try NotifierHouse(
      path: folder.file("store.sqlite"),
      doors: """
        [[channel]]
        id = "phone"
        type = "log"
        [[area]]
        id = "shed"
        \(NotifierHouse.door("front"))
        [[door]]
        agent = "porch"
        id = "gate"
        area = "shed"
        [[door]]
        agent = "porch"
        id = "garage"
        area = "home"
        [[door]]
        agent = "zigbee"
        id = "cellar"
        area = "home"
        [door.source]
        type = "zigbee2mqtt"
        topic = "zigbee2mqtt/cellar"
        \(tables)
        """, lines: "time_zone = \"UTC\"")
  }

  /// An agent answers to a test.
  @discardableResult
  private func answer(
    _ house: NotifierHouse, _ agent: String, _ test: String, at second: Int64
  ) async throws -> Outcome {
    let event = SelfTestEvent(
      answering: SelfTestRequest(id: try Identifier(test), asked: NotifierHouse.wall(second - 1)),
      sent: NotifierHouse.wall(second))
    let agent = try Identifier(agent)
    return try await house.store.transact { [settings = house.settings] store in
      var session = AreaSession(settings: settings, now: NotifierHouse.moment(second))
      try SelfTests(settings: settings).take(event, of: agent, store, &session)
      return session.outcome
    }
  }

  private func next(_ house: NotifierHouse, _ channel: String, at second: Int64) async throws
    -> OutboxMessage?
  {
    let channel = try Identifier(channel)
    let stand = try await house.store.transact { try $0.next(for: channel, now: NotifierHouse.wall(second)) }
    return if case .message(let message) = stand { message } else { nil }
  }

  /// What a channel has waiting is tried.
  private func deliver(
    _ house: NotifierHouse, _ channel: String, _ answer: String, isTaken: Bool = true, at second: Int64
  ) async throws {
    let message = try #require(try await next(house, channel, at: second))
    let receipt = DeliveryReceipt(answer: answer, at: NotifierHouse.wall(second), duration: .milliseconds(7))
    try await house.store.transact { store in
      if isTaken { try store.markDelivered(message, receipt) } else { try store.postpone(message, receipt) }
    }
  }

  private func report(_ house: NotifierHouse, _ test: String) async throws -> SelfTestReport? {
    let test = try Identifier(test)
    return try await house.store.transact { try SelfTests.report(of: test, $0) }
  }

  private func asked(_ outcome: Outcome) -> [String: String] {
    Dictionary(
      outcome.selfTestRequests.map { ($0.agent.description, $0.test.description) },
      uniquingKeysWith: { first, _ in first })
  }

  // MARK: An answer

  @Test("become alerts that every channel gets at once, in quiet hours too and whatever the routes are")
  func everyChannel() async throws {
    let house = try house(
      """
      [quiet_hours]
      from = "22:00"
      to = "23:00"
      [[route]]
      [[route.step]]
      channels = ["log"]
      """)
    let outcome = try await answer(house, "porch", "7f", at: 10)
    #expect(outcome.told.map(\.alert.kind) == [.selfTest])
    #expect(outcome.selfTests.map(\.description) == ["7f"])
    for channel in ["log", "phone"] {
      let message = try #require(try await next(house, channel, at: 10))
      let alert = try #require(message.items.first?.alert)
      #expect(alert.kind == .selfTest && alert.severity == .trouble)
      #expect(alert.subject == .agent(try Identifier("porch")))
      #expect(alert.area.description == "home", "the first of the agent's areas")
      #expect(alert.at == NotifierHouse.wall(9), "when it was asked for")
    }
    #expect(try await house.state(at: 11) == .disarmed)
  }

  @Test("are one alert however often they are answered, and are not counted with others")
  func again() async throws {
    let house = try house()
    for _ in 0..<2 { try await answer(house, "hall", "7f", at: 10) }
    for test in ["a", "b", "c", "d", "e"] { try await answer(house, "hall", test, at: 11) }
    #expect(
      try await house.records().map(\.alert.id) == ["7f", "a", "b", "c", "d", "e"].map { "self-test/\($0)" })
  }

  @Test("are none of a stranger's")
  func stranger() async throws {
    let house = try house()
    #expect(try await answer(house, "attic", "7f", at: 10).isNothing)
    #expect(try await house.records().isEmpty)
  }

  @Test("report how far they have come, channel by channel")
  func report() async throws {
    let house = try house()
    #expect(try await report(house, "7f") == nil)
    try await answer(house, "hall", "7f", at: 10)
    let begun = try #require(try await report(house, "7f"))
    #expect(begun.channels.map(\.id.description) == ["log", "phone"])
    #expect(begun.channels.allSatisfy { $0.standing == .waiting && $0.answer == nil })
    try await deliver(house, "log", "written", at: 11)
    try await deliver(house, "phone", "HTTP 503", isTaken: false, at: 11)
    let later = try #require(try await report(house, "7f"))
    #expect(later.channels.map(\.standing) == [.delivered, .waiting])
    #expect(later.channels.map(\.answer) == ["written", "HTTP 503"])
    #expect(later.channels.map(\.tookMilliseconds) == [7, 7])
  }

  @Test("are known by their alerts, and what is told of one that has failed is none")
  func names() throws {
    let test = try Identifier("7f")
    #expect(SelfTests.test(of: SelfTests.alert(of: test)) == test)
    #expect(SelfTests.test(of: "self-test/7f/failed") == nil)
    #expect(SelfTests.test(of: "hall/front/7f") == nil)
  }

  // MARK: By schedule

  @Test("are asked of each agent of ours once, at their time of the day")
  func schedule() async throws {
    let house = try house()
    #expect(try await house.pass(at: 0) == .seconds(2_800) + .milliseconds(1))
    #expect(asked(try await house.outcome(at: 2_799)).isEmpty)
    let asked = asked(try await house.outcome(at: 2_800))
    #expect(Set(asked.keys) == ["hall", "porch"], "and of no contact of others")
    #expect(Set(asked.values).count == 2)
    #expect(self.asked(try await house.outcome(at: 2_800)).isEmpty)
    #expect(self.asked(try await house.outcome(at: 3_000)).isEmpty)
    #expect(self.asked(try await house.outcome(at: 2_799 + Self.day)).isEmpty)
    let next = self.asked(try await house.outcome(at: 2_800 + Self.day))
    #expect(Set(next.keys) == ["hall", "porch"])
    #expect(Set(next.values).isDisjoint(with: asked.values), "each is another test")
  }

  @Test("are asked on their days only, and once for all that was missed")
  func days() async throws {
    let house = try house("[self_test]\nat = \"23:00\"\ndays = [\"wed\"]\n")
    #expect(asked(try await house.outcome(at: 0)).isEmpty)
    #expect(asked(try await house.outcome(at: 2_800)).isEmpty, "Tuesday")
    #expect(asked(try await house.outcome(at: 2_800 + Self.day)).count == 2)
    #expect(asked(try await house.outcome(at: 30 * Self.day)).count == 2)
    #expect(asked(try await house.outcome(at: 30 * Self.day + 1)).isEmpty)
  }

  @Test("that get through are no alert")
  func through() async throws {
    let house = try house()
    try await house.pass(at: 0)
    for (agent, test) in asked(try await house.outcome(at: 2_800)) {
      try await answer(house, agent, test, at: 2_801)
      for channel in ["log", "phone"] { try await deliver(house, channel, "HTTP 200", at: 2_802) }
    }
    #expect(try await house.pass(at: 2_802) == .seconds(298) + .milliseconds(1))
    try await house.pass(at: 3_100)
    try await house.pass(at: 4_000)
    #expect(try await house.kinds() == [.selfTest, .selfTest])
  }

  @Test("that an agent does not answer are an alert, when their time is over and not before, once")
  func unanswered() async throws {
    let house = try house()
    try await house.pass(at: 0)
    let asked = asked(try await house.outcome(at: 2_800))
    try await answer(house, "hall", try #require(asked["hall"]), at: 2_801)
    for channel in ["log", "phone"] { try await deliver(house, channel, "HTTP 200", at: 2_802) }
    try await house.pass(at: 3_099)
    #expect(try await house.kinds() == [.selfTest])
    let outcome = try await house.outcome(at: 3_100)
    #expect(outcome.told.map(\.alert.kind) == [.selfTestFailed])
    for second in [3_101, 4_000] as [Int64] { try await house.pass(at: second) }
    let alert = try #require(try await house.records().last?.alert)
    #expect(try await house.kinds() == [.selfTest, .selfTestFailed])
    #expect(alert.subject == .agent(try Identifier("porch")) && alert.severity == .trouble)
    #expect(alert.detail == "agent porch has not answered")
    #expect(alert.at == NotifierHouse.wall(2_800))
  }

  @Test("that a channel does not take are an alert with what it said")
  func untaken() async throws {
    let house = try house()
    try await house.pass(at: 0)
    let test = try #require(asked(try await house.outcome(at: 2_800))["hall"])
    try await answer(house, "hall", test, at: 2_801)
    try await deliver(house, "phone", "HTTP 503", isTaken: false, at: 2_802)
    try await house.pass(at: 3_100)
    let details = try await house.records().filter { $0.alert.kind == .selfTestFailed }.map(\.alert.detail)
    #expect(details.contains("channel log has not been tried; channel phone: HTTP 503"))
  }

  @Test("go on over a restart: nothing is asked twice, and what does not come is told all the same")
  func restart() async throws {
    let first = try house()
    try await first.pass(at: 0)
    #expect(asked(try await first.outcome(at: 2_800)).count == 2)
    let second = try house()
    #expect(asked(try await second.outcome(at: 2_900)).isEmpty)
    #expect(try await second.pass(at: 2_900) == .seconds(200) + .milliseconds(1))
    try await second.pass(at: 3_100)
    #expect(try await second.kinds() == [.selfTestFailed, .selfTestFailed])
    let third = try house("")
    try await third.pass(at: 2_800 + Self.day)
    #expect(try await third.kinds().count == 2, "the settings have no test any more")
  }

  @Test("are not asked twice when the clock is put back")
  func clockPutBack() async throws {
    let house = try house()
    try await house.pass(at: 0)
    #expect(asked(try await house.outcome(at: 2_800)).count == 2)
    for second in [0, 2_700, 2_800, 2_900] as [Int64] {
      #expect(asked(try await house.outcome(at: second, uptime: 3_000)).isEmpty, "\(second)")
    }
    #expect(asked(try await house.outcome(at: 2_800 + Self.day)).count == 2)
  }

  @Test("are asked again the next day where the clock was wrong by years")
  func wrongClock() async throws {
    let house = try house()
    try await house.pass(at: 0)
    try await house.pass(at: 1_000 * Self.day)
    #expect(asked(try await house.outcome(at: 100, uptime: 1_000 * Self.day + 1)).isEmpty)
    #expect(asked(try await house.outcome(at: 2_800, uptime: 1_000 * Self.day + 2_701)).count == 2)
  }

  @Test("are told twenty times an hour at most: people are not to be woken by a program that has gone wrong")
  func hourLimit() async throws {
    let house = try house("")
    for number in 0..<SelfTests.hourLimit {
      #expect(try await !answer(house, "hall", "t\(number)", at: Int64(number)).told.isEmpty)
    }
    let more = try await answer(house, "hall", "more", at: 100)
    #expect(more.told.isEmpty)
    #expect(more.warnings == ["a test of hall is not told: there were 20 within an hour"])
    #expect(try await !answer(house, "porch", "other", at: 101).told.isEmpty, "each agent has its own")
    #expect(try await !answer(house, "hall", "later", at: 4_000).told.isEmpty)
  }
}
