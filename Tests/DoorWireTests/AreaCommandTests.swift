import DoorCore
import DoorWire
import TestSupport
import Testing

@Suite("A command to an area")
struct AreaCommandTests {
  private static let back = try? DoorAddress("hall/back")

  private static func arm(
    _ mode: ArmMode, force: Bool = false, skip: Bool = false, bypass: Set<DoorAddress> = []
  ) -> AlarmEngine.Command {
    .arm(AlarmEngine.Arming(mode, isForced: force, skipsExitDelay: skip, bypassing: bypass))
  }

  private func refusal(_ text: String) -> String? {
    #expect(throws: WireError.self) { try AreaCommand(decoding: Array(text.utf8)) }?.description
  }

  @Test(
    "is a bare word of Home Assistant's, or JSON as its templates and Alarmo have it",
    arguments: [
      ("ARM_AWAY", arm(.armedAway)),
      ("arm_away", arm(.armedAway)),
      ("ARM_HOME", arm(.armedHome)),
      ("ARM_NIGHT", arm(.armedNight)),
      ("ARM_VACATION", arm(.armedVacation)),
      ("ARM_CUSTOM_BYPASS", arm(.armedCustomBypass)),
      ("DISARM", .disarm),
      ("ACKNOWLEDGE", .acknowledge),
      (#"{"command":"arm_away"}"#, arm(.armedAway)),
      (#"{"action":"ARM_NIGHT","code":null}"#, arm(.armedNight)),
      (#"{"command":"ARM_AWAY","force":true}"#, arm(.armedAway, force: true)),
      (#"{"command":"arm_away","bypass_open_sensors":true}"#, arm(.armedAway, force: true)),
      (#"{"command":"arm_away","skip_delay":true}"#, arm(.armedAway, skip: true)),
      (
        #"{"command":"arm_custom_bypass","bypass":["hall/back"]}"#,
        arm(.armedCustomBypass, bypass: Set([back].compactMap { $0 }))
      ),
      (#"{"command":"disarm","keypad":"hall"}"#, .disarm),
      (#"{"command":"disarm","force":true}"#, .disarm),
    ] as [(String, AlarmEngine.Command)]
  )
  func reads(_ text: String, _ command: AlarmEngine.Command) throws {
    #expect(try AreaCommand(decoding: Array(text.utf8)) == AreaCommand(command: command))
  }

  @Test("has an id that comes back, a code whose zeros count, and from where it was given")
  func wholeCommand() throws {
    let text = #"{"command":"disarm","id":"7f","code":"0042","source":"keypad"}"#
    let command = try AreaCommand(decoding: Array(text.utf8))
    #expect(command.id == "7f")
    #expect(command.code == AccessCode("0042"))
    #expect(command.code != AccessCode("42"))
    #expect(command.source == "keypad")
    #expect(!"\(command)".contains("0042"))
    let empty = #"{"command":"arm_away","code":""}"#
    #expect(try AreaCommand(decoding: Array(empty.utf8)).code == nil, "a panel that asks for no code")
  }

  @Test(
    "is read as it was written",
    arguments: [
      arm(.armedAway), arm(.armedHome, force: true), arm(.armedNight, skip: true),
      arm(.armedCustomBypass, bypass: Set([back].compactMap { $0 })), arm(.armedVacation), .disarm,
      .acknowledge,
    ],
    ["7f", nil]
  )
  func roundTrip(_ command: AlarmEngine.Command, _ id: String?) throws {
    let message = AreaCommand(id: id, command: command, code: AccessCode("01"), source: "doorctl")
    #expect(try AreaCommand(decoding: message.encoded()) == message)
  }

  private static let words =
    "ARM_HOME, ARM_AWAY, ARM_NIGHT, ARM_VACATION, ARM_CUSTOM_BYPASS, DISARM, ACKNOWLEDGE"

  @Test(
    "is nothing else",
    arguments: [
      ("", "\"\" is no command; there are \(words)"),
      ("ARM", "\"ARM\" is no command; there are \(words)"),
      ("ARM_AWAY ", "what was sent is no command; there are \(words)"),
      ("DISARM 0042", "what was sent is no command; there are \(words)"),
      ("\u{0}", "what was sent is no command; there are \(words)"),
      (#"{"command":"panic"}"#, "\"panic\" is no command; there are \(words)"),
      (#"{"command":1}"#, "command has the wrong type"),
      (#"{"command":"disarm","id":5}"#, "id has the wrong type"),
      (#"{"command":"disarm","code":42}"#, "code has the wrong type"),
      (#"{"command":"arm_away","force":"yes"}"#, "force has the wrong type"),
      (
        #"{"command":"arm_away","bypass":["back"]}"#,
        #"bypass: "back" is no id: 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or a digit"#
      ),
      ("{}", "command is missing"),
      ("{", notJSON),
      (
        "{\"command\":\"disarm\",\"id\":\"\(String(repeating: "a", count: 65))\"}",
        "id has 64 bytes at most"
      ),
      (
        "{\"command\":\"disarm\",\"code\":\"\(String(repeating: "1", count: 65))\"}",
        "code has 1 to 64 bytes"
      ),
    ]
  )
  func refuses(_ text: String, _ reason: String) {
    #expect(refusal(text) == reason)
  }

  @Test("is not too long", arguments: [16_385, 1 << 20])
  func tooLong(_ count: Int) {
    #expect(refusal(String(repeating: "A", count: count)) == "a command has 16384 bytes at most")
  }

  @Test("of random bytes is refused and does no harm", arguments: 0..<UInt64(50))
  func random(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let bytes = (0..<Int.random(in: 0...500, using: &random)).map { _ in
      UInt8.random(in: .min ... .max, using: &random)
    }
    #expect(throws: WireError.self, "seed \(seed)") { try AreaCommand(decoding: bytes) }
  }
}
