import DoorCore
import DoorWire
import TestSupport
import Testing

@Suite("An area's messages")
struct AreaMessagesTests {
  private func refusal(_ text: String) -> String? {
    #expect(throws: WireError.self) { try AreaCommand(decoding: Array(text.utf8)) }?.description
  }

  @Test("state the area in Home Assistant's words")
  func state() throws {
    let message = AreaMessage(state: "triggered", mode: .armedAway, since: Timestamp(milliseconds: 1_000))
    #expect(
      String(decoding: message.encoded(), as: UTF8.self)
        == #"{"mode":"armed_away","since":"1970-01-01T00:00:01.000Z","state":"triggered","v":1}"#
    )
    #expect(try AreaMessage(decoding: message.encoded()) == message)
  }

  @Test(
    "refuse a state with a faulty field and say which",
    arguments: [
      (
        #"{"v":1,"state":"disarmed","mode":"off","since":"1970-01-01T00:00:01Z"}"#,
        #"mode is "off"; it can be disarmed, armed_away"#
      ),
      (
        #"{"v":1,"state":"disarmed","mode":"disarmed","since":"1"}"#,
        #"since is "1", which is no RFC 3339 time"#
      ),
      (#"{"v":1,"mode":"disarmed","since":"1"}"#, "state is missing"),
      ("", notJSON),
    ]
  )
  func faultyState(_ text: String, _ reason: String) {
    let error = #expect(throws: WireError.self) { try AreaMessage(decoding: Array(text.utf8)) }
    #expect(error?.description == reason)
  }

  @Test(
    "command with Home Assistant's bare words, or with JSON that has an id and force",
    arguments: [
      ("ARM_AWAY", nil, .arm(force: false)),
      ("arm_away", nil, .arm(force: false)),
      ("DISARM", nil, .disarm),
      (#"{"command":"arm_away"}"#, nil, .arm(force: false)),
      (#"{"command":"ARM_AWAY","force":true,"id":"7f"}"#, "7f", .arm(force: true)),
      (#"{"command":"disarm","id":"7f","keypad":"hall"}"#, "7f", .disarm),
      (#"{"command":"disarm","force":true}"#, nil, .disarm),
    ] as [(String, String?, AlarmEngine.Command)]
  )
  func command(_ text: String, _ id: String?, _ command: AlarmEngine.Command) throws {
    #expect(try AreaCommand(decoding: Array(text.utf8)) == AreaCommand(id: id, command: command))
  }

  @Test(
    "command what they were told to",
    arguments: [AlarmEngine.Command.arm(force: false), .arm(force: true), .disarm],
    ["7f", nil]
  )
  func commandRoundTrip(_ command: AlarmEngine.Command, _ id: String?) throws {
    let message = AreaCommand(id: id, command: command)
    #expect(try AreaCommand(decoding: message.encoded()) == message)
  }

  @Test(
    "refuse every other command",
    arguments: [
      ("", #""" is no command; there are ARM_AWAY and DISARM"#),
      ("ARM_HOME", #""ARM_HOME" is no command; there are ARM_AWAY and DISARM"#),
      ("ARM_AWAY ", #""ARM_AWAY " is no command; there are ARM_AWAY and DISARM"#),
      ("\u{0}", "\"\0\" is no command; there are ARM_AWAY and DISARM"),
      (#"{"command":"arm_home"}"#, #""arm_home" is no command; there are ARM_AWAY and DISARM"#),
      (#"{"command":1}"#, "command has the wrong type"),
      (#"{"command":"disarm","id":5}"#, "id has the wrong type"),
      (#"{"command":"arm_away","force":"yes"}"#, "force has the wrong type"),
      ("{}", "command is missing"),
      ("{", notJSON),
      (
        "{\"command\":\"disarm\",\"id\":\"\(String(repeating: "a", count: 65))\"}",
        "an id has 64 bytes at most"
      ),
    ]
  )
  func refuses(_ text: String, _ reason: String) {
    #expect(refusal(text) == reason)
  }

  @Test("refuse a command that is too long", arguments: [1_025, 1 << 20])
  func tooLong(_ count: Int) {
    #expect(refusal(String(repeating: "A", count: count)) == "a command has 1024 bytes at most")
    #expect(
      refusal(#"{"command":"disarm","x":""# + String(repeating: "A", count: count))
        == "a command has 1024 bytes at most"
    )
  }

  @Test("tell what happened and answer commands", arguments: AreaEvent.Kind.allCases)
  func event(_ kind: AreaEvent.Kind) throws {
    let event = AreaEvent(
      kind: kind,
      id: "7f",
      state: "armed_away",
      text: "House is armed_away",
      at: Timestamp(milliseconds: 1_000)
    )
    #expect(
      String(decoding: event.encoded(), as: UTF8.self)
        == #"{"at":"1970-01-01T00:00:01.000Z","event":"\#(kind.rawValue)","id":"7f","state":"armed_away","#
        + #""text":"House is armed_away","v":1}"#
    )
    #expect(try AreaEvent(decoding: event.encoded()) == event)
  }

  @Test("tell without an id where no command was answered")
  func eventWithoutID() throws {
    let event = AreaEvent(kind: .alert, id: nil, state: "alarm", text: "", at: Timestamp(milliseconds: 0))
    #expect(!String(decoding: event.encoded(), as: UTF8.self).contains("\"id\""))
    #expect(try AreaEvent(decoding: event.encoded()) == event)
  }

  @Test("refuse an event of an unknown kind")
  func faultyEvent() {
    let text = #"{"v":1,"event":"party","state":"x","text":"","at":"1970-01-01T00:00:01Z"}"#
    let error = #expect(throws: WireError.self) { try AreaEvent(decoding: Array(text.utf8)) }
    #expect(error?.description == #"event is "party"; it can be accepted, refused, alert"#)
  }

  @Test("of random bytes are refused and do no harm", arguments: 0..<UInt64(50))
  func random(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let bytes = (0..<Int.random(in: 0...500, using: &random)).map { _ in
      UInt8.random(in: .min ... .max, using: &random)
    }
    #expect(throws: WireError.self, "seed \(seed)") { try AreaCommand(decoding: bytes) }
    #expect(throws: WireError.self, "seed \(seed)") { try AreaMessage(decoding: bytes) }
    #expect(throws: WireError.self, "seed \(seed)") { try AreaEvent(decoding: bytes) }
  }
}
