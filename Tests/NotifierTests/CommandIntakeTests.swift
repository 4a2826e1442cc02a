import AlarmStore
import DoorCore
import DoorWire
import TestSupport
import Testing

@testable import Notifier

@Suite("The intake of commands")
struct CommandIntakeTests {
  private let folder: TemporaryFolder
  /// The code 0123.
  private static let hash = "$7$CU..../....salt0salt0salt$9NTcPqr964uhbZ8GU.ktizfagcNK/Zw1gg.gOwV5xE7"

  init() throws {
    folder = try TemporaryFolder()
  }

  private func house(area: String = "", users: String = "") async throws -> NotifierHouse {
    let house = try NotifierHouse(
      path: folder.file("store.sqlite"), area: "exit_delay_s = 0\n" + area,
      doors: NotifierHouse.door("front") + users)
    try await house.receive("front", .closed, 1, at: 0)
    return house
  }

  private static func user(_ name: String, _ lines: String = "") -> String {
    "[[user]]\nname = \"\(name)\"\ncode_hash = \"\(hash)\"\n\(lines)\n"
  }

  private func text(_ house: NotifierHouse, _ command: String, at second: Int64) async throws -> String? {
    try await house.command(command, at: second)?.event.text
  }

  @Test("obeys, answers and writes down")
  func obeys() async throws {
    let house = try await house()
    let answer = try await house.command(#"{"command":"arm_away","id":"7f","source":"keypad"}"#, at: 5)
    #expect(answer?.event.id == "7f")
    #expect(answer?.event.kind == .accepted)
    #expect(answer?.event.text == "Home is armed_away")
    #expect(answer?.outcome.areas.map(\.description) == ["home"])
    #expect(try await text(house, "ARM_AWAY", at: 6) == "Home is armed_away already")
    #expect(try await text(house, "ACKNOWLEDGE", at: 7) == "the alerts of Home are acknowledged")
    #expect(try await text(house, "DISARM", at: 8) == "Home is disarmed")
    let commands = try await house.store.transact { try $0.commands(limit: 9) }
    #expect(commands.map(\.outcome) == ["done", "done", "unchanged", "done"])
    #expect(commands.last?.source == "keypad")
    #expect(commands.first?.source == "MQTT")
    #expect(commands.allSatisfy { $0.person == nil })
  }

  @Test("refuses with the reason: a door that is open, an alarm under way, a door that is not there")
  func refuses() async throws {
    let house = try await house()
    try await house.receive("front", .open, 2, at: 1)
    #expect(
      try await text(house, "ARM_AWAY", at: 2)
        == "Home is not armed: front is open; close what is open, or force it")
    #expect(
      try await text(house, #"{"command":"arm_away","bypass":["hall/cellar"]}"#, at: 3)
        == "Home is not armed: it has no door hall/cellar")
    #expect(
      try await text(house, #"{"command":"arm_away","force":true}"#, at: 4)
        == "Home is armed_away, without front")
    try await house.receive("front", .closed, 3, at: 5)
    try await house.receive("front", .open, 4, at: 6)
    #expect(
      try await text(house, "ARM_NIGHT", at: 7) == "Home is not armed: an alarm is under way; disarm it first"
    )
    let answer = try await house.command("PARTY", at: 8)
    #expect(answer?.event.kind == .refused)
    #expect(answer?.event.text.hasPrefix("Home: \"PARTY\" is no command") == true)
  }

  @Test("ignores retained commands")
  func retained() async throws {
    let house = try await house()
    #expect(try await house.command("ARM_AWAY", at: 5, isRetained: true) == nil)
    #expect(try await house.state(at: 6) == .disarmed)
  }

  @Test("asks for a code where there are people: for disarming always, for arming as set")
  func codes() async throws {
    let house = try await house(users: Self.user("Ada"))
    #expect(try await text(house, "ARM_AWAY", at: 1) == "Home is armed_away")
    #expect(try await text(house, "DISARM", at: 2) == "Home: it takes a code")
    #expect(try await text(house, "ACKNOWLEDGE", at: 3) == "Home: it takes a code")
    #expect(try await text(house, #"{"command":"DISARM","code":"0123"}"#, at: 4) == "Home is disarmed")
    let strict = try NotifierHouse(
      path: folder.file("strict.sqlite"), area: "code_to_arm = true",
      doors: NotifierHouse.door("front") + Self.user("Ada"))
    #expect(try await text(strict, "ARM_AWAY", at: 1) == "Home: it takes a code")
  }

  @Test("asks for a code also where arming would open what is armed, or leave a door out")
  func codesForArming() async throws {
    let house = try await house(users: Self.user("Ada"))
    #expect(
      try await text(house, #"{"command":"ARM_AWAY","force":true}"#, at: 1) == "Home: it takes a code")
    #expect(
      try await text(house, #"{"command":"ARM_AWAY","bypass":["hall/front"]}"#, at: 1)
        == "Home: it takes a code")
    #expect(try await text(house, "ARM_AWAY", at: 1) == "Home is armed_away")
    #expect(try await text(house, "ARM_VACATION", at: 2) == "Home: it takes a code")
  }

  @Test("does not arm while the broker is gone: nothing is known of any door")
  func brokerGone() async throws {
    let house = try await house()
    let settings = house.settings
    func decide(_ body: @escaping @Sendable (inout AlarmEngine) -> [AlarmEngine.Effect]) async throws {
      try await house.store.transact { store in
        var session = AreaSession(settings: settings, now: NotifierHouse.moment(5))
        try session.decide(try Identifier("home"), store, body)
      }
    }
    try await decide { $0.brokerGone(why: "x", at: NotifierHouse.moment(5)) }
    #expect(try await text(house, "ARM_AWAY", at: 6)?.contains("front is unknown") == true)
    try await decide { $0.brokerBack() }
    #expect(try await text(house, "ARM_AWAY", at: 7) == "Home is armed_away")
  }

  @Test("knows who it is, and what they may")
  func rights() async throws {
    let house = try await house(users: Self.user("Guest", "rights = [\"arm\"]"))
    #expect(try await text(house, #"{"command":"ARM_AWAY","code":"0123"}"#, at: 1) == "Home is armed_away")
    #expect(
      try await text(house, #"{"command":"DISARM","code":"0123"}"#, at: 2) == "Home: Guest has no right to")
    #expect(try await house.state(at: 3) == .armedAway)
  }

  @Test("lets wrong codes wait, locks out after five, and tells of it; a right one begins anew")
  func lockout() async throws {
    let house = try await house(users: Self.user("Ada"))
    func attempt(_ code: String, at second: Int64) async throws -> String? {
      try await text(house, #"{"command":"DISARM","code":"\#(code)"}"#, at: second)
    }
    #expect(try await attempt("123", at: 100) == "Home: the code is wrong")
    #expect(try await attempt("0123", at: 100) == "Home: no code is looked at for another 2 s")
    #expect(try await attempt("0123", at: 101) == "Home is disarmed already", "and the count begins anew")
    for (number, second) in [200, 201, 203, 207].enumerated() {
      #expect(try await attempt("\(number)", at: Int64(second)) == "Home: the code is wrong")
    }
    #expect(try await house.kinds().isEmpty)
    #expect(try await attempt("9", at: 215) == "Home: the code is wrong; no code is looked at for a while")
    #expect(try await house.kinds() == [.wrongCodes])
    #expect(try await attempt("0123", at: 514) == "Home: no code is looked at for another 2 s")
    #expect(try await attempt("0123", at: 515) == "Home is disarmed already")
  }

  @Test("obeys somebody who is forced as ever, and an alarm goes out that nobody sees on the spot")
  func duress() async throws {
    let house = try await house(users: Self.user("Ada", "duress = true"))
    try await house.command("ARM_AWAY", at: 1)
    let answer = try #require(try await house.command(#"{"command":"DISARM","code":"0123"}"#, at: 2))
    #expect(answer.event.text == "Home is disarmed")
    #expect(answer.event.kind == .accepted)
    #expect(try await house.kinds() == [.duress])
    #expect(try await house.records().first?.acknowledged == nil)
    #expect(try await house.send(at: 3) == ["duress raised"])
  }

  @Test("writes down who has acknowledged, and from where")
  func acknowledged() async throws {
    let house = try await house(users: Self.user("Ada"))
    try await house.command("ARM_AWAY", at: 1)
    try await house.receive("front", .open, 2, at: 2)
    try await house.pass(at: 100)
    try await house.command(
      #"{"command":"ACKNOWLEDGE","code":"0123","source":"keypad in the hall"}"#, at: 200)
    let record = try #require(try await house.records().first { $0.alert.kind == .opened })
    #expect(record.acknowledgedBy == "Ada")
    #expect(record.acknowledgedFrom == "keypad in the hall")
  }
}
