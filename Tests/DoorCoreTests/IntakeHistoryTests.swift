import DoorCore
import TestSupport
import Testing

@Suite("The history that intake builds")
struct IntakeHistoryTests {
  @Test(
    "is what the agent journaled, each once, whatever the broker loses, repeats and puts back",
    arguments: 0..<UInt64(300)
  )
  func broker(_ seed: UInt64) throws {
    var house = try House(seed: seed)
    house.live(steps: 300, journalIsLost: false)
    house.settle()
    let firstKnown = house.notifier.rows.map(\.sequence).min() ?? 1
    let expected = house.agent.journaled.filter { $0.sequence >= firstKnown }
    #expect(house.notifier.rows.sorted { $0.sequence < $1.sequence } == expected, "seed \(seed)")
    #expect(house.notifier.record == house.agent.journaled.last, "seed \(seed)")
    #expect(house.notifier.missing.isEmpty, "seed \(seed)")

    // Each opening is told of once: the baseline as a standing condition, all others as alarms.
    let told = house.notifier.alerts.map(\.id)
    #expect(Set(told).count == told.count, "seed \(seed): an alert was raised twice")
    #expect(told.count == expected.count { $0.state == .open }, "seed \(seed)")
    #expect(house.notifier.repeated.isEmpty, "seed \(seed): told of what was known")
  }

  @Test(
    "is what the agent journaled also where its clock jumps, and says whether it can be trusted",
    arguments: 2_000..<UInt64(2_300)
  )
  func clock(_ seed: UInt64) throws {
    var house = try House(seed: seed)
    house.agent.hasWildClock = true
    house.live(steps: 300, journalIsLost: false)
    house.settle()
    let firstKnown = house.notifier.rows.map(\.sequence).min() ?? 1
    let expected = house.agent.journaled.filter { $0.sequence >= firstKnown }
    #expect(house.notifier.rows.sorted { $0.sequence < $1.sequence } == expected, "seed \(seed)")
    #expect(house.notifier.record == house.agent.journaled.last, "seed \(seed)")
    let told = house.notifier.alerts.map(\.id)
    #expect(Set(told).count == told.count, "seed \(seed): an alert was raised twice")
    #expect(told.count == expected.count { $0.state == .open }, "seed \(seed)")
  }

  @Test(
    "is complete from the newest journal on where the agent loses its card",
    arguments: 1_000..<UInt64(1_300)
  )
  func journal(_ seed: UInt64) throws {
    var house = try House(seed: seed)
    house.live(steps: 300, journalIsLost: true)
    house.settle()
    let rows = house.notifier.rows
    let newest = house.agent.journal
    let isFirst = rows.allSatisfy { $0.journal == newest }
    let firstKnown = isFirst ? rows.map(\.sequence).min() ?? 1 : 1
    #expect(
      rows.filter { $0.journal == newest }.sorted { $0.sequence < $1.sequence }
        == house.agent.journaled.filter { $0.sequence >= firstKnown },
      "seed \(seed)"
    )
    let identities = rows.map { "\($0.journal)/\($0.sequence)" }
    #expect(Set(identities).count == identities.count, "seed \(seed): a transition is there twice")
    #expect(house.notifier.record == house.agent.journaled.last, "seed \(seed)")
    let told = house.notifier.alerts.map(\.id)
    #expect(Set(told).count == told.count, "seed \(seed): an alert was raised twice")
    #expect(house.notifier.repeated.isEmpty, "seed \(seed): told of what was known")
  }
}

/// One door's agent, a broker that promises less than MQTT does, and a notifier's store in memory.
private struct House {
  struct Agent {
    var journal = "j1"
    var journaled: [Transition] = []
    var isOpen = false
    /// It has no clock of its own, and gets the time from the network now and then.
    var hasWildClock = false
  }

  struct Broker {
    var retained: [Transition] = []
    /// What waits for the notifier, oldest first.
    var queue: [(transition: Transition, isReplayed: Bool)] = []
    /// What the notifier has had and could get once more.
    var inFlight: [(transition: Transition, isReplayed: Bool)] = []
  }

  var random: SeededGenerator
  var now = seconds(0)
  var agent = Agent()
  var broker = Broker()
  var notifier: Notifier

  init(seed: UInt64) throws {
    random = SeededGenerator(seed: seed)
    notifier = Notifier(
      engine: try .armed(
        .armedAway,
        policy: AreaPolicy(
          sirenTime: .zero,
          doors: [try .front: DoorPolicy(response: .instant, tripLimit: .max)]
        )
      ),
      door: try .front
    )
  }

  mutating func live(steps: Int, journalIsLost: Bool) {
    write(cause: .boot)
    for _ in 0..<steps {
      now = now.advanced(by: .seconds(Int.random(in: 1...40, using: &random)))
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<35:
        agent.isOpen.toggle()
        write(cause: .edge)
      case 35..<65:
        for _ in 0..<Int.random(in: 1...5, using: &random) { deliver() }
      case 65..<73: redeliver()
      case 73..<78: putBrokerBack()
      case 78..<82: broker.queue.removeAll { _ in random.chance(30) }
      case 82..<85: resubscribe()
      case 85..<95: beat(isReliable: false)
      case 95 where journalIsLost: loseJournal()
      default: restate(isReliable: false)
      }
    }
  }

  /// Nothing is lost any more, and heartbeats reconcile what was.
  mutating func settle() {
    for _ in 0..<10 {
      while !broker.queue.isEmpty { deliver() }
      beat(isReliable: true)
    }
    while !broker.queue.isEmpty { deliver() }
  }

  // MARK: The agent

  private mutating func write(cause: TransitionCause) {
    let isWild = agent.hasWildClock && random.chance(40)
    let jump: Int64 = isWild ? .random(in: -1_000_000_000...1_000_000_000, using: &random) : 0
    let transition = Transition.at(
      Int64(agent.journaled.count + 1),
      agent.isOpen ? .open : .closed,
      since: now.advanced(by: .milliseconds(jump)),
      journal: agent.journal,
      clock: isWild ? .unsynced : .synced,
      cause: cause
    )
    agent.journaled.append(transition)
    publish(transition, isReplayed: false, isReliable: false)
  }

  private mutating func loseJournal() {
    agent.journal = "j\(Int(agent.journal.dropFirst()).map { $0 + 1 } ?? 0)"
    agent.journaled = []
    write(cause: .boot)
  }

  private mutating func restate(isReliable: Bool) {
    guard let newest = agent.journaled.last else { return }
    publish(newest, isReplayed: false, isReliable: isReliable)
  }

  private mutating func beat(isReliable: Bool) {
    if notifier.record != agent.journaled.last { restate(isReliable: isReliable) }
    // A request names no journal: the agent answers out of the one that it has.
    for (_, sequence) in notifier.missing.map({ ($0.journal, $0.sequence) }) {
      guard let transition = agent.journaled.first(where: { $0.sequence == sequence }) else { continue }
      publish(transition, isReplayed: true, isReliable: isReliable)
    }
  }

  // MARK: The broker

  private mutating func publish(_ transition: Transition, isReplayed: Bool, isReliable: Bool) {
    // A broker that dies between its acknowledgement and its disk has had the message and has it no more.
    guard isReliable || !random.chance(15) else { return }
    if !isReplayed { broker.retained.append(transition) }
    broker.queue.append((transition, isReplayed))
  }

  private mutating func deliver() {
    guard !broker.queue.isEmpty else { return }
    let message = broker.queue.removeFirst()
    broker.inFlight = broker.inFlight.suffix(7) + [message]
    notifier.take(message.transition, isReplayed: message.isReplayed, now: now)
  }

  /// The connection breaks before the acknowledgements: the last messages come again, in their order.
  private mutating func redeliver() {
    broker.queue.insert(contentsOf: broker.inFlight.suffix(Int.random(in: 0...8, using: &random)), at: 0)
  }

  /// A broker restored from an old snapshot sends its old retained state to its subscribers.
  private mutating func putBrokerBack() {
    guard !broker.retained.isEmpty else { return }
    broker.retained.removeLast(Int.random(in: 0..<broker.retained.count, using: &random))
    resubscribe()
  }

  private mutating func resubscribe() {
    if let retained = broker.retained.last { broker.queue.append((retained, false)) }
  }
}

/// The least store that intake needs, and the engine of an armed area.
private struct Notifier {
  struct Missing: Hashable {
    var journal: String
    var sequence: Int64
  }

  var engine: AlarmEngine
  let door: DoorAddress
  var record: Transition?
  var rows: [Transition] = []
  var missing: Set<Missing> = []
  var alerts: [Alert] = []
  /// Alerts of what the history had before.
  var repeated: [Alert] = []

  init(engine: AlarmEngine, door: DoorAddress) {
    self.engine = engine
    self.door = door
  }

  private func holding(of transition: Transition) -> Intake.Holding {
    let same = rows.filter { $0.journal == transition.journal && $0.sequence == transition.sequence }
    if let newest = same.last { return .held(same.contains(transition) ? transition : newest) }
    if missing.contains(Missing(journal: transition.journal, sequence: transition.sequence)) {
      return .missing
    }
    let isKnown = rows.contains { $0.journal == transition.journal }
    return isKnown && transition.journal != record?.journal ? .superseded : .nothing
  }

  mutating func take(_ transition: Transition, isReplayed: Bool, now: Timestamp) {
    let holding = holding(of: transition)
    let judgement =
      isReplayed
      ? Intake.judgeReplayed(holding: holding)
      : Intake.judge(transition, record: record, holding: holding, now: now)
    switch judgement {
    case .duplicate: break
    case .transition(let manner, let isChange, let gap):
      for sequence in gap.map(Array.init) ?? [] {
        missing.insert(Missing(journal: transition.journal, sequence: sequence))
      }
      append(transition, manner, isNewest: true, isFinding: isChange, now)
    case .filledGap:
      missing.remove(Missing(journal: transition.journal, sequence: transition.sequence))
      append(transition, .replayed, isNewest: false, isFinding: true, now)
    case .baseline:
      append(transition, .baseline, isNewest: true, isFinding: true, now)
    case .journalRestarted(let isChange):
      if holding == .nothing {
        for sequence in 1..<transition.sequence {
          missing.insert(Missing(journal: transition.journal, sequence: sequence))
        }
      }
      append(transition, .restarted, isNewest: true, isFinding: isChange, now)
    }
  }

  private mutating func append(
    _ transition: Transition,
    _ manner: Intake.Manner,
    isNewest: Bool,
    isFinding: Bool,
    _ now: Timestamp
  ) {
    let wasKnown = rows.contains(transition)
    rows.append(transition)
    if isNewest { record = transition }
    guard isFinding else { return }
    let finding = AlarmEngine.Finding(
      door: door,
      transition: transition,
      manner: manner,
      past: .armedAway,
      isCurrent: isNewest
    )
    for case .raise(let alert, _) in engine.handle(finding, at: .at(now)) {
      alerts.append(alert)
      if wasKnown { repeated.append(alert) }
    }
  }
}
