import DoorCore
import DoorWire
import TestSupport
import Testing

@Suite("An area's messages")
struct AreaMessagesTests {
  @Test("state the area in Home Assistant's words")
  func state() throws {
    let message = AreaMessage(state: .triggered, mode: .armedAway, since: Timestamp(milliseconds: 1_000))
    #expect(
      String(decoding: message.encoded(), as: UTF8.self)
        == #"{"bypassed":[],"mode":"armed_away","since":"1970-01-01T00:00:01.000Z","state":"triggered","v":1}"#
    )
    #expect(try AreaMessage(decoding: message.encoded()) == message)
  }

  @Test("state what is counted down, who has commanded and what is bypassed")
  func wholeState() throws {
    let message = AreaMessage(
      state: .arming, mode: .armedNight, since: Timestamp(milliseconds: 1_000),
      until: Timestamp(milliseconds: 61_000), changedBy: "Ada", bypassed: [try DoorAddress("hall/back")])
    #expect(
      String(decoding: message.encoded(), as: UTF8.self)
        == #"{"bypassed":["hall/back"],"changed_by":"Ada","mode":"armed_night","#
        + #""since":"1970-01-01T00:00:01.000Z","state":"arming","until":"1970-01-01T00:01:01.000Z","v":1}"#
    )
    #expect(try AreaMessage(decoding: message.encoded()) == message)
  }

  @Test("are read as an older notifier writes them")
  func older() throws {
    let text = #"{"v":1,"state":"disarmed","mode":"disarmed","since":"1970-01-01T00:00:01Z"}"#
    let message = try AreaMessage(decoding: Array(text.utf8))
    #expect(message == AreaMessage(state: .disarmed, mode: nil, since: Timestamp(milliseconds: 1_000)))
  }

  @Test(
    "refuse a state with a faulty field and say which",
    arguments: [
      (
        #"{"v":1,"state":"disarmed","mode":"off","since":"1970-01-01T00:00:01Z"}"#,
        #"mode is "off"; it can be armed_home, armed_away, armed_night, armed_vacation, armed_custom_bypass"#
      ),
      (
        #"{"v":1,"state":"off","mode":"disarmed","since":"1970-01-01T00:00:01Z"}"#,
        #"state is "off"; it can be disarmed, armed_home, armed_away, armed_night, armed_vacation, "#
          + "armed_custom_bypass, arming, pending, triggered"
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
    #expect(
      error?.description
        == #"event is "party"; it can be accepted, refused, alert, resolved, acknowledged, undelivered, chime"#
    )
  }

  @Test("of random bytes are refused and do no harm", arguments: 0..<UInt64(50))
  func random(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let bytes = (0..<Int.random(in: 0...500, using: &random)).map { _ in
      UInt8.random(in: .min ... .max, using: &random)
    }
    #expect(throws: WireError.self, "seed \(seed)") { try AreaMessage(decoding: bytes) }
    #expect(throws: WireError.self, "seed \(seed)") { try AreaEvent(decoding: bytes) }
  }
}
