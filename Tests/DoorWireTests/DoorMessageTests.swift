import DoorCore
import DoorWire
import Foundation
import TestSupport
import Testing

@Suite("A door's state message")
struct DoorMessageTests {
  private static let example = """
    {"v":1,"state":"open","since":"2026-11-23T01:22:03.417Z","journal":"5e1f0c77","seq":1042,"boot":"9f3c51d2",
     "uptime_ms":734112,"clock":"synced","cause":"edge","missed":0,"sent":"2026-11-23T01:22:03.460Z"}
    """
  private let message = DoorMessage(
    transition: Transition(
      state: .open,
      since: Timestamp(milliseconds: 1_795_396_923_417),
      journal: "5e1f0c77",
      sequence: 1_042,
      boot: "9f3c51d2",
      uptimeMilliseconds: 734_112,
      clock: .synced,
      cause: .edge
    ),
    sent: Timestamp(milliseconds: 1_795_396_923_460)
  )

  private func refusal(_ text: String) -> String? {
    #expect(throws: WireError.self) { try DoorMessage(decoding: Array(text.utf8)) }?.description
  }

  @Test("is read as the documentation shows it")
  func readsExample() throws {
    #expect(try DoorMessage(decoding: Array(Self.example.utf8)) == message)
  }

  @Test("is written with the documented fields and values, in one stable order")
  func writesExample() throws {
    #expect(
      String(decoding: message.encoded(), as: UTF8.self)
        == #"{"boot":"9f3c51d2","cause":"edge","clock":"synced","journal":"5e1f0c77","missed":0,"#
        + #""sent":"2026-11-23T01:22:03.460Z","seq":1042,"since":"2026-11-23T01:22:03.417Z","#
        + #""state":"open","uptime_ms":734112,"v":1}"#
    )
    let written = try JSONSerialization.jsonObject(with: Data(message.encoded())) as? NSDictionary
    let documented = try JSONSerialization.jsonObject(with: Data(Self.example.utf8)) as? NSDictionary
    #expect(written == documented)
  }

  @Test(
    "comes back as it was sent",
    arguments: DoorState.allCases,
    Array(zip(TransitionCause.allCases, [ClockQuality.synced, .unsynced, .synced]))
  )
  func roundTrip(_ state: DoorState, _ how: (TransitionCause, ClockQuality)) throws {
    var message = message
    message.transition.state = state
    message.transition.cause = how.0
    message.transition.clock = how.1
    message.transition.missed = 3
    message.transition.simulated = state == .open
    message.transition.sequence = 9_007_199_254_740_991
    #expect(try DoorMessage(decoding: message.encoded()) == message)
  }

  @Test("says that it is simulated only where it is")
  func simulated() throws {
    var message = message
    #expect(!String(decoding: message.encoded(), as: UTF8.self).contains("simulated"))
    message.transition.simulated = true
    #expect(String(decoding: message.encoded(), as: UTF8.self).contains(#""simulated":true"#))
  }

  @Test("can have fields that nobody here knows")
  func unknownFields() throws {
    let text = Self.example.replacingOccurrences(of: "{", with: #"{"battery":{"volts":[2.9,null]},"#)
    #expect(try DoorMessage(decoding: Array(text.utf8)) == message)
  }

  // MARK: Faults

  @Test(
    "that lacks a field says which",
    arguments: [
      "v", "state", "since", "journal", "seq", "boot", "uptime_ms", "clock", "cause", "missed", "sent",
    ]
  )
  func missing(_ field: String) {
    let text = Self.example.replacingOccurrences(of: "\"\(field)\":", with: "\"x-\(field)\":")
    #expect(refusal(text) == "\(field) is missing")
  }

  @Test(
    "with a faulty field says which, and what is wrong with it",
    arguments: [
      (#""v":1"#, #""v":2"#, "version 2 of the state is unknown here: update the reader"),
      (#""v":1"#, #""v":"1""#, "v has the wrong type"),
      (#""v":1"#, #""v":1.5"#, notJSON),
      (#""open""#, #""ajar""#, #"state is "ajar"; it can be open, closed, fault, unknown"#),
      (#""open""#, #""Open""#, #"state is "Open"; it can be open, closed, fault, unknown"#),
      (#""open""#, "1", "state has the wrong type"),
      (#""open""#, "null", "state is null"),
      (#""2026-11-23T01:22:03.417Z""#, #""yesterday""#, #"since is "yesterday", which is no RFC 3339 time"#),
      (#""2026-11-23T01:22:03.460Z""#, #""""#, #"sent is "", which is no RFC 3339 time"#),
      (#""5e1f0c77""#, #""""#, "journal is not 1 to 64 letters, digits, _ and -"),
      (#""5e1f0c77""#, #""a\r\nb""#, "journal is not 1 to 64 letters, digits, _ and -"),
      (
        #""5e1f0c77""#, #""\#(String(repeating: "a", count: 65))""#,
        "journal is not 1 to 64 letters, digits, _ and -"
      ),
      (#""9f3c51d2""#, #""a/b""#, "boot is not 1 to 64 letters, digits, _ and -"),
      (#""9f3c51d2""#, "[]", "boot has the wrong type"),
      ("1042", "0", "seq is 0; it counts from 1 to 9007199254740991"),
      ("1042", "-7", "seq is -7; it counts from 1 to 9007199254740991"),
      // One more than it would be more than there is.
      ("1042", "9223372036854775807", "seq is 9223372036854775807; it counts from 1 to 9007199254740991"),
      ("1042", "9223372036854775808", notJSON),
      ("1042", #""1042""#, "seq has the wrong type"),
      ("734112", "true", "uptime_ms has the wrong type"),
      (#""synced""#, #""ntp""#, #"clock is "ntp"; it can be synced, unsynced"#),
      (#""edge""#, #""guess""#, #"cause is "guess"; it can be edge, boot, resync, arrival"#),
      (#""missed":0"#, #""missed":{}"#, "missed has the wrong type"),
      (#""missed":0"#, #""missed":0,"simulated":"yes""#, "simulated has the wrong type"),
    ]
  )
  func faulty(_ good: String, _ bad: String, _ reason: String) {
    #expect(refusal(Self.example.replacingOccurrences(of: good, with: bad)) == reason)
  }

  @Test(
    "is no other JSON, and no other text",
    arguments: [
      ("{", notJSON), ("open", notJSON), ("\0", notJSON),
      ("[]", "the payload has the wrong type"), ("\"open\"", "the payload has the wrong type"),
      ("7", "the payload has the wrong type"), ("{}", "v is missing"),
    ]
  )
  func noObject(_ text: String, _ reason: String) {
    #expect(refusal(text) == reason)
  }

  @Test("is not nested beyond reason")
  func nested() {
    #expect(refusal(String(repeating: "[", count: 4_096)) == notJSON)
    #expect(refusal(String(repeating: #"{"v":"#, count: 800)) == notJSON)
  }

  @Test("is not empty: that is what a deleted retained state looks like")
  func empty() {
    #expect(refusal("") == "the payload is empty: somebody deleted the retained state")
  }

  @Test("has 4096 bytes at most", arguments: [4_097, 1 << 20])
  func tooLong(_ count: Int) throws {
    let longest =
      Self.example + String(repeating: " ", count: DoorMessage.longestPayload - Self.example.utf8.count)
    #expect(try DoorMessage(decoding: Array(longest.utf8)) == message)
    #expect(
      refusal(Self.example + String(repeating: " ", count: count - Self.example.utf8.count))
        == "the payload has \(count) bytes, 4096 at most are a door's state"
    )
  }

  @Test("that is random bytes is refused and does no harm", arguments: 0..<UInt64(50))
  func random(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<20 {
      let bytes = (0..<Int.random(in: 1...300, using: &random)).map { _ in
        UInt8.random(in: .min ... .max, using: &random)
      }
      #expect(throws: WireError.self, "seed \(seed)") { try DoorMessage(decoding: bytes) }
    }
  }

  @Test(
    "that was damaged on its way is refused, or still says something that is possible",
    arguments: 0..<UInt64(50)
  )
  func damaged(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<20 {
      var bytes = Array(Self.example.utf8)
      for _ in 0...Int.random(in: 0...4, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: .min ... .max, using: &random)
      }
      guard let read = try? DoorMessage(decoding: bytes) else { continue }
      #expect(read.transition.sequence >= 1, "seed \(seed)")
      #expect(try DoorMessage(decoding: read.encoded()) == read, "seed \(seed)")
    }
  }
}
