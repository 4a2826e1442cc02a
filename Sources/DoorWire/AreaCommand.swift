package import DoorCore
import FoundationEssentials

/// A command to an area: one of Home Assistant's bare words, such as `ARM_AWAY`, or a JSON object with the word as
/// its `command` or `action`, as Home Assistant's command templates and Alarmo have it.
package struct AreaCommand: Sendable, Equatable {
  /// Comes back in the answer.
  package var id: String?
  package var command: AlarmEngine.Command
  package var code: AccessCode?
  /// From where it was given, in the sender's own words: a keypad, a program.
  package var source: String?

  package init(
    id: String? = nil, command: AlarmEngine.Command, code: AccessCode? = nil, source: String? = nil
  ) {
    self.id = id
    self.command = command
    self.code = code
    self.source = source
  }

  package func encoded() -> [UInt8] {
    var json = CommandJSON(
      id: id, command: CommandWord(command).rawValue, code: code?.reveal(), source: source)
    if case .arm(let arming) = command {
      json.force = arming.isForced ? true : nil
      json.skipDelay = arming.skipsExitDelay ? true : nil
      json.bypass = arming.bypassing.isEmpty ? nil : arming.bypassing.sorted().map(\.description)
    }
    return WireCoding.encode(json)
  }

  /// No command is longer, with 64 doors to bypass.
  package static let longestPayload = 16_384

  package init(decoding payload: [UInt8]) throws(WireError) {
    guard payload.count <= Self.longestPayload else {
      throw WireError("a command has \(Self.longestPayload) bytes at most")
    }
    if payload.first == UInt8(ascii: "{") {
      try self.init(try WireCoding.decode(CommandJSON.self, from: payload))
    } else {
      try self.init(CommandJSON(command: String(decoding: payload, as: UTF8.self)))
    }
  }

  private init(_ json: CommandJSON) throws(WireError) {
    for (field, text) in [("id", json.id), ("source", json.source)] {
      if let text, text.utf8.count > 64 { throw WireError("\(field) has 64 bytes at most") }
    }
    id = json.id
    source = json.source
    // A panel that asks for no code sends an empty one, or null.
    if let text = json.code, !text.isEmpty {
      guard let code = AccessCode(text) else { throw WireError("code has 1 to \(AccessCode.longest) bytes") }
      self.code = code
    }
    guard let text = json.command ?? json.action else { throw WireError("command is missing") }
    guard let word = CommandWord(rawValue: text.lowercased()) else {
      let words = CommandWord.allCases.map { $0.rawValue.uppercased() }.joined(separator: ", ")
      // Whatever has more than letters in it can have a code in it, which is nobody's to read.
      let isWord = text.utf8.allSatisfy {
        $0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z") || $0 == UInt8(ascii: "_")
      }
      let shown = isWord ? "\"\(text.prefix(40))\"" : "what was sent"
      throw WireError("\(shown) is no command; there are \(words)")
    }
    switch word {
    case .disarm: command = .disarm
    case .acknowledge: command = .acknowledge
    case .armHome, .armAway, .armNight, .armVacation, .armCustomBypass:
      let bypassing = try (json.bypass ?? []).map { door throws(WireError) in
        try WireCoding.door(door, "bypass")
      }
      command = .arm(
        AlarmEngine.Arming(
          word.mode, isForced: json.force ?? json.bypassOpenSensors ?? false,
          skipsExitDelay: json.skipDelay ?? false, bypassing: Set(bypassing)))
    }
  }
}

/// The words of commands; Home Assistant's in capitals.
private enum CommandWord: String, CaseIterable {
  case armHome = "arm_home"
  case armAway = "arm_away"
  case armNight = "arm_night"
  case armVacation = "arm_vacation"
  case armCustomBypass = "arm_custom_bypass"
  case disarm
  case acknowledge

  init(_ command: AlarmEngine.Command) {
    switch command {
    case .disarm: self = .disarm
    case .acknowledge: self = .acknowledge
    case .arm(let arming):
      switch arming.mode {
      case .armedHome: self = .armHome
      case .armedAway: self = .armAway
      case .armedNight: self = .armNight
      case .armedVacation: self = .armVacation
      case .armedCustomBypass: self = .armCustomBypass
      }
    }
  }

  /// What a word of arming arms.
  var mode: ArmMode {
    switch self {
    case .armHome: .armedHome
    case .armNight: .armedNight
    case .armVacation: .armedVacation
    case .armCustomBypass: .armedCustomBypass
    case .armAway, .disarm, .acknowledge: .armedAway
    }
  }
}

private struct CommandJSON: Codable {
  var id: String?
  var command: String?
  /// Home Assistant's documentation calls it so.
  var action: String?
  var code: String?
  var source: String?
  var force: Bool?
  var skipDelay: Bool?
  /// Alarmo's word for `force`.
  var bypassOpenSensors: Bool?
  var bypass: [String]?

  enum CodingKeys: String, CodingKey {
    case id, command, action, code, source, force, bypass
    case skipDelay = "skip_delay"
    case bypassOpenSensors = "bypass_open_sensors"
  }
}
