import DoorCore
import DoorWire
import Foundation
import TestSupport
import Testing

@Suite("An agent's messages")
struct AgentMessagesTests {
  private static let heartbeat = """
    {"sent":"2026-11-23T01:22:03.460Z","uptime_s":734,"period_s":60,"journal":"5e1f0c77",\
    "doors":{"front":{"seq":1042,"state":"open"}}}
    """

  @Test("have the documented heartbeat among them")
  func heartbeat() throws {
    let read = try HeartbeatMessage(decoding: Array(Self.heartbeat.utf8))
    #expect(
      read
        == HeartbeatMessage(
          sent: Timestamp(milliseconds: 1_795_396_923_460),
          uptimeSeconds: 734,
          periodSeconds: 60,
          journal: "5e1f0c77",
          doors: [try Identifier("front"): .init(sequence: 1_042, state: .open)]
        )
    )
    let written = try JSONSerialization.jsonObject(with: Data(read.encoded())) as? NSDictionary
    let documented = try JSONSerialization.jsonObject(with: Data(Self.heartbeat.utf8)) as? NSDictionary
    #expect(written == documented)
    #expect(try HeartbeatMessage(decoding: read.encoded()) == read)
  }

  @Test("can have a heartbeat of an agent whose doors nobody knows yet")
  func noDoors() throws {
    let text = Self.heartbeat.replacingOccurrences(of: #""front":{"seq":1042,"state":"open"}"#, with: "")
    #expect(try HeartbeatMessage(decoding: Array(text.utf8)).doors.isEmpty)
  }

  @Test(
    "refuse a heartbeat with a faulty field and say which",
    arguments: [
      (#""sent""#, #""x""#, "sent is missing"),
      ("2026-11-23", "23.11.2026", #"sent is "23.11.2026T01:22:03.460Z", which is no RFC 3339 time"#),
      (#""uptime_s":734"#, #""uptime_s":"long""#, "uptime_s has the wrong type"),
      (#""period_s":60"#, #""period_s":0"#, "period_s is 0; it can be 1 to 86400"),
      (#""period_s":60"#, #""period_s":86401"#, "period_s is 86401; it can be 1 to 86400"),
      (#""period_s":60"#, #""period_s":-1"#, "period_s is -1; it can be 1 to 86400"),
      (#""journal":"5e1f0c77""#, #""journal":null"#, "journal is null"),
      (#""seq":1042"#, #""seq":[]"#, "doors.front.seq has the wrong type"),
      (#""state":"open""#, #""stat":"open""#, "doors.front.state is missing"),
      (
        #""state":"open""#, #""state":"wide""#,
        #"doors.front.state is "wide"; it can be open, closed, fault, unknown"#
      ),
      (
        #""front":"#, #""Front":"#,
        #"doors: "Front" is no id: 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or a digit"#
      ),
    ]
  )
  func faultyHeartbeat(_ good: String, _ bad: String, _ reason: String) {
    let text = Self.heartbeat.replacingOccurrences(of: good, with: bad)
    #expect(text != Self.heartbeat)
    let error = #expect(throws: WireError.self) { try HeartbeatMessage(decoding: Array(text.utf8)) }
    #expect(error?.description == reason)
  }

  @Test("have two words for availability")
  func availability() {
    #expect(Availability.allCases.map(\.rawValue) == ["online", "offline"])
  }

  @Test("are asked for again as documented")
  func replay() throws {
    let request = ReplayRequest(door: try Identifier("front"), sequences: 1_038...1_041)
    #expect(String(decoding: request.encoded(), as: UTF8.self) == #"{"door":"front","from":1038,"to":1041}"#)
    #expect(try ReplayRequest(decoding: request.encoded()) == request)
    let one = ReplayRequest(door: try Identifier("front"), sequences: 1...1)
    #expect(try ReplayRequest(decoding: one.encoded()) == one)
  }

  @Test(
    "are not asked for with what is no range of a door",
    arguments: [
      (#"{"door":"front","from":2,"to":1}"#, "from 2 to 1 is no range"),
      (#"{"door":"front","from":0,"to":1}"#, "from is 0; it counts from 1 to 9007199254740991"),
      (
        #"{"door":"front","from":-9223372036854775808,"to":1}"#,
        "from is -9223372036854775808; it counts from 1 to 9007199254740991"
      ),
      (#"{"door":"front","from":1}"#, "to is missing"),
      (#"{"from":1,"to":1}"#, "door is missing"),
      (
        #"{"door":"+","from":1,"to":1}"#,
        #"door: "+" is no id: 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or a digit"#
      ),
      ("", notJSON),
    ]
  )
  func faultyReplay(_ text: String, _ reason: String) {
    let error = #expect(throws: WireError.self) { try ReplayRequest(decoding: Array(text.utf8)) }
    #expect(error?.description == reason)
  }

  @Test("of random bytes are refused and do no harm", arguments: 0..<UInt64(50))
  func random(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let bytes = (0..<Int.random(in: 0...500, using: &random)).map { _ in
      UInt8.random(in: .min ... .max, using: &random)
    }
    #expect(throws: WireError.self, "seed \(seed)") { try HeartbeatMessage(decoding: bytes) }
    #expect(throws: WireError.self, "seed \(seed)") { try ReplayRequest(decoding: bytes) }
  }
}
