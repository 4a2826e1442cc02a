package import Appliance
import BrokerLink
package import DoorCore
package import DoorWire
import MQTT

/// The settings of a notifier, as `notifier.toml` holds them.
package struct NotifierSettings: Sendable, SettingsReadable {
  package struct Area: Sendable {
    package var id: Identifier
    package var name: String
  }

  package struct Door: Sendable {
    package var address: DoorAddress
    package var name: String
    package var area: Identifier
  }

  package struct Channel: Sendable {
    package enum Kind: Sendable {
      case log
      case webhook(address: Secret)
    }

    package var id: Identifier
    package var kind: Kind
  }

  /// Who is told that the notifier is alive.
  package struct DeadMan: Sendable {
    package var address: Secret
    package var period: Duration
  }

  package var id: Identifier
  package var topics: Topics
  package var broker: BrokerSettings
  package var storePath: String
  package var areas: [Identifier: Area]
  package var doors: [DoorAddress: Door]
  package var channels: [Channel]
  package var deadMan: DeadMan?
  /// Where Home Assistant looks for devices; nil where it is not to be told of the areas.
  package var discoveryPrefix: String?

  package init(reading table: SettingsTable) throws(SettingsError) {
    id = try table.required("id", try table.value("id", Identifier.init), "the notifier's name in its topics")
    topics = try Topics.read(from: table)
    storePath = try table.string("store") ?? "/var/lib/dooralarm/notifier/store.sqlite"
    broker = try BrokerSettings(
      reading: try table.required("broker", try table.table("broker"), "a table [broker] with its host"))
    areas = try Self.unique(
      try table.tables("area").map { entry throws(SettingsError) in try Area(reading: entry) }, \.id, "area",
      table)
    doors = try Self.unique(
      try table.tables("door").map { entry throws(SettingsError) in try Door(reading: entry) }, \.address,
      "door", table)
    channels = try table.tables("channel").map { entry throws(SettingsError) in try Channel(reading: entry) }
    _ = try Self.unique(channels, \.id, "channel", table)
    discoveryPrefix = try Topics.discoveryPrefix(from: table)
    deadMan = try table.table("dead_man").map { (table) throws(SettingsError) in try DeadMan(reading: table) }
    for door in doors.values where areas[door.area] == nil {
      throw table.invalid("door", "in an area that is there; \(door.address) names \"\(door.area)\"")
    }
    guard !doors.isEmpty else { throw table.invalid("door", "at least one table [[door]]") }
    guard !channels.isEmpty else {
      throw table.invalid("channel", "at least one table [[channel]]: without one no alarm reaches anybody")
    }
  }

  private static func unique<Key: Hashable & CustomStringConvertible, Value>(
    _ values: [Value], _ key: (Value) -> Key, _ name: String, _ table: SettingsTable
  ) throws(SettingsError) -> [Key: Value] {
    var result: [Key: Value] = [:]
    for value in values where result.updateValue(value, forKey: key(value)) != nil {
      throw table.invalid(name, "there once for each id; \(key(value)) is there twice")
    }
    return result
  }
}

extension NotifierSettings.Area {
  init(reading table: SettingsTable) throws(SettingsError) {
    let id = try table.required("id", try table.value("id", Identifier.init), "the area's name in its topics")
    self.init(id: id, name: try table.string("name") ?? id.description)
  }
}

extension NotifierSettings.Door {
  init(reading table: SettingsTable) throws(SettingsError) {
    let agent = try table.required(
      "agent", try table.value("agent", Identifier.init), "the id in the settings of the door's agent")
    if Topics.reservedAgents.contains(agent.description) {
      throw table.invalid("agent", "another name: area and notifier are taken")
    }
    let door = try table.required(
      "id", try table.value("id", Identifier.init), "the door's id in the settings of its agent")
    self.init(
      address: DoorAddress(agent: agent, door: door), name: try table.string("name") ?? door.description,
      area: try table.required("area", try table.value("area", Identifier.init), "the id of the door's area"))
  }
}

extension NotifierSettings.Channel {
  private enum KindWord: String, CaseIterable {
    case log, webhook
  }

  init(reading table: SettingsTable) throws(SettingsError) {
    id = try table.required("id", try table.value("id", Identifier.init), "the channel's name")
    switch try table.required("type", try table.word("type", as: KindWord.self), "log or webhook") {
    case .log: kind = .log
    case .webhook:
      kind = .webhook(address: try Secret.address(from: table, "where the alerts are posted to"))
    }
  }
}

extension NotifierSettings.DeadMan {
  init(reading table: SettingsTable) throws(SettingsError) {
    address = try Secret.address(from: table, "where a life sign is sent to")
    period = .seconds(try table.integer("period_s", in: 10...86_400) ?? 60)
  }
}

extension Secret {
  /// The address under `url`, or in the file or the credential that stands in its place.
  fileprivate static func address(from table: SettingsTable, _ purpose: String) throws(SettingsError)
    -> Secret
  {
    let plain = try table.string("url").map { Secret($0) }
    let secret = try Secret.read("url", from: table)
    if plain != nil, secret != nil { throw table.invalid("url", "left out where url_file is given") }
    return try table.required("url", plain ?? secret, "\(purpose) (url_file where it has a key in it)")
  }
}

extension NotifierSettings {
  /// A session that outlives the notifier: the broker keeps for thirty days what happens without it.
  var clientConfiguration: MQTTClient.Configuration {
    var configuration = MQTTClient.Configuration(
      broker: broker, clientIdentifier: "dooralarm-notifier-\(id)",
      availability: topics.availability(ofNotifier: id))
    configuration.cleanStart = false
    configuration.sessionExpiry = .seconds(30 * 86_400)
    // What one transaction takes at most.
    configuration.receiveMaximum = 500
    // Far more than any message of ours, so that what does not belong on a door's topic arrives and is told.
    configuration.maximumPacketSize = 2 << 20
    return configuration
  }
}
