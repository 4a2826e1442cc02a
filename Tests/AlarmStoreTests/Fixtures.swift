import AlarmStore
import DoorCore
import TestSupport
import Testing

func seconds(_ count: Int64) -> Timestamp {
  Timestamp(milliseconds: 1_700_000_000_000 + count * 1_000)
}

extension Transition {
  static func at(
    _ sequence: Int64,
    _ state: DoorState = .open,
    since: Timestamp = seconds(0),
    journal: String = "j1",
    clock: ClockQuality = .synced
  ) -> Transition {
    Transition(
      state: state,
      since: since,
      journal: journal,
      sequence: sequence,
      boot: "9f3c51d2",
      uptimeMilliseconds: 734_112,
      clock: clock,
      cause: .edge
    )
  }
}

/// A store in a folder of its own, and one door.
struct House: Sendable {
  let folder: TemporaryFolder
  let store: AlarmStore
  let front: DoorAddress
  let back: DoorAddress
  let area: Identifier

  init() throws {
    folder = try TemporaryFolder()
    store = try AlarmStore(path: folder.file("store.sqlite"))
    front = try DoorAddress("hall/front")
    back = try DoorAddress("hall/back")
    area = try Identifier("house")
  }

  func alert(_ id: String = "1", _ severity: Alert.Severity = .alarm) -> Alert {
    Alert(
      id: id,
      severity: severity,
      kind: .opened,
      area: area,
      subject: .door(front),
      condition: .open(front),
      state: .open,
      at: seconds(0),
      isLate: true,
      simulated: true,
      detail: "a detail"
    )
  }

  /// The engine of the area, with both doors.
  func engine(_ store: borrowing StoreTransaction, now: Timestamp) throws -> AlarmEngine {
    let policy = AreaPolicy(exitDelay: .zero, doors: [front: DoorPolicy(), back: DoorPolicy()])
    return AlarmEngine(area: area, policy: policy, memory: try store.memory(of: area, now: now))
  }

  /// Commands the area as the notifier does.
  func command(
    _ command: AlarmEngine.Command, _ store: borrowing StoreTransaction, now: Timestamp
  ) throws {
    let before = try engine(store, now: now)
    var engine = before
    let moment = Moment(
      wall: now, uptime: MonotonicTime(nanoseconds: now.milliseconds * 1_000_000), boot: "run")
    let doors: [DoorAddress: DoorState] = [front: .closed, back: .closed]
    #expect(engine.handle(command, by: "Ada", doors: doors, at: moment).outcome == .changed)
    try store.save(engine, before: before)
  }

  var path: String { folder.file("store.sqlite") }

  /// Writes a transition as intake does.
  func append(
    _ transition: Transition,
    _ manner: Intake.Manner = .live,
    isNewest: Bool = true,
    at received: Timestamp = seconds(9)
  ) async throws {
    try await store.transact { [front] in
      try $0.append(
        transition,
        of: front,
        manner: manner,
        area: .disarmed,
        received: received,
        isNewest: isNewest
      )
    }
  }
}

/// As `#expect(value == expected)`, which cannot hold the store of a transaction in the closures that it makes.
func expect<Value: Equatable>(
  _ value: Value,
  is expected: Value,
  _ comment: Comment? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(value == expected, comment, sourceLocation: sourceLocation)
}

extension AlarmEngine.Command {
  static let armAway = AlarmEngine.Command.arm(AlarmEngine.Arming(.armedAway))
}

/// How a try ended.
func receipt(_ answer: String, _ time: Timestamp) -> DeliveryReceipt {
  DeliveryReceipt(answer: answer, at: time, duration: .milliseconds(20))
}

extension OutboxStand {
  /// The message; fails where there is none.
  func message(sourceLocation: SourceLocation = #_sourceLocation) throws -> OutboxMessage {
    let message: OutboxMessage? = if case .message(let message) = self { message } else { nil }
    return try #require(message, "nothing is due: \(self)", sourceLocation: sourceLocation)
  }
}

extension Alert {
  /// One that is told of its end, and not counted with others however many come.
  static func openTooLong(_ id: String, in house: House) -> Alert {
    Alert(
      id: id, severity: .trouble, kind: .openTooLong, area: house.area, subject: .door(house.front),
      condition: Condition("open \(id)"), state: .open, at: seconds(0))
  }
}
