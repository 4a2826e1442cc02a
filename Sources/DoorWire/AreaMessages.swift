package import DoorCore
import FoundationEssentials

/// The arm state of an area, as its retained topic carries it.
package struct AreaMessage: Sendable, Equatable {
  /// Home Assistant's word: `disarmed`, `armed_away`, `triggered`.
  package var state: String
  /// The mode below a triggered alarm.
  package var mode: AlarmEngine.ArmMode
  package var since: Timestamp

  package init(state: String, mode: AlarmEngine.ArmMode, since: Timestamp) {
    self.state = state
    self.mode = mode
    self.since = since
  }

  package func encoded() -> [UInt8] {
    WireCoding.encode(AreaJSON(v: 1, state: state, mode: mode.rawValue, since: since.wireFormat))
  }

  package init(decoding payload: [UInt8]) throws(WireError) {
    let json = try WireCoding.decode(AreaJSON.self, from: payload)
    state = json.state
    mode = try WireCoding.word(json.mode, "mode")
    since = try WireCoding.time(json.since, "since")
  }
}

private struct AreaJSON: Codable {
  var v: Int
  var state: String
  var mode: String
  var since: String
}

/// A command to an area: Home Assistant's bare words `ARM_AWAY` and `DISARM`, or JSON with an `id` that
/// comes back in the answer.
package struct AreaCommand: Sendable, Equatable {
  package var id: String?
  package var command: AlarmEngine.Command

  package init(id: String?, command: AlarmEngine.Command) {
    self.id = id
    self.command = command
  }

  package func encoded() -> [UInt8] {
    switch command {
    case .arm(let force):
      WireCoding.encode(CommandJSON(id: id, command: "arm_away", force: force ? true : nil))
    case .disarm: WireCoding.encode(CommandJSON(id: id, command: "disarm", force: nil))
    }
  }

  package init(decoding payload: [UInt8]) throws(WireError) {
    guard payload.count <= 1_024 else { throw WireError("a command has 1024 bytes at most") }
    let json: CommandJSON
    if payload.first == UInt8(ascii: "{") {
      json = try WireCoding.decode(CommandJSON.self, from: payload)
    } else {
      json = CommandJSON(id: nil, command: String(decoding: payload, as: UTF8.self), force: nil)
    }
    if let id = json.id, id.utf8.count > 64 { throw WireError("an id has 64 bytes at most") }
    id = json.id
    switch json.command.lowercased() {
    case "arm_away": command = .arm(force: json.force ?? false)
    case "disarm": command = .disarm
    default: throw WireError("\"\(json.command.prefix(40))\" is no command; there are ARM_AWAY and DISARM")
    }
  }
}

private struct CommandJSON: Codable {
  var id: String?
  var command: String
  var force: Bool?
}

/// What happened in an area: an alert, or the answer to a command.
package struct AreaEvent: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    case accepted, refused, alert
  }

  package var kind: Kind
  /// The id of the command that is answered.
  package var id: String?
  /// The area's state afterwards.
  package var state: String
  /// One sentence for a person.
  package var text: String
  package var at: Timestamp

  package init(kind: Kind, id: String?, state: String, text: String, at: Timestamp) {
    self.kind = kind
    self.id = id
    self.state = state
    self.text = text
    self.at = at
  }

  package func encoded() -> [UInt8] {
    WireCoding.encode(
      EventJSON(v: 1, event: kind.rawValue, id: id, state: state, text: text, at: at.wireFormat))
  }

  package init(decoding payload: [UInt8]) throws(WireError) {
    let json = try WireCoding.decode(EventJSON.self, from: payload)
    kind = try WireCoding.word(json.event, "event")
    id = json.id
    state = json.state
    text = json.text
    at = try WireCoding.time(json.at, "at")
  }
}

private struct EventJSON: Codable {
  var v: Int
  var event: String
  var id: String?
  var state: String
  var text: String
  var at: String
}
