import AlarmStore
import DoorCore
import TestSupport
import Testing

@testable import Notifier

/// The beginning of these tests' time is a Tuesday, 2023-11-14T22:13:20Z; 23:00 is 2,800 seconds later.
@Suite("Schedules")
struct ScheduleKeepingTests {
  private let folder: TemporaryFolder
  private static let day: Int64 = 86_400

  init() throws {
    folder = try TemporaryFolder()
  }

  private func house(_ schedules: String) throws -> NotifierHouse {
    try NotifierHouse(
      path: folder.file("store.sqlite"), doors: NotifierHouse.door("front") + schedules,
      lines: "time_zone = \"UTC\"")
  }

  private static func schedule(_ time: String, _ action: String, _ more: String = "") -> String {
    "[[schedule]]\narea = \"home\"\nat = \"\(time)\"\naction = \"\(action)\"\n\(more)\n"
  }

  private static let night = schedule("23:00", "arm_night") + schedule("06:00", "disarm")

  @Test("arm and disarm at their times, without an exit delay")
  func times() async throws {
    let house = try house(Self.night)
    try await house.receive("front", .closed, 1, at: 0)
    #expect(try await house.pass(at: 0) == .seconds(2_800) + .milliseconds(1))
    try await house.pass(at: 2_799)
    #expect(try await house.state(at: 2_799) == .disarmed)
    try await house.pass(at: 2_800)
    #expect(try await house.state(at: 2_801) == .armedNight)
    try await house.pass(at: 2_800 + 7 * 3_600)
    #expect(try await house.state(at: 2_801 + 7 * 3_600) == .disarmed)
    let commands = try await house.store.transact { try $0.commands(limit: 9) }
    #expect(commands.map(\.command) == ["disarm", "arm_night"])
    #expect(commands.map(\.person) == ["the schedule", "the schedule"])
  }

  @Test("make up for what was missed, the last of it")
  func missed() async throws {
    let house = try house(Self.night)
    try await house.receive("front", .closed, 1, at: 0)
    try await house.pass(at: 0)
    try await house.pass(at: 2_800 + 3_600)
    #expect(try await house.state(at: 6_401) == .armedNight, "an hour late")
    try await house.command("DISARM", at: 6_500)
    try await house.pass(at: 3 * Self.day + 3_600)
    let commands = try await house.store.transact { try $0.commands(limit: 9) }
    #expect(commands.map(\.command) == ["arm_night", "disarm", "arm_night"], "the last of six")
  }

  @Test("do nothing twice when the clock is put back")
  func clockPutBack() async throws {
    let house = try house(Self.night)
    try await house.receive("front", .closed, 1, at: 0)
    try await house.pass(at: 0)
    try await house.pass(at: 2_800)
    try await house.command("DISARM", at: 2_900)
    try await house.pass(at: 2_000)
    try await house.pass(at: 2_800)
    #expect(try await house.state(at: 2_900) == .disarmed)
  }

  @Test("go on where the clock was wrong by years")
  func wrongClock() async throws {
    let house = try house(Self.night)
    try await house.receive("front", .closed, 1, at: 0)
    try await house.pass(at: 0)
    try await house.pass(at: 1_000 * Self.day)
    try await house.command("DISARM", at: 1_000 * Self.day)
    try await house.pass(at: 100)
    try await house.pass(at: 2_800)
    #expect(try await house.state(at: 2_801) == .armedNight)
  }

  @Test("that are new begin with their next time")
  func new() async throws {
    let house = try house(Self.schedule("22:00", "arm_away"))
    try await house.receive("front", .closed, 1, at: 0)
    try await house.pass(at: 0)
    try await house.pass(at: 100)
    #expect(try await house.state(at: 100) == .disarmed)
  }

  @Test("tell where they cannot arm, with the door; forced they do, without it")
  func open() async throws {
    let open = try house(Self.night)
    try await open.receive("front", .open, 1, at: 0)
    try await open.pass(at: 0)
    try await open.pass(at: 2_800)
    #expect(try await open.state(at: 2_801) == .disarmed)
    let alert = try #require(try await open.records().first?.alert)
    #expect(alert.kind == .scheduleFailed)
    #expect(alert.detail == "front is open; close what is open, or force it")

    let forced = try NotifierHouse(
      path: folder.file("forced.sqlite"),
      doors: NotifierHouse.door("front") + Self.schedule("23:00", "arm_night", "force = true"),
      lines: "time_zone = \"UTC\"")
    try await forced.receive("front", .open, 1, at: 0)
    try await forced.pass(at: 0)
    try await forced.pass(at: 2_800)
    #expect(try await forced.state(at: 2_801) == .armedNight)
  }

  @Test("do not end an alarm that is under way, nor acknowledge any: that is a person's to do")
  func alarm() async throws {
    let house = try NotifierHouse(
      path: folder.file("alarm.sqlite"), area: "siren_s = 3600",
      doors: NotifierHouse.door("front", "response = \"instant\"") + Self.schedule("23:00", "disarm")
        + Self.schedule("23:30", "disarm"),
      lines: "time_zone = \"UTC\"")
    try await house.receive("front", .closed, 1, at: 0)
    try await house.command(#"{"command":"ARM_AWAY","skip_delay":true}"#, at: 1)
    try await house.pass(at: 2)
    try await house.receive("front", .open, 2, at: 1_000)
    try await house.pass(at: 2_800)
    #expect(try await house.state(at: 2_801) == .triggered)
    #expect(try await house.kinds() == [.opened, .scheduleFailed])
    #expect(try await house.records().last?.alert.detail == "an alarm is under way; disarm it first")
    // The siren is over at 4,600, as is the next schedule.
    try await house.receive("front", .closed, 3, at: 4_000)
    try await house.pass(at: 4_700)
    #expect(try await house.records().first?.acknowledged == nil)
  }

  @Test("are on their days only")
  func days() async throws {
    let house = try house(Self.schedule("23:00", "arm_night", "days = [\"wed\"]"))
    try await house.receive("front", .closed, 1, at: 0)
    try await house.pass(at: 0)
    try await house.pass(at: 2_800)
    #expect(try await house.state(at: 2_801) == .disarmed, "Tuesday")
    try await house.pass(at: 2_800 + Self.day)
    #expect(try await house.state(at: 2_801 + Self.day) == .armedNight)
  }
}
