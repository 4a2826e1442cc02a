import AlarmStore
import DoorCore

/// The engines of the areas within one transaction: each is read when it is first needed, brought to the present, and
/// kept as soon as it changes; what it wants done is done in the store and noted for those who tell of it.
struct AreaSession {
  let settings: NotifierSettings
  let now: Moment
  var outcome = Outcome()
  /// From where the command came that is obeyed; nil where none is.
  var source: String?
  private var engines: [Identifier: AlarmEngine] = [:]
  private let routing: AlertRouting
  /// The conditions that alerts stand for, of all areas; nil before they are needed.
  private var standing: Set<Alert.Condition>?

  init(settings: NotifierSettings, now: Moment) {
    self.settings = settings
    self.now = now
    routing = settings.routing(at: now.wall)
  }

  /// Lets an area's engine decide, and performs what it decides. An area that the settings do not have decides nothing.
  mutating func decide(
    _ area: Identifier, _ store: borrowing StoreTransaction,
    _ body: (inout AlarmEngine) throws -> [AlarmEngine.Effect]
  ) throws {
    guard var engine = try engine(of: area, store) else { return }
    let before = engine
    // What is due is due before what has just come.
    var effects: [AlarmEngine.Effect] = []
    if engine.wait(at: now).map({ $0 <= .zero }) == true {
      effects = engine.advance(doors: try doors(of: area, store), at: now)
    }
    effects += try body(&engine)
    try keep(engine, before: before, store)
    for effect in effects { try perform(effect, in: area, store) }
  }

  /// Writes a transition into the history, and lets the engine of its door's area decide about it where it is a finding.
  mutating func append(
    _ transition: Transition, of door: DoorAddress, _ manner: Intake.Manner, isNewest: Bool, isFinding: Bool,
    _ store: borrowing StoreTransaction
  ) throws {
    let area = settings.doors[door]?.area
    // Without a clock to trust, the time of arrival is the best that is known.
    let happened = transition.clock == .synced ? transition.since : now.wall
    var past: AlarmEngine.Past?
    if let area { past = try self.past(of: area, at: happened, store) }
    try store.append(
      transition, of: door, manner: manner, area: past?.state, received: now.wall, isNewest: isNewest)
    guard isFinding, let area, let past else { return }
    if isNewest { try watchOpening(of: door, to: transition, since: happened, store) }
    let finding = AlarmEngine.Finding(
      door: door, transition: transition, manner: manner, past: past, isCurrent: isNewest)
    try decide(area, store) { [now] in $0.handle(finding, at: now) }
  }

  /// A door that may not be open for ever is watched from its opening to its closing.
  private mutating func watchOpening(
    of door: DoorAddress, to transition: Transition, since: Timestamp, _ store: borrowing StoreTransaction
  ) throws {
    guard let limit = settings.doors[door]?.openLimit else { return }
    let watch = OpenDoorWatch(
      cause: "\(door)/\(transition.journal)/\(transition.sequence)", since: since, limit: limit, at: now)
    try store.setOpenDoorWatch(transition.state == .open ? watch : nil, of: door)
    outcome.hasNewDeadlines = true
  }

  /// The state of every door of an area. While the broker is gone nothing is known of any.
  mutating func doors(
    of area: Identifier, _ store: borrowing StoreTransaction
  ) throws -> [DoorAddress: DoorState] {
    let isBrokerGone = try standingConditions(store).contains(.brokerGone)
    var states: [DoorAddress: DoorState] = [:]
    for door in settings.areas[area]?.policy.doors.keys ?? [:].keys {
      states[door] = isBrokerGone ? .unknown : try store.state(of: door)
    }
    return states
  }

  /// The engine of an area as it is; nil where the settings do not have the area.
  mutating func engine(of area: Identifier, _ store: borrowing StoreTransaction) throws -> AlarmEngine? {
    if let engine = engines[area] { return engine }
    guard let policy = settings.areas[area]?.policy else { return nil }
    let before = AlarmEngine(
      area: area, policy: policy, memory: try store.memory(of: area, now: now.wall))
    var engine = before
    engine.resume(at: now)
    try keep(engine, before: before, store)
    return engine
  }

  /// How an area was at a time.
  mutating func past(
    of area: Identifier, at time: Timestamp, _ store: borrowing StoreTransaction
  ) throws -> AlarmEngine.Past {
    // Mostly nothing has changed since.
    if let engine = try engine(of: area, store), engine.memory.since <= time {
      return AlarmEngine.Past(
        state: engine.state, mode: engine.mode, disarmed: nil, bypassed: Set(engine.memory.bypassed.keys))
    }
    return try store.past(of: area, at: time)
  }

  private mutating func keep(
    _ engine: AlarmEngine, before: AlarmEngine, _ store: borrowing StoreTransaction
  ) throws {
    engines[engine.area] = engine
    guard engine.memory != before.memory else { return }
    try store.save(engine, before: before)
    outcome.areas.insert(engine.area)
  }

  private mutating func perform(
    _ effect: AlarmEngine.Effect, in area: Identifier, _ store: borrowing StoreTransaction
  ) throws {
    switch effect {
    case .raise(var alert, let isHeld):
      alert.circumstances = try circumstances(of: alert, store)
      if let condition = alert.condition { standing?.insert(condition) }
      if try store.raise(alert, isHeld: isHeld, routing: routing, now: now.wall), !isHeld {
        outcome.told.append(ToldAlert(alert: alert, stage: .raised))
      }
    case .releaseHeld:
      outcome.told += try store.releaseHeld(of: area, routing: routing, now: now.wall)
        .map { ToldAlert(alert: $0, stage: .raised) }
    case .withdrawHeld:
      try store.withdrawHeld(of: area)
    case .resolve(let condition):
      // Mostly nothing stands for it.
      guard try standingConditions(store).contains(condition) else { return }
      if condition == .brokerGone { standing = nil }
      outcome.told += try store.resolve(condition, in: area, routing: routing, now: now.wall)
        .map { ToldAlert(alert: $0, stage: .resolved) }
    case .acknowledge(let person):
      try store.acknowledge(area: area, by: person, from: source, now: now.wall)
    case .chime(let door):
      outcome.chimes.append((area, door))
    }
  }

  /// How it is around.
  private mutating func circumstances(
    of alert: Alert, _ store: borrowing StoreTransaction
  ) throws -> Alert.Circumstances? {
    guard let engine = try engine(of: alert.area, store) else { return nil }
    let open = try doors(of: alert.area, store).filter { $0.value == .open && alert.subject != .door($0.key) }
    return Alert.Circumstances(
      mode: engine.mode, since: engine.memory.armedSince ?? engine.memory.since,
      changedBy: engine.memory.changedBy, open: open.keys.sorted().prefix(Self.listLimit).map { $0 })
  }

  /// No message lists more doors.
  private static let listLimit = 20

  private mutating func standingConditions(_ store: borrowing StoreTransaction) throws -> Set<Alert.Condition>
  {
    if let standing { return standing }
    let conditions = try store.standingConditions()
    standing = conditions
    return conditions
  }

  /// Warns of a door that is open for too long: the first time it is an alert, then a reminder of it.
  mutating func warn(
    of door: DoorAddress, in area: Identifier, _ watch: OpenDoorWatch, number: Int,
    _ store: borrowing StoreTransaction
  ) throws {
    guard number > 1 else { return try decide(area, store) { [now] in $0.openTooLong(door, watch, at: now) } }
    let alert = try store.remind(of: watch.alert, number: number - 1, routing: routing, now: now.wall)
    if let alert { outcome.told.append(ToldAlert(alert: alert, stage: .reminder(number - 1))) }
  }

  /// A condition that no engine knows of is over.
  mutating func resolve(
    _ condition: Alert.Condition, in area: Identifier, _ store: borrowing StoreTransaction
  ) throws {
    try perform(.resolve(condition), in: area, store)
  }

  /// Raises an alert that no engine has to decide about.
  mutating func raise(_ alert: Alert, _ store: borrowing StoreTransaction) throws {
    try perform(.raise(alert, isHeld: false), in: alert.area, store)
  }
}
