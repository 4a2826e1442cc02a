import AlarmStore
import DoorCore
import Testing

@Suite("The store of alerts")
struct AlertsTests {
  private let house: House
  private let phone: Identifier
  private let routing: AlertRouting

  init() throws {
    house = try House()
    phone = try Identifier("phone")
    routing = AlertRouting(channels: [phone])
  }

  @discardableResult
  private func raise(
    _ alert: Alert, isHeld: Bool = false, at time: Timestamp = seconds(1), _ routing: AlertRouting? = nil
  ) async throws -> Bool {
    try await house.store.transact { [own = self.routing] in
      try $0.raise(alert, isHeld: isHeld, routing: routing ?? own, now: time)
    }
  }

  private func trouble(_ id: String, isOver: Bool = false) throws -> Alert {
    Alert(
      id: id, severity: .trouble, kind: .agentSilent, area: house.area, subject: .agent(house.front.agent),
      condition: .silent(house.front.agent), isOver: isOver, state: nil, at: seconds(0))
  }

  private func records() async throws -> [AlertRecord] {
    try await house.store.transact { try $0.alertRecords() }
  }

  /// What has been sent to the phone, by its key.
  private func send(at time: Timestamp = seconds(100_000)) async throws -> [String] {
    try await house.store.transact { [phone] store in
      var keys: [String] = []
      while case .message(let message) = try store.next(for: phone, now: time) {
        keys += message.items.map { "\($0.alert.id) \($0.stage)" }
        try store.markDelivered(message, receipt("", time))
      }
      return keys
    }
  }

  // MARK: One cause, one alert

  @Test("takes one cause for one alert, however often it is raised")
  func once() async throws {
    #expect(try await raise(house.alert("1")))
    #expect(try await !raise(house.alert("1"), at: seconds(99)))
    #expect(try await send() == ["1 raised"])
    #expect(try await !raise(house.alert("1")), "also after its delivery")
    #expect(try await send().isEmpty)
  }

  @Test("takes an alert that was foretold for the same one, unless it has become worse")
  func foretold() async throws {
    var opening = house.alert("hall/front/j1/7/1700")
    opening.foretoldAs = "hall/front/j1/7/foretold"
    #expect(try await raise(house.alert("hall/front/j1/7/foretold", .trouble)))
    #expect(try await raise(opening), "trouble was told, and it is an alarm")
    opening.id = "hall/front/j1/8/1800"
    opening.foretoldAs = "hall/front/j1/8/foretold"
    #expect(try await raise(house.alert("hall/front/j1/8/foretold", .alarm)))
    #expect(try await !raise(opening))
  }

  @Test(
    "keeps an alert without a state or a detail, of every kind and subject", arguments: Alert.Kind.allCases)
  func content(_ kind: Alert.Kind) async throws {
    let subjects: [Alert.Subject] = [
      .door(house.back), .agent(house.back.agent), .area, .broker, .channel(phone),
    ]
    for (number, subject) in subjects.enumerated() {
      let alert = Alert(
        id: "\(number)", severity: .trouble, kind: kind, area: house.area, subject: subject, state: nil,
        at: seconds(-5))
      #expect(try await raise(alert))
      #expect(try await records().last?.alert == alert)
    }
  }

  @Test("keeps how it was around when an alert was raised")
  func circumstances() async throws {
    var armed = house.alert("1")
    armed.circumstances = Alert.Circumstances(
      mode: .armedNight, since: seconds(-60), changedBy: "Ada \"the\" Admin", open: [house.back])
    var unknown = house.alert("2")
    unknown.circumstances = Alert.Circumstances(mode: nil, since: seconds(0), changedBy: nil)
    for alert in [armed, unknown, house.alert("3")] { try await raise(alert) }
    #expect(try await records().map(\.alert) == [armed, unknown, house.alert("3")])
    let sent = try await house.store.transact { [phone] in
      try $0.next(for: phone, now: seconds(1)).message().items.map(\.alert)
    }
    #expect(sent == [armed], "it is told, too")
  }

  @Test("is told of by its id alone where one alert is asked for")
  func record() async throws {
    for id in ["1", "2"] { try await raise(house.alert(id)) }
    let found = try await house.store.transact { store in
      [try store.alertRecord("1"), try store.alertRecord("2"), try store.alertRecord("3")]
    }
    #expect(found.map(\.?.alert.id) == ["1", "2", nil])
    #expect(try await records() == found.compactMap(\.self))
  }

  @Test("counts what comes again while it lasts")
  func standing() async throws {
    #expect(try await raise(try trouble("1")))
    #expect(try await !raise(try trouble("2")))
    var worse = try trouble("3")
    worse.severity = .alarm
    #expect(try await raise(worse), "another severity is another message")
    #expect(try await records().map(\.count) == [2, 1])
  }

  @Test("tells three of a kind in ten minutes, and counts the rest with the last of them")
  func flapping() async throws {
    let silent = Alert.Condition.silent(house.front.agent)
    for number in 1...6 as ClosedRange<Int64> {
      let isNew = try await raise(try trouble("\(number)"), at: seconds(number * 60))
      #expect(isNew == (number <= 3))
      _ = try await house.store.transact { [house, routing] in
        try $0.resolve(silent, in: house.area, routing: routing, now: seconds(number * 60 + 30))
      }
    }
    let flapping = try await records()
    #expect(flapping.map(\.count) == [1, 1, 4])
    #expect(flapping.allSatisfy { $0.resolved != nil })
    #expect(try await send().count == 6, "three and their ends")
    #expect(try await raise(try trouble("7"), at: seconds(1_500)), "after a while it is news again")
  }

  @Test("counts what was raised of a kind about somebody since a time, and nothing else")
  func alertCount() async throws {
    func count(_ kind: Alert.Kind, _ subject: Alert.Subject, since start: Timestamp) async throws -> Int {
      try await house.store.transact { try $0.alertCount(of: kind, about: subject, since: start) }
    }
    for second in Int64(1)...3 { try await raise(house.alert("\(second)"), at: seconds(second)) }
    try await raise(try trouble("4"), at: seconds(4))
    let front = Alert.Subject.door(house.front)
    #expect(try await count(.opened, front, since: seconds(0)) == 3)
    #expect(try await count(.opened, front, since: seconds(2)) == 2)
    #expect(try await count(.opened, front, since: seconds(4)) == 0)
    #expect(try await count(.leftOpen, front, since: seconds(0)) == 0)
    #expect(try await count(.opened, .door(house.back), since: seconds(0)) == 0)
    #expect(try await count(.agentSilent, .agent(house.front.agent), since: seconds(0)) == 1)
    #expect(try await count(.agentSilent, .channel(house.front.agent), since: seconds(0)) == 0, "a namesake")
  }

  @Test("does not take a later opening for what was foretold before it: that has never come true")
  func foretoldLongAgo() async throws {
    #expect(try await raise(house.alert("hall/front/j1/7/foretold", .alarm), at: seconds(1)))
    var opening = house.alert("hall/front/j1/7/9000")
    opening.foretoldAs = "hall/front/j1/7/foretold"
    opening.happened = seconds(2)
    #expect(try await raise(opening, at: seconds(3)))
    opening.id = "hall/front/j1/7/500"
    opening.happened = seconds(0)
    #expect(try await !raise(opening, at: seconds(3)), "this one is it")
  }

  @Test("ends what is about a door that is there no more, and nothing else")
  func removed() async throws {
    try await raise(house.alert("1"))
    try await raise(try trouble("2"))
    try await house.store.transact { store in
      try store.endAlerts(unless: { $0.kind == .agentSilent }, now: seconds(9))
    }
    let records = try await records()
    #expect(records.map(\.resolved) == [seconds(9), nil])
    #expect(records.map(\.acknowledged) == [seconds(9), nil])
  }

  @Test("takes no further step for what is about a door that is there no more")
  func removedWithSteps() async throws {
    let log = try Identifier("log")
    let steps = [
      AlertRouting.Step(channels: [phone]), AlertRouting.Step(after: .seconds(60), channels: [log]),
    ]
    try await raise(
      house.alert("1"), AlertRouting(channels: [phone, log], routes: [AlertRouting.Route(steps: steps)]))
    let standings = try await house.store.transact { store in
      try store.endAlerts(unless: { _ in false }, now: seconds(9))
      return try store.deliveries(of: "1").map(\.standing)
    }
    #expect(standings == [.waiting, .dropped])
  }

  // MARK: Held

  @Test("sends what was held when it is released, and never what was withdrawn")
  func held() async throws {
    try await raise(house.alert("1"), isHeld: true)
    try await raise(house.alert("2"), isHeld: true)
    #expect(try await send().isEmpty)
    let released = try await house.store.transact { [house, routing] in
      try $0.releaseHeld(of: house.area, routing: routing, now: seconds(5))
    }
    #expect(released.map(\.id) == ["1", "2"])
    #expect(try await send() == ["1 raised", "2 raised"])
    try await raise(house.alert("3"), isHeld: true)
    let again = try await house.store.transact { [house, routing] in
      try $0.withdrawHeld(of: house.area)
      return try $0.releaseHeld(of: house.area, routing: routing, now: seconds(6))
    }
    #expect(again.isEmpty)
    #expect(try await send().isEmpty)
    #expect(try await records().map(\.standing) == [.told, .told, .withdrawn])
  }

  // MARK: The end

  @Test("tells the end of a trouble once, and of what was over when it was found never")
  func resolves() async throws {
    try await raise(try trouble("1"))
    try await raise(house.alert("2"))
    try await raise(try trouble("3", isOver: true))
    let ended = try await house.store.transact { [house, routing] store in
      let conditions: [Alert.Condition] = [.silent(house.front.agent), .open(house.front), .brokerGone]
      return try conditions.map {
        try store.resolve($0, in: house.area, routing: routing, now: seconds(9)).map(\.id)
      }
    }
    #expect(ended == [["1"], [], []], "an opening ends with the area's disarming")
    #expect(try await records().map(\.resolved) == [seconds(9), seconds(9)], "the third was the first one's")
    #expect(try await send() == ["2 raised", "1 raised", "1 resolved"], "alarms go first")
  }

  @Test("resolves one area's alerts and no other's")
  func otherArea() async throws {
    try await raise(try trouble("1"))
    let ended = try await house.store.transact { [house, routing] in
      try $0.resolve(
        .silent(house.front.agent), in: try Identifier("shed"), routing: routing, now: seconds(9))
    }
    #expect(ended.isEmpty)
    #expect(try await records().map(\.resolved) == [nil])
  }

  // MARK: Somebody knows

  @Test("keeps who has acknowledged one alert, from where and when, and only the first of them")
  func acknowledge() async throws {
    for id in ["1", "2"] { try await raise(house.alert(id)) }
    func acknowledge(_ id: String, by person: String?, from source: String?, at time: Timestamp) async throws
      -> Bool
    {
      try await house.store.transact { try $0.acknowledge(alert: id, by: person, from: source, now: time) }
    }
    #expect(try await acknowledge("1", by: nil, from: "link through phone", at: seconds(5)))
    #expect(try await !acknowledge("1", by: "Ada", from: "app", at: seconds(6)))
    #expect(try await !acknowledge("3", by: "Ada", from: "app", at: seconds(6)), "there is none")
    let first = try #require(try await records().first)
    #expect(first.acknowledged == seconds(5))
    #expect(first.acknowledgedBy == nil)
    #expect(first.acknowledgedFrom == "link through phone")
    #expect(try await records().last?.acknowledged == nil)
    let rest = try await house.store.transact { [house] in
      try $0.acknowledge(area: house.area, by: "Ada", from: "app", now: seconds(7))
    }
    #expect(rest == 1)
    #expect(try await records().map(\.acknowledged) == [seconds(5), seconds(7)])
    #expect(try await records().last?.acknowledgedBy == "Ada")
    #expect(try await records().last?.acknowledgedFrom == "app")
  }

  @Test("takes no acknowledgement of what nobody was told of")
  func acknowledgeUntold() async throws {
    try await raise(house.alert("1"), isHeld: true)
    try await raise(house.alert("2"), isHeld: true)
    try await house.store.transact { [house] store in
      try expect(store.acknowledge(alert: "1", by: "Ada", from: nil, now: seconds(2)), is: false)
      try store.withdrawHeld(of: house.area)
      try expect(store.acknowledge(alert: "2", by: "Ada", from: nil, now: seconds(2)), is: false)
      try expect(store.acknowledge(area: house.area, by: "Ada", now: seconds(2)), is: 0)
    }
    #expect(try await records().map(\.acknowledged) == [nil, nil])
  }

  // MARK: Reminders

  @Test("reminds until it is acknowledged and over, whichever comes last")
  func reminders() async throws {
    let policy = AlertPolicy(alarmReminder: .seconds(60), troubleReminder: .seconds(600))
    func remind(at second: Int64) async throws -> [String] {
      let reminded = try await house.store.transact { [routing] in
        try $0.remind(by: policy, routing: routing, now: seconds(second)).reminded.map {
          "\($0.alert.id) \($0.number)"
        }
      }
      return reminded
    }
    try await raise(house.alert("1"), at: seconds(0))
    try await raise(try trouble("2"), at: seconds(0))
    #expect(try await remind(at: 59).isEmpty)
    #expect(try await remind(at: 60) == ["1 1"])
    #expect(try await remind(at: 179).isEmpty, "the second one after twice the time")
    #expect(try await remind(at: 180) == ["1 2"])
    let acknowledged = try await house.store.transact { [house] in
      try $0.acknowledge(area: house.area, by: "Ada", now: seconds(200))
    }
    #expect(acknowledged == 2)
    #expect(try await remind(at: 420) == ["1 3"], "acknowledged, and still open")
    _ = try await house.store.transact { [house, routing] in
      try $0.resolve(.open(house.front), in: house.area, routing: routing, now: seconds(430))
    }
    #expect(try await remind(at: 600) == ["2 1"])
    #expect(try await remind(at: 100_000) == ["2 2"])
    #expect(try await records().map(\.acknowledgedBy) == ["Ada", "Ada"])
    #expect(try await send().first == "1 raised")
  }

  @Test("says when the next reminder is, and waits for none where the clock was put back")
  func next() async throws {
    let policy = AlertPolicy(alarmReminder: .seconds(60))
    try await raise(house.alert("1"), at: seconds(0))
    let (next, later) = try await house.store.transact { [routing] store in
      (
        try store.remind(by: policy, routing: routing, now: seconds(10)).next,
        try store.remind(by: policy, routing: routing, now: seconds(60)).next
      )
    }
    #expect(next == seconds(60))
    #expect(later == seconds(180))
    let early = try await house.store.transact { [routing] in
      try $0.remind(by: policy, routing: routing, now: seconds(-1_000)).reminded.count
    }
    #expect(early == 1)
  }

  @Test("does not remind of what is only to be known")
  func notices() async throws {
    let ended = Alert(
      id: "1", severity: .trouble, kind: .alarmEnded, area: house.area, subject: .area, state: nil,
      at: seconds(0))
    try await raise(ended)
    let reminded = try await house.store.transact { [routing] in
      try $0.remind(by: AlertPolicy(), routing: routing, now: seconds(1_000_000)).reminded.count
    }
    #expect(reminded == 0)
  }

  // MARK: Quiet hours

  @Test("lets troubles wait for the end of the quiet hours, and alarms not")
  func quiet() async throws {
    let quiet = AlertRouting(channels: [phone], quietUntil: seconds(3_600))
    try await raise(try trouble("1"), quiet)
    try await raise(house.alert("2"), quiet)
    #expect(try await send(at: seconds(10)) == ["2 raised"])
    #expect(try await send(at: seconds(3_599)).isEmpty)
    #expect(try await send(at: seconds(3_600)) == ["1 raised"])
  }

  @Test("keeps an alert that no channel takes")
  func noChannel() async throws {
    try await raise(house.alert(), AlertRouting(channels: []))
    #expect(try await records().count == 1)
  }
}
