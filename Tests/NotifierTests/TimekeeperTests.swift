import AlarmStore
import DoorCore
import TestSupport
import Testing

@testable import Notifier

@Suite("The timekeeper")
struct TimekeeperTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func house(area: String = "", door: String = "", lines: String = "") throws -> NotifierHouse {
    try NotifierHouse(
      path: folder.file("store.sqlite"), area: area, doors: NotifierHouse.door("front", door), lines: lines)
  }

  @Test("ends what is counted down when its time has come, and says how long until more is due")
  func countdowns() async throws {
    let house = try house()
    try await house.receive("front", .closed, 1, at: 0)
    try await house.command("ARM_AWAY", at: 10)
    #expect(try await house.pass(at: 10) == .seconds(60) + .milliseconds(1))
    #expect(try await house.state(at: 11) == .arming)
    try await house.pass(at: 70)
    #expect(try await house.state(at: 71) == .armedAway)
    try await house.receive("front", .open, 2, at: 100)
    #expect(try await house.pass(at: 110) == .seconds(20) + .milliseconds(1))
    try await house.pass(at: 130)
    #expect(try await house.state(at: 131) == .triggered)
    #expect(try await house.pass(at: 130) == .seconds(30) + .milliseconds(1), "the abort window")
    #expect(try await house.send(at: 159).isEmpty)
    try await house.pass(at: 160)
    #expect(try await house.send(at: 160) == ["opened raised"])
  }

  @Test("does what is due before what has just come")
  func order() async throws {
    let house = try house()
    try await house.receive("front", .closed, 1, at: 0)
    try await house.command(#"{"command":"ARM_AWAY","skip_delay":true}"#, at: 1)
    try await house.receive("front", .open, 2, at: 100)
    // The entry delay and the abort window were over when somebody disarmed, though nobody had looked.
    try await house.command("DISARM", at: 161)
    #expect(try await house.kinds() == [.opened, .alarmEnded])
    #expect(try await house.records().first?.standing == .told)
  }

  @Test("warns of a door that is open for too long, again as set, and says for how long it was")
  func leftOpen() async throws {
    let house = try house(door: "left_open_s = 600\nleft_open_repeat_s = 300")
    try await house.receive("front", .closed, 1, at: 0)
    try await house.receive("front", .open, 2, at: 100)
    #expect(try await house.pass(at: 100) == .seconds(600) + .milliseconds(1))
    try await house.pass(at: 699)
    #expect(try await house.send(at: 699).isEmpty)
    try await house.pass(at: 700)
    try await house.pass(at: 1_000)
    try await house.pass(at: 1_001)
    try await house.receive("front", .closed, 3, at: 1_100)
    #expect(
      try await house.send(at: 1_100) == [
        "open_too_long raised", "open_too_long reminder 1", "open_too_long resolved",
      ])
    try await house.pass(at: 9_999)
    #expect(try await house.send(at: 9_999).isEmpty)
    let record = try #require(try await house.records().first)
    let text = AlertText(settings: house.settings)
    let item = OutboxItem(
      id: 1, alert: record.alert, stage: .resolved, raised: record.raised, resolved: record.resolved)
    #expect(text.text(of: item).hasSuffix("It was open for 16 min."))
  }

  @Test("lets troubles wait for the morning")
  func quietHours() async throws {
    // The beginning is 2023-11-14T22:13:20Z.
    let quiet = try NotifierHouse(
      path: folder.file("quiet.sqlite"),
      doors: NotifierHouse.door("front", "left_open_s = 60")
        + "[quiet_hours]\nfrom = \"22:00\"\nto = \"23:00\"\n", lines: "time_zone = \"UTC\"")
    try await quiet.receive("front", .open, 1, at: 0)
    try await quiet.pass(at: 60)
    #expect(try await quiet.send(at: 60).isEmpty)
    #expect(try await quiet.send(at: 2_799).isEmpty)
    #expect(try await quiet.send(at: 2_800) == ["open_too_long raised"])
  }
}
