import DoorCore
import GRDB
import TestSupport
import Testing

@testable import AlarmStore

@Suite("Of all that happens to alerts and channels")
struct DeliveriesPropertyTests {
  @Test("nothing leaves an alert untold that nobody knows to be untold", arguments: UInt64(0)..<40)
  func neverLost(_ seed: UInt64) async throws {
    let house = try House()
    let findings = try await house.store.transact { [house] store in
      var street = try Street(house: house, seed: seed)
      for _ in 0..<250 { try street.live(store) }
      try street.calmDown(store)
      return street.findings
    }
    #expect(findings == [])
  }
}

/// What can happen, drawn by lot, and what it must not lead to.
private struct Street {
  let house: House
  let channels: [Identifier]
  private(set) var findings: [String] = []
  private var random: SeededGenerator
  private var now = Int64(0)
  private var isNight = false
  /// Whether time only goes on.
  private let isClockGood: Bool
  private var count = 0
  /// The routing by which each alert was raised, and when it is told first.
  private var ways: [String: (steps: [AlertRouting.Step], start: Timestamp)] = [:]
  private var conditions: [Alert.Condition] = []
  /// The key under which each row was first tried.
  private var keys: [Int64: String] = [:]
  private var ended: Set<Int64> = []
  private var givenUp: Set<String> = []

  init(house: House, seed: UInt64) throws {
    self.house = house
    channels = [try Identifier("phone"), try Identifier("mail"), try Identifier("siren")]
    random = SeededGenerator(seed: seed)
    isClockGood = random.chance(70)
  }

  private var time: Timestamp { seconds(now) }

  private mutating func draw(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

  // MARK: What happens

  mutating func live(_ store: borrowing StoreTransaction) throws {
    switch draw(20) {
    case 0..<4: try raise(store)
    case 4..<7: now += Int64(draw(400))
    case 7: now += Int64(draw(20_000)) - (isClockGood ? 0 : 10_000)
    case 8: isNight.toggle()
    case 9..<16: try attempt(channels[draw(3)], store)
    case 16 where !ways.isEmpty:
      _ = try store.acknowledge(alert: "\(draw(count))", by: nil, from: nil, now: time)
    case 17:
      if random.chance(20) { try store.acknowledge(area: house.area, by: nil, now: time) }
    case 18 where !conditions.isEmpty:
      let condition = conditions.remove(at: draw(conditions.count))
      _ = try store.resolve(condition, in: house.area, routing: routing(), now: time)
    default: _ = try store.remind(by: AlertPolicy(), routing: routing(), now: time)
    }
    try look(store)
  }

  /// One step, or two of which a channel can be in both, or none for a channel; or no route at all.
  private mutating func routing() -> AlertRouting {
    var steps: [AlertRouting.Step] = []
    for _ in 0..<(1 + draw(2)) {
      let some = channels.filter { _ in random.chance(50) }
      steps.append(
        AlertRouting.Step(
          after: .seconds(steps.count * 300), channels: some.isEmpty ? [channels[draw(3)]] : some))
    }
    return AlertRouting(
      channels: channels, routes: random.chance(80) ? [AlertRouting.Route(steps: steps)] : [],
      quietUntil: isNight ? seconds(now + 3_600 - now % 3_600) : nil)
  }

  private mutating func raise(_ store: borrowing StoreTransaction) throws {
    for _ in 0..<(random.chance(10) ? 6 : 1) {
      let id = "\(count)"
      count += 1
      var alert = Alert.openTooLong(id, in: house)
      if random.chance(50) {
        alert.severity = .alarm
        alert.kind = .opened
      }
      let routing = routing()
      ways[id] = (routing.steps(for: alert), routing.start(of: alert, raised: time))
      if let condition = alert.condition { conditions.append(condition) }
      if try !store.raise(alert, isHeld: false, routing: routing, now: time) { note("\(id) was not raised") }
    }
  }

  private mutating func attempt(_ channel: Identifier, _ store: borrowing StoreTransaction) throws {
    guard case .message(var message) = try store.next(for: channel, now: time) else { return }
    var first: OutboxMessage?
    if random.chance(20), case .message(let second) = try store.next(for: channel, after: message, now: time)
    {
      first = message
      message = second
    }
    try check(message, of: channel, store)
    switch draw(10) {
    case 0..<5:
      try store.markDelivered(message, receipt("taken", time))
      ended.formUnion(message.items.map(\.id))
      if let first {
        try store.postpone(first, until: time.advanced(by: .seconds(60)), receipt("passed", time))
      }
    case 5..<7: try refuse(message, store)
    default: try store.postpone(message, receipt("failed", time))
    }
  }

  private mutating func refuse(_ message: OutboxMessage, _ store: borrowing StoreTransaction) throws {
    let given = try store.markRefused(message, receipt("refused", time), channels: channels)
    ended.formUnion(message.items.map(\.id))
    for alert in given {
      let stages = message.items.filter { $0.alert.id == alert.id }.map { "\(alert.id) \($0.stage)" }
      if stages.count == 1, !givenUp.insert(stages[0]).inserted { note("\(stages[0]) was given up twice") }
    }
  }

  /// In the end all is tried and taken.
  mutating func calmDown(_ store: borrowing StoreTransaction) throws {
    now += 1_000_000
    for channel in channels {
      while case .message(let message) = try store.next(for: channel, now: time) {
        try check(message, of: channel, store)
        try store.markDelivered(message, receipt("taken", time))
        ended.formUnion(message.items.map(\.id))
      }
    }
    let left = try String.fetchAll(store.database, sql: "SELECT alert FROM outbox WHERE state = 'waiting'")
    if !left.isEmpty { note("\(left) wait for ever") }
    try look(store)
  }

  // MARK: What must be so

  private mutating func note(_ finding: String) { findings.append("\(now) s: \(finding)") }

  /// Each stage of an alert that has rows was delivered, or is going to be tried, or nobody takes it and that is known.
  private mutating func look(_ store: borrowing StoreTransaction) throws {
    let lost = try String.fetchAll(
      store.database,
      sql: """
        SELECT alert.id || ' ' || coalesce(stage, 'has no row')
        FROM alert LEFT JOIN outbox ON outbox.alert = alert.id
        WHERE undelivered_ms IS NULL GROUP BY alert.id, stage
        HAVING max(coalesce(outbox.state, '') IN ('delivered', 'waiting')) = 0
        """)
    if !lost.isEmpty { note("\(lost) are lost") }
  }

  private mutating func check(
    _ message: OutboxMessage, of channel: Identifier, _ store: borrowing StoreTransaction
  ) throws {
    if message.items.isEmpty { note("an empty message") }
    for item in message.items {
      if ended.contains(item.id) { note("\(message.key) was ended already") }
      if let key = keys[item.id], key != message.key { note("\(key) is tried as \(message.key)") }
      keys[item.id] = message.key
      try checkTime(of: item, through: channel, store)
    }
  }

  /// A step begins in its time, or where all steps before it were refused or left out.
  private mutating func checkTime(
    of item: OutboxItem, through channel: Identifier, _ store: borrowing StoreTransaction
  ) throws {
    guard isClockGood, item.stage == .raised, let way = ways[item.alert.id] else { return }
    let rows = try store.deliveries(of: item.alert.id).filter { $0.stage == .raised }
    guard let own = rows.first(where: { $0.channel == channel }) else {
      return note("\(item.alert.id) has no row for \(channel)")
    }
    let start = own.step < way.steps.count ? way.start.advanced(by: way.steps[own.step].after) : nil
    let isBefore = rows.contains {
      $0.step < own.step && ($0.standing == .waiting || $0.standing == .delivered)
    }
    if let start, start > time, isBefore { note("step \(own.step) of \(item.alert.id) is early") }
    if start == nil, isBefore { note("the last resort of \(item.alert.id) is taken too early") }
  }
}
