package import DoorCore
import FoundationEssentials

/// The arm state of an area, as its retained topic carries it.
package struct AreaMessage: Sendable, Equatable {
  package var state: AreaState
  /// What it is armed as, is about to be, or was before it was triggered; nil while it is disarmed.
  package var mode: ArmMode?
  package var since: Timestamp
  /// When the delay that runs is over.
  package var until: Timestamp?
  /// Whose command has led here.
  package var changedBy: String?
  /// Doors that are not guarded although the mode says so.
  package var bypassed: [DoorAddress]

  package init(
    state: AreaState, mode: ArmMode?, since: Timestamp, until: Timestamp? = nil, changedBy: String? = nil,
    bypassed: [DoorAddress] = []
  ) {
    self.state = state
    self.mode = mode
    self.since = since
    self.until = until
    self.changedBy = changedBy
    self.bypassed = bypassed
  }

  package func encoded() -> [UInt8] {
    WireCoding.encode(
      AreaJSON(
        v: 1, state: state.rawValue, mode: mode?.rawValue ?? AreaState.disarmed.rawValue,
        since: since.wireFormat, until: until?.wireFormat, changedBy: changedBy,
        bypassed: bypassed.map(\.description)))
  }

  package init(decoding payload: [UInt8]) throws(WireError) {
    let json = try WireCoding.decode(AreaJSON.self, from: payload)
    state = try WireCoding.word(json.state, "state")
    mode = json.mode == AreaState.disarmed.rawValue ? nil : try WireCoding.word(json.mode, "mode")
    since = try WireCoding.time(json.since, "since")
    until = try json.until.map { time throws(WireError) in try WireCoding.time(time, "until") }
    changedBy = json.changedBy
    bypassed = try (json.bypassed ?? []).map { door throws(WireError) in
      try WireCoding.door(door, "bypassed")
    }
  }
}

private struct AreaJSON: Codable {
  var v: Int
  var state: String
  var mode: String
  var since: String
  var until: String?
  var changedBy: String?
  var bypassed: [String]?

  enum CodingKeys: String, CodingKey {
    case v, state, mode, since, until, bypassed
    case changedBy = "changed_by"
  }
}

/// What happened in an area: an alert, or the answer to a command.
package struct AreaEvent: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    case accepted, refused, alert
    /// An alert's cause is over.
    case resolved
    /// Somebody knows of an alert who has a link to it.
    case acknowledged
    /// No channel takes an alert, and none is left: nobody was told.
    case undelivered
    /// A door was opened that only makes itself heard.
    case chime
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
