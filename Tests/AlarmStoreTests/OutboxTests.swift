import AlarmStore
import DoorCore
import Testing

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

  @discardableResult
  private func raise(_ id: String, at time: Timestamp = seconds(1)) async throws -> Bool {
    try await house.store.transact { [self] in
      try $0.raise(house.alert(id), through: [phone, log], now: time)
    }
  }

  private func waiting(for channel: Identifier? = nil, limit: Int = 100) async throws -> [OutboxItem] {
    try await house.store.transact { [phone] in try $0.waiting(for: channel ?? phone, limit: limit) }
  }

  private func deliveries() async throws -> [[String: String]] {
    try await house.store.transact { try $0.alerts().map(\.deliveries) }
  }

  @Test("has one row for each channel of an alert, whole as it was raised")
  func raises() async throws {
    #expect(try await raise("1"))
    for channel in [phone, log] {
      let items = try await waiting(for: channel)
      #expect(items.map(\.alert) == [house.alert("1")])
      #expect(items.map(\.attempts) == [0])
      #expect(items.map(\.due) == [seconds(1)])
    }
    #expect(try await waiting(for: try Identifier("other")).isEmpty)
    #expect(try await deliveries() == [["phone": "waiting", "log": "waiting"]])
  }

  @Test("takes one cause for one alert, however often it is raised")
  func once() async throws {
    #expect(try await raise("1"))
    #expect(try await !raise("1", at: seconds(99)))
    #expect(try await waiting().count == 1)
    let item = try #require(try await waiting().first)
    try await house.store.transact { try $0.markDelivered(item, answer: "HTTP 200", now: seconds(2)) }
    #expect(try await !raise("1"), "also after its delivery")
    #expect(try await waiting().isEmpty)
  }

  @Test("takes an alert that was foretold for the same one, unless it has become worse")
  func foretold() async throws {
    let channels = [phone]
    func raise(_ alert: Alert) async throws -> Bool {
      try await house.store.transact { try $0.raise(alert, through: channels, now: seconds(1)) }
    }
    var opening = house.alert("hall/front/j1/7/1700")
    opening.foretoldAs = "hall/front/j1/7/foretold"
    #expect(try await raise(house.alert("hall/front/j1/7/foretold", .trouble)))
    #expect(try await raise(opening), "trouble was told, and it is an alarm")
    opening.id = "hall/front/j1/8/1800"
    opening.foretoldAs = "hall/front/j1/8/foretold"
    #expect(try await raise(house.alert("hall/front/j1/8/foretold", .alarm)))
    #expect(try await !raise(opening))
  }

  @Test("keeps an alert without a state or a detail, and of every kind", arguments: Alert.Kind.allCases)
  func content(_ kind: Alert.Kind) async throws {
    let alert = Alert(
      id: "x",
      severity: .trouble,
      kind: kind,
      area: house.area,
      subject: .door(house.back),
      state: nil,
      at: seconds(-5)
    )
    try await house.store.transact { [phone] in
      try expect($0.raise(alert, through: [phone], now: seconds(0)), is: true)
    }
    #expect(try await waiting().map(\.alert) == [alert])
  }

  @Test("hands out the earliest due first, and no more than asked for")
  func order() async throws {
    for id in ["1", "2", "3"] { try await raise(id) }
    try await raise("0", at: seconds(0))
    #expect(try await waiting().map(\.alert.id) == ["0", "1", "2", "3"])
    #expect(try await waiting(limit: 2).map(\.alert.id) == ["0", "1"])
    let first = try #require(try await waiting().first)
    try await house.store.transact { try $0.postpone(first, until: seconds(60), answer: "HTTP 503") }
    #expect(try await waiting().map(\.alert.id) == ["1", "2", "3", "0"])
    #expect(try await waiting().last?.attempts == 1)
    #expect(try await waiting().last?.due == seconds(60))
    #expect(try await waiting(for: log).map(\.alert.id) == ["0", "1", "2", "3"], "each channel has its own")
  }

  @Test("lets go of what was delivered or refused, and says so")
  func ends() async throws {
    for id in ["1", "2"] { try await raise(id) }
    let items = try await waiting()
    try await house.store.transact { store in
      try store.markDelivered(items[0], answer: "HTTP 200", now: seconds(2))
      try store.markRefused(items[1], answer: "HTTP 404", now: seconds(2))
    }
    #expect(try await waiting().isEmpty)
    #expect(try await waiting(for: log).count == 2)
    #expect(
      try await deliveries() == [
        ["phone": "delivered", "log": "waiting"], ["phone": "refused", "log": "waiting"],
      ]
    )
  }

  @Test("lists the alerts in the order of their raising, also where the clock was put back")
  func alerts() async throws {
    try await raise("b", at: seconds(100))
    try await raise("a", at: seconds(50))
    #expect(try await house.store.transact { try $0.alerts().map(\.alert.id) } == ["b", "a"])
  }

  @Test("keeps an alert that no channel takes")
  func noChannel() async throws {
    try await house.store.transact { [house] in
      try expect($0.raise(house.alert(), through: [], now: seconds(0)), is: true)
    }
    #expect(try await deliveries() == [[:]])
  }
}
