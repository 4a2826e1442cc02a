package import DoorCore
import FoundationEssentials

/// A message that is not what its topic carries.
package struct WireError: Error, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}

/// The state of one door, as its retained topic carries it.
package struct DoorMessage: Sendable, Equatable {
  /// No state message is longer; what is longer is not read.
  package static let longestPayload = 4_096

  package var transition: Transition
  /// When this copy was sent, by the agent's wall clock.
  package var sent: Timestamp

  package init(transition: Transition, sent: Timestamp) {
    self.transition = transition
    self.sent = sent
  }

  /// Its members are in the order of their names, as those of all messages.
  package func encoded() -> [UInt8] {
    var json = JSONObject(capacity: 320)
    json.add("boot", transition.boot)
    json.add("cause", transition.cause.rawValue)
    json.add("clock", transition.clock.rawValue)
    json.add("journal", transition.journal)
    json.add("missed", Int64(transition.missed))
    json.add("sent", sent.wireFormat)
    json.add("seq", transition.sequence)
    if transition.simulated { json.add("simulated", true) }
    json.add("since", transition.since.wireFormat)
    json.add("state", transition.state.rawValue)
    json.add("uptime_ms", transition.uptimeMilliseconds)
    json.add("v", DoorJSON.version)
    return json.text
  }

  /// - Throws: what is wrong with the payload, for a person to read.
  package init(decoding payload: [UInt8]) throws(WireError) {
    guard !payload.isEmpty else {
      throw WireError("the payload is empty: somebody deleted the retained state")
    }
    guard payload.count <= Self.longestPayload else {
      throw WireError(
        "the payload has \(payload.count) bytes, \(Self.longestPayload) at most are a door's state")
    }
    let json = try Self.json(of: payload)
    for (field, name) in [("journal", json.journal), ("boot", json.boot)] where !Self.isName(name) {
      throw WireError("\(field) is not 1 to 64 letters, digits, _ and -")
    }
    transition = Transition(
      state: try WireCoding.word(json.state, "state"),
      since: try WireCoding.time(json.since, "since"),
      journal: json.journal,
      sequence: try WireCoding.sequence(json.seq, "seq"),
      boot: json.boot,
      uptimeMilliseconds: json.uptimeMilliseconds,
      clock: try WireCoding.word(json.clock, "clock"),
      cause: try WireCoding.word(json.cause, "cause"),
      missed: json.missed,
      simulated: json.simulated ?? false)
    sent = try WireCoding.time(json.sent, "sent")
  }

  private static func json(of payload: [UInt8]) throws(WireError) -> DoorJSON {
    let json: DoorJSON
    do throws(WireError) {
      json = try WireCoding.decode(DoorJSON.self, from: payload)
    } catch {
      // What another version has can look different: then that is what there is to say.
      if let version = try? WireCoding.decode(VersionJSON.self, from: payload).v { try check(version) }
      throw error
    }
    try check(json.v)
    return json
  }

  private static func check(_ version: Int64) throws(WireError) {
    guard version == DoorJSON.version else {
      throw WireError("version \(version) of the state is unknown here: update the reader")
    }
  }

  // Names go into the ids of alerts, and these into headers of requests.
  private static func isName(_ string: String) -> Bool {
    (1...64).contains(string.utf8.count)
      && string.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}

private struct VersionJSON: Decodable {
  var v: Int64
}

private struct DoorJSON: Decodable {
  static let version: Int64 = 1

  var v: Int64
  var state: String
  var since: String
  var journal: String
  var seq: Int64
  var boot: String
  var uptimeMilliseconds: Int64
  var clock: String
  var cause: String
  var missed: Int
  var sent: String
  var simulated: Bool?

  enum CodingKeys: String, CodingKey {
    case v, state, since, journal, seq, boot, clock, cause, missed, sent, simulated
    case uptimeMilliseconds = "uptime_ms"
  }
}
