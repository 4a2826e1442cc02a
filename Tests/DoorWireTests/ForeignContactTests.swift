import DoorCore
import DoorWire
import TestSupport
import Testing

@Suite("A contact of others")
struct ForeignContactTests {
  private static func contact(
    _ dialect: ForeignContact.Dialect, path: [String], open: String, closed: String
  ) -> ForeignContact {
    ForeignContact(
      dialect: dialect, topic: "t", availabilityTopics: [], path: path, open: open, closed: closed)
  }

  private static let zigbee = contact(.zigbee2mqtt, path: ["contact"], open: "false", closed: "true")
  private static let esphome = contact(.esphome, path: [], open: "ON", closed: "OFF")
  private static let nested = contact(.json, path: ["a", "door"], open: "1", closed: "0")

  @Test(
    "says what its door is, and its battery where it speaks of it",
    arguments: [
      (zigbee, #"{"battery":100,"contact":true,"linkquality":54}"#, .closed, nil),
      (zigbee, #"{"contact":false,"tamper":false,"battery_low":false}"#, .open, false),
      (zigbee, #"{"contact":true,"tamper":true,"battery_low":true}"#, .fault, true),
      (zigbee, #"{"tamper":true}"#, .fault, nil),
      (zigbee, #"{"battery_low":true}"#, nil, true),
      (zigbee, #"{"update":{"state":"idle"}}"#, nil, nil),
      (esphome, "ON", .open, nil),
      (esphome, "OFF", .closed, nil),
      (nested, #"{"a":{"door":1}}"#, .open, nil),
      (nested, #"{"a":{"door":"0"},"b":[1,null,2.5]}"#, .closed, nil),
      (nested, #"{"a":5}"#, nil, nil),
    ] as [(ForeignContact, String, DoorState?, Bool?)])
  func reads(_ contact: ForeignContact, _ payload: String, _ state: DoorState?, _ isBatteryLow: Bool?) throws
  {
    #expect(
      try contact.reading(of: Array(payload.utf8))
        == ForeignContact.Reading(state: state, isBatteryLow: isBatteryLow))
  }

  @Test(
    "is not believed when it says something else",
    arguments: [
      (zigbee, "", "the payload is empty"),
      (zigbee, "true", nil),
      (zigbee, "{", notJSON),
      (zigbee, #"{"contact":"ajar"}"#, #""ajar" is neither "false" (open) nor "true" (closed)"#),
      (zigbee, #"{"contact":null}"#, "contact is null"),
      (esphome, "on", #""on" is neither "ON" (open) nor "OFF" (closed)"#),
      (nested, #"{"a":{"door":{}}}"#, "a.door is an object"),
      (nested, #"{"a":{"door":2}}"#, #""2" is neither "1" (open) nor "0" (closed)"#),
    ] as [(ForeignContact, String, String?)])
  func refuses(_ contact: ForeignContact, _ payload: String, _ reason: String?) throws {
    guard let reason else {
      #expect(try contact.reading(of: Array(payload.utf8)).state == nil)
      return
    }
    let error = #expect(throws: WireError.self) { try contact.reading(of: Array(payload.utf8)) }
    #expect(error?.description == reason)
  }

  @Test("is not read where it is too long")
  func tooLong() {
    #expect(throws: WireError.self) { try Self.zigbee.reading(of: Array(repeating: 32, count: 65_537)) }
  }

  @Test(
    "is there in both forms of zigbee2mqtt, and Tasmota's; anything else says that it is not",
    arguments: [
      ("online", true), ("Online", true), (#"{"state":"online"}"#, true), ("offline", false),
      ("Offline", false), (#"{"state":"offline"}"#, false), ("", false), ("{}", false), ("yes", false),
    ])
  func availability(_ payload: String, _ isOnline: Bool) {
    #expect(ForeignContact.isOnline(Array(payload.utf8)) == isOnline)
  }

  @Test("of random bytes does no harm", arguments: 0..<UInt64(50))
  func random(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let bytes = (0..<Int.random(in: 0...500, using: &random)).map { _ in
      UInt8.random(in: .min ... .max, using: &random)
    }
    #expect(throws: WireError.self, "seed \(seed)") { try Self.zigbee.reading(of: bytes) }
  }
}
