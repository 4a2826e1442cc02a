package import DoorCore

/// The words of an availability topic.
package enum Availability: String, Sendable, CaseIterable {
  case online, offline
}

/// An agent's heartbeat: it is alive, and this is the newest of each door, so that a lost tail shows.
package struct HeartbeatMessage: Sendable, Equatable {
  package struct Door: Sendable, Equatable {
    package var sequence: Int64
    package var state: DoorState

    package init(sequence: Int64, state: DoorState) {
      self.sequence = sequence
      self.state = state
    }
  }

  package var sent: Timestamp
  package var uptimeSeconds: Int64
  package var periodSeconds: Int64
  package var journal: String
  package var doors: [Identifier: Door]

  package init(
    sent: Timestamp, uptimeSeconds: Int64, periodSeconds: Int64, journal: String, doors: [Identifier: Door]
  ) {
    self.sent = sent
    self.uptimeSeconds = uptimeSeconds
    self.periodSeconds = periodSeconds
    self.journal = journal
    self.doors = doors
  }

  package func encoded() -> [UInt8] {
    var json: [String: HeartbeatJSON.Door] = [:]
    for (name, door) in doors {
      json[name.description] = HeartbeatJSON.Door(seq: door.sequence, state: door.state.rawValue)
    }
    return WireCoding.encode(
      HeartbeatJSON(
        sent: sent.wireFormat, uptimeSeconds: uptimeSeconds, periodSeconds: periodSeconds, journal: journal,
        doors: json))
  }

  /// No heartbeat is longer, with the 64 doors that an agent has at most.
  package static let longestPayload = 16_384

  package init(decoding payload: [UInt8]) throws(WireError) {
    guard payload.count <= Self.longestPayload else {
      throw WireError(
        "the payload has \(payload.count) bytes, \(Self.longestPayload) at most are a heartbeat")
    }
    let json = try WireCoding.decode(HeartbeatJSON.self, from: payload)
    guard (1...86_400).contains(json.periodSeconds) else {
      throw WireError("period_s is \(json.periodSeconds); it can be 1 to 86400")
    }
    sent = try WireCoding.time(json.sent, "sent")
    uptimeSeconds = json.uptimeSeconds
    periodSeconds = json.periodSeconds
    journal = json.journal
    doors = [:]
    for (name, door) in json.doors {
      doors[try WireCoding.identifier(name, "doors")] = Door(
        sequence: try WireCoding.sequence(door.seq, "doors.\(name).seq", from: 0),
        state: try WireCoding.word(door.state, "doors.\(name).state"))
    }
  }
}

private struct HeartbeatJSON: Codable {
  struct Door: Codable {
    var seq: Int64
    var state: String
  }

  var sent: String
  var uptimeSeconds: Int64
  var periodSeconds: Int64
  var journal: String
  var doors: [String: Door]

  enum CodingKeys: String, CodingKey {
    case sent, journal, doors
    case uptimeSeconds = "uptime_s"
    case periodSeconds = "period_s"
  }
}

/// Asks an agent to send transitions of one door again, out of its journal.
package struct ReplayRequest: Sendable, Equatable {
  package var door: Identifier
  package var sequences: ClosedRange<Int64>

  package init(door: Identifier, sequences: ClosedRange<Int64>) {
    self.door = door
    self.sequences = sequences
  }

  package func encoded() -> [UInt8] {
    WireCoding.encode(
      ReplayJSON(door: door.description, from: sequences.lowerBound, to: sequences.upperBound))
  }

  package init(decoding payload: [UInt8]) throws(WireError) {
    let json = try WireCoding.decode(ReplayJSON.self, from: payload)
    let first = try WireCoding.sequence(json.from, "from")
    let last = try WireCoding.sequence(json.to, "to")
    guard first <= last else { throw WireError("from \(first) to \(last) is no range") }
    door = try WireCoding.identifier(json.door, "door")
    sequences = first...last
  }
}

private struct ReplayJSON: Codable {
  var door: String
  var from: Int64
  var to: Int64
}
