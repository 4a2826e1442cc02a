package import DoorCore
import FoundationEssentials

/// A contact that is no agent's of ours: how it says on MQTT what its door does.
package struct ForeignContact: Sendable, Equatable {
  /// Who speaks.
  package enum Dialect: String, Sendable, CaseIterable {
    /// `{"contact":true,"tamper":false,"battery_low":false}` (www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html).
    case zigbee2mqtt
    /// `ON` and `OFF` of a binary sensor (esphome.io/components/mqtt).
    case esphome
    /// `ON` and `OFF` of a switch, bare or in an object (tasmota.github.io/docs/MQTT).
    case tasmota
    /// Any.
    case json
  }

  package var dialect: Dialect
  /// Where the state comes.
  package var topic: String
  /// Where it comes whether the contact is there, one or more; it is only where all say so.
  package var availabilityTopics: [String]
  /// The way to the value through objects; empty: the payload itself.
  package var path: [String]
  /// The values as text: a string, a number as it is written, `true` or `false`.
  package var open: String
  package var closed: String
  /// Without a message for so long it is not there, whatever else says so; nil: nobody can tell.
  package var longestSilence: Duration?

  package init(
    dialect: Dialect, topic: String, availabilityTopics: [String], path: [String], open: String,
    closed: String, longestSilence: Duration? = nil
  ) {
    self.dialect = dialect
    self.topic = topic
    self.availabilityTopics = availabilityTopics
    self.path = path
    self.open = open
    self.closed = closed
    self.longestSilence = longestSilence
  }

  /// What a message says. What it does not speak of is nil.
  package struct Reading: Sendable, Equatable {
    package var state: DoorState?
    package var isBatteryLow: Bool?

    package init(state: DoorState?, isBatteryLow: Bool?) {
      self.state = state
      self.isBatteryLow = isBatteryLow
    }
  }

  /// No state of a device is longer.
  package static let longestPayload = 65_536

  /// Reads a message of the state's topic.
  ///
  /// - Throws: what is wrong with it. A message that speaks of something else, such as a device's battery alone, is none.
  package func reading(of payload: [UInt8]) throws(WireError) -> Reading {
    guard !payload.isEmpty else { throw WireError("the payload is empty") }
    guard payload.count <= Self.longestPayload else {
      throw WireError(
        "the payload has \(payload.count) bytes, \(Self.longestPayload) at most are a contact's state")
    }
    let text = String(decoding: payload, as: UTF8.self)
    guard !path.isEmpty else { return Reading(state: try state(of: text), isBatteryLow: nil) }
    let whole = try WireCoding.decode(JSONValue.self, from: payload)
    var state: DoorState?
    if let value = whole.value(at: path) {
      guard let text = value.text else {
        throw WireError("\(path.joined(separator: ".")) is \(value.typeName)")
      }
      state = try self.state(of: text)
    }
    guard dialect == .zigbee2mqtt else { return Reading(state: state, isBatteryLow: nil) }
    if whole.value(at: ["tamper"]) == .boolean(true) { state = .fault }
    var isBatteryLow: Bool?
    if case .boolean(let isLow) = whole.value(at: ["battery_low"]) { isBatteryLow = isLow }
    return Reading(state: state, isBatteryLow: isBatteryLow)
  }

  private func state(of text: String) throws(WireError) -> DoorState {
    switch text {
    case open: return .open
    case closed: return .closed
    default:
      throw WireError("\"\(text.prefix(40))\" is neither \"\(open)\" (open) nor \"\(closed)\" (closed)")
    }
  }

  /// Reads a message of an availability topic: `online`, `Online` or `{"state":"online"}`. Everything else is none that
  /// anybody can rely on.
  package static func isOnline(_ payload: [UInt8]) -> Bool {
    if let object = try? WireCoding.decode(JSONValue.self, from: payload),
      let state = object.value(at: ["state"])
    {
      return state.text?.lowercased() == "online"
    }
    return String(decoding: payload, as: UTF8.self).lowercased() == "online"
  }
}

/// JSON of any shape.
enum JSONValue: Decodable, Equatable {
  case object([String: JSONValue])
  case array([JSONValue])
  case string(String)
  case number(String)
  case boolean(Bool)
  case null

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let object = try? container.decode([String: JSONValue].self) {
      self = .object(object)
    } else if let array = try? container.decode([JSONValue].self) {
      self = .array(array)
    } else if let boolean = try? container.decode(Bool.self) {
      self = .boolean(boolean)
    } else if let integer = try? container.decode(Int64.self) {
      self = .number("\(integer)")
    } else if let number = try? container.decode(Double.self) {
      self = .number("\(number)")
    } else if let string = try? container.decode(String.self) {
      self = .string(string)
    } else {
      self = .null
    }
  }

  /// What stands at the end of a way through objects; nil where there is nothing.
  func value(at path: [String]) -> JSONValue? {
    guard let key = path.first else { return self }
    guard case .object(let members) = self else { return nil }
    return members[key]?.value(at: Array(path.dropFirst()))
  }

  /// A plain value as text; nil for one that has parts.
  var text: String? {
    switch self {
    case .string(let string): string
    case .number(let number): number
    case .boolean(let boolean): boolean ? "true" : "false"
    case .object, .array, .null: nil
    }
  }

  var typeName: String {
    switch self {
    case .object: "an object"
    case .array: "an array"
    case .string: "a string"
    case .number: "a number"
    case .boolean: "true or false"
    case .null: "null"
    }
  }
}
