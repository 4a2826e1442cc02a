package import AccessCodes
package import Appliance
import BrokerLink
package import Delivery
package import DoorCore
package import DoorWire
import MQTT

/// The settings of a notifier, as `notifier.toml` holds them.
package struct NotifierSettings: Sendable, SettingsReadable {
  package struct Area: Sendable {
    package var id: Identifier
    package var name: String
    package var isCodeRequiredToArm: Bool
    /// With the doors of the area.
    package var policy: AreaPolicy
  }

  package struct Door: Sendable {
    package var address: DoorAddress
    package var name: String
    package var area: Identifier
    package var policy: DoorPolicy
    /// How its contact speaks; nil where it is an agent's of ours.
    package var source: ForeignContact?
    /// For so long it may be open before it is warned of; nil: for ever.
    package var openLimit: Duration?
    /// The time to each further warning; nil where one is enough.
    package var openRepetition: Duration?
  }

  /// Somebody with a code.
  package struct User: Sendable {
    package var person: Person
    package var codeHash: CodeHash
  }

  /// Who is told that the notifier is alive.
  package struct DeadMan: Sendable {
    package var address: WebAddress
    package var period: Duration
  }

  package var id: Identifier
  package var topics: Topics
  package var broker: BrokerSettings
  package var storePath: String
  package var areas: [Identifier: Area]
  package var doors: [DoorAddress: Door]
  package var channels: [Channel]
  /// The first that fits decides; what fits none goes through every channel.
  package var routes: [TimedRoute]
  package var language: Language
  /// The texts of every language, with those that the settings replace.
  var phrases: [Language: AlertPhrases]
  package var web: Web?
  /// Where there are none, commands need no code.
  package var users: [User]
  package var schedules: [Schedule]
  package var quietHours: QuietHours?
  package var calendar: LocalCalendar
  package var alertPolicy: AlertPolicy
  /// How old the history may be; nil: as old as there is room.
  package var historyAge: Duration?
  package var deadMan: DeadMan?
  package var selfTest: SelfTestSchedule?
  /// Where Home Assistant looks for devices; nil where it is not to be told of the areas.
  package var discoveryPrefix: String?

  package init(reading table: SettingsTable) throws(SettingsError) {
    id = try table.required("id", try table.value("id", Identifier.init), "the notifier's name in its topics")
    topics = try Topics.read(from: table)
    storePath = try table.string("store") ?? "/var/lib/dooralarm/notifier/store.sqlite"
    broker = try BrokerSettings(
      reading: try table.required("broker", try table.table("broker"), "a table [broker] with its host"))
    var areas = try Self.unique(
      try table.tables("area").map { entry throws(SettingsError) in try Area(reading: entry) }, \.id, "area",
      table)
    doors = try Self.unique(
      try table.tables("door").map { entry throws(SettingsError) in try Door(reading: entry) }, \.address,
      "door", table)
    for door in doors.values {
      guard areas[door.area] != nil else {
        throw table.invalid("door", "in an area that is there; \(door.address) names \"\(door.area)\"")
      }
      areas[door.area]?.policy.doors[door.address] = door.policy
    }
    self.areas = areas
    try Self.checkAgents(of: doors, table)
    channels = try table.tables("channel").map { entry throws(SettingsError) in try Channel(reading: entry) }
    _ = try Self.unique(channels, \.id, "channel", table)
    routes = try Self.routes(from: table, channels: channels, areas: areas, doors: doors)
    language = try table.word("language") ?? .english
    phrases = try Self.phrases(from: table)
    web = try table.table("web").map { (table) throws(SettingsError) in try Web(reading: table) }
    users = try Self.users(from: table, areas: areas)
    calendar = try LocalCalendar.read(from: table)
    schedules = try Self.schedules(from: table, areas: areas)
    quietHours = try table.table("quiet_hours").map { (table) throws(SettingsError) in
      try QuietHours(reading: table)
    }
    alertPolicy = AlertPolicy(
      alarmReminder: .seconds(try table.integer("alarm_reminder_s", in: 60...86_400) ?? 300),
      troubleReminder: .seconds(try table.integer("trouble_reminder_s", in: 60...86_400) ?? 3_600))
    historyAge = try table.integer("history_days", in: 1...36_500).map { .seconds($0 * 86_400) }
    discoveryPrefix = try Topics.discoveryPrefix(from: table)
    deadMan = try table.table("dead_man").map { (table) throws(SettingsError) in try DeadMan(reading: table) }
    selfTest = try table.table("self_test").map { (table) throws(SettingsError) in
      try SelfTestSchedule(reading: table)
    }
    guard !doors.isEmpty else { throw table.invalid("door", "at least one table [[door]]") }
    guard !channels.isEmpty else {
      throw table.invalid("channel", "at least one table [[channel]]: without one no alarm reaches anybody")
    }
  }

  /// Nobody's heartbeats speak for a contact that is not an agent's.
  private static func checkAgents(
    of doors: [DoorAddress: Door], _ table: SettingsTable
  ) throws(SettingsError) {
    let foreign = Set(doors.values.filter { $0.source != nil }.map(\.address.agent))
    let mixed = doors.values.first { $0.source == nil && foreign.contains($0.address.agent) }
    guard let mixed else { return }
    throw table.invalid(
      "door", "of one kind for each agent; \(mixed.address.agent) has doors with and without a source")
  }

  /// Checking a code means trying it on everybody's hash.
  private static let userLimit = 32

  private static func users(
    from table: SettingsTable, areas: [Identifier: Area]
  ) throws(SettingsError) -> [User] {
    let users = try table.tables("user").map { entry throws(SettingsError) in try User(reading: entry) }
    // Somebody who is forced is called the same on the spot: who forces may listen.
    _ = try unique(users, { "\($0.person.name)\($0.person.isUnderDuress ? " (duress)" : "")" }, "user", table)
    guard users.count <= userLimit else { throw table.invalid("user", "there \(userLimit) times at most") }
    for user in users {
      if let stranger = user.person.areas?.first(where: { areas[$0] == nil }) {
        throw table.invalid("user", "of areas that are there; \(user.person.name) names \"\(stranger)\"")
      }
    }
    return users
  }

  private static func schedules(
    from table: SettingsTable, areas: [Identifier: Area]
  ) throws(SettingsError) -> [Schedule] {
    let schedules = try table.tables("schedule").map { entry throws(SettingsError) in
      try Schedule(reading: entry)
    }
    for schedule in schedules where areas[schedule.area] == nil {
      throw table.invalid("schedule", "of an area that is there; one names \"\(schedule.area)\"")
    }
    return schedules
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

extension NotifierSettings.DeadMan {
  init(reading table: SettingsTable) throws(SettingsError) {
    address = try table.webAddress("url", "where a life sign is sent to")
    period = .seconds(try table.integer("period_s", in: 10...86_400) ?? 60)
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
    configuration.receiveMaximum = 2_000
    // Far more than any message of ours, so that what does not belong on a door's topic arrives and is told.
    configuration.maximumPacketSize = 2 << 20
    return configuration
  }
}
