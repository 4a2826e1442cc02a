import AlarmStore
import DoorCore
import DoorWire

/// The stage of the tests of the whole way from a sensor to the people: an agent's answer becomes a marked alert, which
/// goes through every channel as an alarm does; what its channels say is the test's result.
struct SelfTests: Sendable {
  /// A test that the notifier itself has asked for.
  struct Pending: Sendable, Equatable, Codable {
    var agent: String
    var asked: Timestamp
    var end: Countdown
  }

  /// So long has a test, the receivers' own retries included.
  static let limit: Duration = .seconds(300)
  /// So many tests of an agent within an hour are told; people are not to be woken by a program that has gone wrong.
  static let hourLimit = 20
  private static let memory = "self tests"
  private static let ledger = "self test schedule"

  let settings: NotifierSettings

  static func alert(of test: Identifier) -> String { "self-test/\(test)" }

  static func test(of alert: String) -> Identifier? {
    alert.hasPrefix("self-test/") ? try? Identifier(String(alert.dropFirst("self-test/".count))) : nil
  }

  /// An agent has answered.
  func take(
    _ event: SelfTestEvent, of agent: Identifier, _ store: borrowing StoreTransaction,
    _ session: inout AreaSession
  ) throws {
    // A stranger's answer tests nothing.
    guard let area = settings.doors.values.filter({ $0.address.agent == agent }).map(\.area).min() else {
      return
    }
    let hour = session.now.wall.advanced(by: .seconds(-3_600))
    guard try store.alertCount(of: .selfTest, about: .agent(agent), since: hour) < Self.hourLimit else {
      session.outcome.warnings.append(
        "a test of \(agent) is not told: there were \(Self.hourLimit) within an hour")
      return
    }
    try session.raise(
      Alert(
        id: Self.alert(of: event.request.id), severity: .trouble, kind: .selfTest, area: area,
        subject: .agent(agent), state: nil, at: event.request.asked, simulated: false), store)
    session.outcome.selfTests.insert(event.request.id)
  }

  /// The same as a transaction of its own.
  func take(
    _ event: SelfTestEvent, of agent: Identifier, _ store: AlarmStore
  ) async throws(AlarmStoreError) -> Outcome {
    try await store.transact { store in
      var session = AreaSession(settings: settings, now: .now)
      try take(event, of: agent, store, &session)
      return session.outcome
    }
  }

  /// How far a test has come; nil where nothing is known of it.
  static func report(
    of test: Identifier, _ store: borrowing StoreTransaction
  ) throws -> SelfTestReport? {
    let deliveries = try store.deliveries(of: alert(of: test))
    guard !deliveries.isEmpty else { return nil }
    return SelfTestReport(
      id: test,
      channels: deliveries.map { delivery in
        SelfTestReport.Channel(
          id: delivery.channel,
          standing: SelfTestReport.Channel.Standing(rawValue: delivery.standing.rawValue) ?? .waiting,
          answer: delivery.receipt?.answer,
          tookMilliseconds: delivery.receipt?.duration.wholeMilliseconds)
      })
  }

  // MARK: By schedule

  /// Asks for tests that are due, and raises an alert for each that has not got through in its time.
  ///
  /// - Returns: when there is more to do; nil where no test is set.
  func keep(_ store: borrowing StoreTransaction, _ session: inout AreaSession) throws -> Duration? {
    let now = session.now
    var pending = try store.remembered(Self.memory, as: [String: Pending].self) ?? [:]
    let kept = pending
    var next: Duration?
    if let schedule = settings.selfTest {
      let before = try store.remembered(Self.ledger, as: ScheduleLedger.self)
      var ledger = before ?? ScheduleLedger(now: now.wall)
      if let due = settings.calendar.next(schedule.time, on: schedule.days, after: ledger.due(now: now.wall)),
        due <= now.wall
      {
        let agents = Set(settings.doors.values.filter { $0.source == nil }.map(\.address.agent)).sorted()
        for (number, agent) in agents.enumerated() {
          pending["daily-\(now.wall.milliseconds)-\(number)"] = Pending(
            agent: agent.description, asked: now.wall, end: Countdown(Self.limit, from: now))
        }
        ledger.note(now: now.wall)
      }
      // One that was kept while the clock was wrong begins anew.
      if ledger.due(now: now.wall) == now.wall { ledger.note(now: now.wall) }
      if pending != kept || ledger != before { try store.remember(ledger, as: Self.ledger) }
      next = settings.calendar.next(schedule.time, on: schedule.days, after: now.wall)?.elapsed(
        since: now.wall)
    }
    for (id, test) in pending {
      guard let name = try? Identifier(id), let agent = try? Identifier(test.agent) else { continue }
      if kept[id] == nil { session.outcome.selfTestRequests.append((agent, name)) }
      let left = test.end.remaining(at: now)
      guard left <= .zero else {
        next = min(next ?? left, left)
        continue
      }
      pending[id] = nil
      if let why = try failure(of: name, test, store) { try fail(name, agent, test, why, store, &session) }
    }
    if pending != kept { try store.remember(pending, as: Self.memory) }
    return next
  }

  /// Why a test whose time is over has failed; nil where it has not.
  private func failure(
    of test: Identifier, _ pending: Pending, _ store: borrowing StoreTransaction
  ) throws -> String? {
    let subject = try store.alertRecord(Self.alert(of: test))?.alert.subject
    guard let report = try Self.report(of: test, store), subject?.agent?.description == pending.agent else {
      return "agent \(pending.agent) has not answered"
    }
    let failing = report.channels.filter { $0.standing != .delivered }.map { channel in
      "channel \(channel.id)" + (channel.answer.map { ": \($0)" } ?? " has not been tried")
    }
    return failing.isEmpty ? nil : failing.joined(separator: "; ")
  }

  private func fail(
    _ id: Identifier, _ agent: Identifier, _ test: Pending, _ why: String,
    _ store: borrowing StoreTransaction,
    _ session: inout AreaSession
  ) throws {
    guard let area = settings.doors.values.filter({ $0.address.agent == agent }).map(\.area).min() else {
      return
    }
    try session.raise(
      Alert(
        id: "\(Self.alert(of: id))/failed", severity: .trouble, kind: .selfTestFailed, area: area,
        subject: .agent(agent), state: nil, at: test.asked, detail: why), store)
  }
}
