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
      state: .open,
      at: seconds(0),
      isLate: true,
      simulated: true,
      detail: "a detail"
    )
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
        mode: .disarmed,
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
