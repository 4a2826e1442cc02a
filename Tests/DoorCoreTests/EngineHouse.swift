import DoorCore
import Foundation

/// A house with doors of all sorts, its engine, and what that wants done: what tests of the engine tell their stories with.
struct EngineHouse {
  /// The way in and out.
  let front = Self.door("front")
  /// Behind it.
  let hall = Self.door("hall")
  /// At the back.
  let back = Self.door("back")
  /// To the shed.
  let gate = Self.door("gate")
  /// Of the strong room.
  let safe = Self.door("safe")

  var engine: AlarmEngine
  var doors: [DoorAddress: DoorState]
  var now = Moment.second(0)
  private var sequence: Int64 = 0
  /// Alerts that were raised or released, and so are told, in the order of that.
  var told: [Alert] = []
  var held: [Alert] = []
  var resolved: [Alert.Condition] = []
  var acknowledgements: [String?] = []
  var chimes: [DoorAddress] = []
  /// What the last command led to.
  var outcome: AlarmEngine.CommandOutcome?
  /// Has the memory written down and read after every input, as by a notifier that is killed then.
  var isKilledAlways = false

  init(
    mode: ArmMode? = nil, policy change: (inout AreaPolicy) -> Void = { _ in }
  ) throws {
    var policy = AreaPolicy(
      doors: [
        front: DoorPolicy(),
        hall: DoorPolicy(response: .follow, responses: [.armedNight: .ignore]),
        back: DoorPolicy(response: .instant),
        gate: DoorPolicy(response: .chime, chimesDisarmed: true),
        safe: DoorPolicy(isAlways: true),
      ])
    change(&policy)
    doors = policy.doors.mapValues { _ in .closed }
    engine = try .disarmed(policy: policy)
    if let mode { arm(mode, skipsExitDelay: true) }
  }

  private static func door(_ name: String) -> DoorAddress {
    guard let address = try? DoorAddress("hall/\(name)") else { preconditionFailure("\(name) is an id") }
    return address
  }

  // MARK: What happens

  mutating func pass(_ seconds: Int64) {
    // As the timekeeper does: at each moment at which something is due.
    let end = Moment.at(now.wall.advanced(by: .seconds(seconds)), boot: now.boot)
    while let wait = engine.wait(at: now), now.uptime.advanced(by: wait) <= end.uptime {
      now = Moment(
        wall: now.wall.advanced(by: wait), uptime: now.uptime.advanced(by: wait), boot: now.boot)
      advance()
    }
    now = Moment(
      wall: end.wall, uptime: end.uptime, boot: now.boot)
  }

  mutating func advance() {
    perform(engine.advance(doors: doors, at: now))
  }

  /// The notifier is not there for a while.
  mutating func beAway(_ seconds: Int64) {
    now = .at(now.wall.advanced(by: .seconds(seconds)), boot: now.boot)
    killed()
    engine.resume(at: now)
    advance()
  }

  /// The machine is started anew.
  mutating func restart(after seconds: Int64) {
    now = Moment(
      wall: now.wall.advanced(by: .seconds(seconds)), uptime: MonotonicTime(nanoseconds: 5_000_000_000),
      boot: now.boot + "+")
    killed()
    engine.resume(at: now)
    advance()
  }

  mutating func killed() {
    guard
      let data = try? JSONEncoder().encode(engine.memory),
      let memory = try? JSONDecoder().decode(AlarmEngine.Memory.self, from: data)
    else { preconditionFailure("the engine's memory can be written and read") }
    engine = AlarmEngine(area: engine.area, policy: engine.policy, memory: memory)
  }

  mutating func arm(
    _ mode: ArmMode = .armedAway, force: Bool = false, skipsExitDelay: Bool = false,
    bypassing: Set<DoorAddress> = []
  ) {
    let arming = AlarmEngine.Arming(
      mode, isForced: force, skipsExitDelay: skipsExitDelay, bypassing: bypassing)
    let (outcome, effects) = engine.handle(.arm(arming), by: "Ada", doors: doors, at: now)
    self.outcome = outcome
    perform(effects)
  }

  mutating func disarm() {
    let (outcome, effects) = engine.handle(.disarm, by: "Ada", doors: doors, at: now)
    self.outcome = outcome
    perform(effects)
  }

  mutating func open(_ door: DoorAddress) { set(door, .open) }
  mutating func close(_ door: DoorAddress) { set(door, .closed) }

  mutating func set(_ door: DoorAddress, _ state: DoorState) {
    doors[door] = state
    find(door, state)
  }

  /// Something becomes known of a door.
  ///
  /// - Parameter past: how the area was then; by itself as it is.
  mutating func find(
    _ door: DoorAddress, _ state: DoorState, _ manner: Intake.Manner = .live, since: Timestamp? = nil,
    past: AlarmEngine.Past? = nil, isCurrent: Bool = true
  ) {
    sequence += 1
    let now = now
    perform(
      engine.handle(
        AlarmEngine.Finding(
          door: door, transition: .at(sequence, state, since: since ?? now.wall), manner: manner,
          past: past ?? AlarmEngine.Past(state: engine.state, mode: engine.mode, disarmed: nil),
          isCurrent: isCurrent),
        at: now))
  }

  mutating func perform(_ effects: [AlarmEngine.Effect]) {
    for effect in effects {
      switch effect {
      case .raise(let alert, true): held.append(alert)
      case .raise(let alert, false): told.append(alert)
      case .releaseHeld:
        told += held
        held = []
      case .withdrawHeld: held = []
      case .resolve(let condition): resolved.append(condition)
      case .acknowledge(let person): acknowledgements.append(person)
      case .chime(let door): chimes.append(door)
      }
    }
    if isKilledAlways { killed() }
  }

  // MARK: What is seen

  var state: AreaState { engine.state }
  var kinds: [Alert.Kind] { told.map(\.kind) }
  var toldDoors: [DoorAddress] {
    told.compactMap { if case .door(let door) = $0.subject { door } else { nil } }
  }
}
