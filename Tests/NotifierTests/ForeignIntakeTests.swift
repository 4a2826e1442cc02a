import AlarmStore
import DoorCore
import Logging
import MQTTProtocol
import NIOCore
import TestSupport
import Testing

@testable import Notifier

@Suite("The intake of contacts of others")
struct ForeignIntakeTests {
  private let folder: TemporaryFolder
  private let house: NotifierHouse

  init() throws {
    folder = try TemporaryFolder()
    house = try NotifierHouse(
      path: folder.file("store.sqlite"), area: "exit_delay_s = 0",
      doors: NotifierHouse.door("front", "response = \"instant\"") + """
        [door.source]
        type = "esphome"
        topic = "porch/binary_sensor/door/state"
        silent_after_s = 3600

        """)
  }

  private func intake() -> ForeignIntake {
    ForeignIntake(
      settings: house.settings, store: house.store,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  private static let state = "porch/binary_sensor/door/state"
  private static let status = "porch/status"

  private func say(_ intake: ForeignIntake, _ messages: (String, String)..., at second: Int64) async throws {
    _ = try await intake.take(
      messages.map {
        ReceivedMessage(topic: $0, payload: ByteBuffer(string: $1), qualityOfService: .atLeastOnce)
      }, now: NotifierHouse.moment(second))
  }

  private func history() async throws -> [DoorState] {
    try await house.store.transact {
      try $0.history(of: try DoorAddress("hall/front")).map(\.transition.state)
    }
  }

  @Test("subscribes to the states and to whether the contacts are there")
  func topics() {
    #expect(intake().topics == [Self.state, Self.status])
  }

  @Test("takes changes for transitions, in their order, and what is said again for nothing")
  func changes() async throws {
    let intake = intake()
    try await say(intake, (Self.status, "online"), (Self.state, "OFF"), at: 0)
    try await say(intake, (Self.state, "OFF"), at: 1)
    try await say(intake, (Self.state, "ON"), (Self.state, "OFF"), (Self.state, "ON"), at: 2)
    #expect(try await history() == [.closed, .open, .closed, .open])
  }

  @Test("does not take a retained state for the contact's after a restart while that is offline")
  func restart() async throws {
    try await say(intake(), (Self.status, "online"), (Self.state, "OFF"), (Self.status, "offline"), at: 0)
    #expect(try await history() == [.closed, .unknown])
    let next = intake()
    try await say(next, (Self.state, "OFF"), (Self.status, "offline"), at: 10)
    #expect(try await history() == [.closed, .unknown], "nothing has changed")
    try await say(next, (Self.status, "online"), (Self.state, "ON"), at: 20)
    #expect(try await history().last == .open)
  }

  @Test("does not know the state of one that says what makes no sense")
  func nonsense() async throws {
    let intake = intake()
    try await say(intake, (Self.state, "OFF"), (Self.state, "ajar"), at: 0)
    #expect(try await history() == [.closed, .unknown])
  }

  @Test("does not know the state of one that is silent for too long, once, until it speaks again")
  func silence() async throws {
    let intake = intake()
    try await say(intake, (Self.state, "OFF"), at: 0)
    func later(_ seconds: Int64) -> MonotonicTime { MonotonicTime.now.advanced(by: .seconds(seconds)) }
    _ = try await intake.noteSilence(at: NotifierHouse.moment(3_000), uptime: later(3_000))
    #expect(try await history() == [.closed])
    for second in [3_700, 3_800] as [Int64] {
      _ = try await intake.noteSilence(at: NotifierHouse.moment(second), uptime: later(second))
    }
    #expect(try await history() == [.closed, .unknown])
    #expect(try await house.kinds() == [.doorFault])
    try await say(intake, (Self.state, "OFF"), at: 4_000)
    #expect(try await history() == [.closed, .unknown, .closed])
    #expect(try await house.records().first?.resolved != nil)
  }

  @Test("is an alarm when it opens while armed")
  func alarm() async throws {
    let intake = intake()
    try await say(intake, (Self.status, "online"), (Self.state, "OFF"), at: 0)
    try await house.command("ARM_AWAY", at: 1)
    try await say(intake, (Self.state, "ON"), at: 2)
    #expect(try await house.kinds() == [.opened])
    #expect(try await house.state(at: 3) == .triggered)
  }
}
