package import Appliance
import BrokerLink
package import DoorCore
package import DoorWire
package import GPIO
import MQTT

/// The settings of a sensor agent, as `agent.toml` holds them.
package struct AgentSettings: Sendable, SettingsReadable {
  package struct Door: Sendable {
    package var id: Identifier
    /// What people call it.
    package var name: String
    package var source: LineSource
    package var contact: Contact
    package var settleTime: Duration
    /// The loop that shows that somebody has opened the contact's housing or cut its cable.
    package var tamper: Tamper?

    package struct Tamper: Sendable, Equatable {
      package var source: LineSource
      package var contact: Contact
    }

    package var lines: [WatchedLine] {
      var lines = [WatchedLine(name: LineName(door: id), source: source, settleTime: settleTime)]
      if let tamper {
        lines.append(
          WatchedLine(
            name: LineName(door: id, role: .tamper), source: tamper.source, settleTime: settleTime))
      }
      return lines
    }
  }

  /// A siren or a lamp on a line of the agent's own machine.
  package struct Output: Sendable, Equatable {
    package var id: Identifier
    package var source: OutputSource
    package var rule: OutputRule
  }

  /// Reads settings, again and again.
  package typealias Reading = @Sendable () throws(SettingsError) -> AgentSettings

  package static let defaultPath = "/etc/dooralarm/agent.toml"

  package var id: Identifier
  package var topics: Topics
  package var broker: BrokerSettings
  package var journalPath: String
  package var heartbeatPeriod: Duration
  package var checkPeriod: Duration
  package var doors: [Door]
  package var outputs: [Output]
  /// Where Home Assistant looks for devices; nil where it is not to be told of this one.
  package var discoveryPrefix: String?
  /// Where the loopback interface shows the metrics; nil where it does not.
  package var metricsPort: Int?

  package init(reading table: SettingsTable) throws(SettingsError) {
    id = try table.required("id", try table.value("id", Identifier.init), "the agent's name in its topics")
    if Topics.reservedAgents.contains(id.description) {
      throw table.invalid("id", "another name: area and notifier are taken")
    }
    topics = try Topics.read(from: table)
    journalPath = try table.string("journal") ?? "/var/lib/dooralarm/agent/journal.sqlite"
    heartbeatPeriod = .seconds(try table.integer("heartbeat_s", in: 1...3_600) ?? 60)
    checkPeriod = .seconds(try table.integer("check_s", in: 1...3_600) ?? 5)
    broker = try BrokerSettings(
      reading: try table.required("broker", try table.table("broker"), "a table [broker] with its host"))
    var doors: [Door] = []
    for entry in try table.tables("door") { doors.append(try Door(reading: entry)) }
    let ids = doors.map(\.id)
    if let twice = ids.first(where: { id in ids.count { $0 == id } > 1 }) {
      throw table.invalid("door", "doors with different ids; \(twice) is there twice")
    }
    guard (1...64).contains(doors.count) else {
      throw table.invalid("door", "1 to 64 tables [[door]]; there are \(doors.count)")
    }
    self.doors = doors
    var outputs: [Output] = []
    for entry in try table.tables("output") {
      let output = try Output(reading: entry, doors: ids)
      if outputs.contains(where: { $0.id == output.id }) {
        throw entry.invalid("id", "another one: there is an output \(output.id) already")
      }
      outputs.append(output)
    }
    guard outputs.count <= 16 else {
      throw table.invalid("output", "16 tables [[output]] at most; there are \(outputs.count)")
    }
    self.outputs = outputs
    metricsPort = try table.table("metrics").map { (table) throws(SettingsError) in
      try table.required(
        "port", try table.integer("port", in: 1...65_535), "the port on which 127.0.0.1 shows /metrics")
    }
    discoveryPrefix = try Topics.discoveryPrefix(from: table)
  }
}

extension AgentSettings.Door {
  init(reading table: SettingsTable) throws(SettingsError) {
    id = try table.required("id", try table.value("id", Identifier.init), "the door's name in its topic")
    name = try table.string("name") ?? id.description
    settleTime = .milliseconds(try table.integer("debounce_ms", in: 1...5_000) ?? 30)
    (source, contact) = try Self.line(reading: table)
    tamper = try table.table("tamper").map { (table) throws(SettingsError) in
      let (source, contact) = try Self.line(reading: table)
      return Tamper(source: source, contact: contact)
    }
  }

  /// The keys that say where a contact is, and how it is wired.
  private static func line(reading table: SettingsTable) throws(SettingsError) -> (LineSource, Contact) {
    if let path = try table.string("simulated") {
      guard path.hasPrefix("/") else { throw table.invalid("simulated", "an absolute path") }
      return (.simulated(path: path), .simulated)
    }
    let chip = try table.required(
      "chip", try table.string("chip"), "the label, name or path of the GPIO chip (or simulated, a file)")
    let line = try table.required("line", try table.string("line"), "the name or the offset of the line")
    let bias = try table.word("bias", as: LineSource.Bias.self) ?? .pullUp
    let level = try table.word("closed_circuit_level", as: LevelWord.self)
    let contact = Contact(
      kind: try table.word("contact") ?? .normallyClosed,
      // A pull-up goes with a contact to ground and a pull-down with one to 3.3 V.
      closedCircuitLevel: level?.level ?? (bias == .pullDown ? .high : .low))
    return (.chip(chip, line: line, bias: bias), contact)
  }
}

extension AgentSettings.Output {
  init(reading table: SettingsTable, doors known: [Identifier]) throws(SettingsError) {
    id = try table.required("id", try table.value("id", Identifier.init), "the output's name in the log")
    if let path = try table.string("simulated") {
      guard path.hasPrefix("/") else { throw table.invalid("simulated", "an absolute path") }
      source = .simulated(path: path)
    } else {
      source = .chip(
        try table.required(
          "chip", try table.string("chip"), "the label, name or path of the GPIO chip (or simulated, a file)"),
        line: try table.required("line", try table.string("line"), "the name or the offset of the line"),
        activeLevel: try table.word("active_level", as: LevelWord.self)?.level ?? .high)
    }
    let doors = try table.values("doors", Identifier.init) ?? []
    if let stranger = doors.first(where: { !known.contains($0) }) {
      throw table.invalid("doors", "ids of doors of this file; there is no \(stranger)")
    }
    let area = try table.value("area", Identifier.init)
    guard !doors.isEmpty || area != nil else { throw table.invalid("doors", "there, or area, or both") }
    let doorStates: [DoorState]? = try table.words("door_states")
    if doorStates != nil, doors.isEmpty { throw table.invalid("door_states", "left out without doors") }
    let areaStates: [AreaState]? = try table.words("area_states")
    if areaStates != nil, area == nil { throw table.invalid("area_states", "left out without area") }
    rule = OutputRule(
      doors: Set(doors), doorStates: Set(doorStates ?? [.open]), area: area,
      areaStates: Set(areaStates ?? (doors.isEmpty ? [.triggered] : AreaState.allCases.filter(\.isArmed))),
      duration: try table.integer("for_s", in: 1...3_600).map { .seconds($0) })
  }
}

private enum LevelWord: String, CaseIterable {
  case low, high

  var level: LineLevel { self == .low ? .low : .high }
}

extension Contact {
  /// How the file of a simulated line reads: low while it says closed.
  static let simulated = Contact(kind: .normallyClosed, closedCircuitLevel: .low)
}

extension AgentSettings {
  /// A session of the run only: the journal, and not the broker, keeps what was not sent.
  var clientConfiguration: MQTTClient.Configuration {
    var configuration = MQTTClient.Configuration(
      broker: broker, clientIdentifier: "dooralarm-agent-\(id)",
      availability: topics.availability(ofAgent: id))
    configuration.cleanStart = true
    configuration.sessionExpiry = .seconds(3_600)
    return configuration
  }
}
