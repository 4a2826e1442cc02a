import Appliance
import DoorCore
import DoorWire

extension NotifierSettings.Area {
  private enum BypassWord: String, CaseIterable {
    case closed, disarmed
  }

  /// - Parameter table: `[[area]]`. Its doors are put in later.
  init(reading table: SettingsTable) throws(SettingsError) {
    id = try table.required("id", try table.value("id", Identifier.init), "the area's name in its topics")
    name = try table.string("name") ?? id.description
    isCodeRequiredToArm = try table.boolean("code_to_arm") ?? false
    let usual = AreaPolicy(doors: [:])
    policy = AreaPolicy(
      entryDelay: try table.delay("entry_delay_s") ?? usual.entryDelay,
      exitDelay: try table.delay("exit_delay_s") ?? usual.exitDelay,
      modesWithoutExit: try table.words("no_exit_delay", as: ArmMode.self).map { Set($0) }
        ?? usual.modesWithoutExit,
      abortWindow: try table.delay("abort_window_s") ?? usual.abortWindow,
      sirenTime: try table.delay("siren_s") ?? usual.sirenTime,
      bypassesUntilDisarmed: try table.word("bypass_until", as: BypassWord.self) == .disarmed,
      doors: [:])
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
    address = DoorAddress(agent: agent, door: door)
    name = try table.string("name") ?? door.description
    area = try table.required("area", try table.value("area", Identifier.init), "the id of the door's area")
    policy = try DoorPolicy(reading: table)
    source = try table.table("source").map { (table) throws(SettingsError) in
      try ForeignContact(reading: table)
    }
    openLimit = try table.integer("left_open_s", in: 10...604_800).map { .seconds($0) }
    openRepetition = try table.integer("left_open_repeat_s", in: 60...604_800).map { .seconds($0) }
    if openRepetition != nil, openLimit == nil {
      throw table.invalid("left_open_repeat_s", "used with left_open_s")
    }
  }
}

extension ForeignContact {
  private struct NoTopic: Error, CustomStringConvertible {
    var description: String { "a topic has 1 to 1024 bytes, and no + and # in it" }
  }

  private static func topic(_ string: String) throws(NoTopic) -> String {
    guard (1...1_024).contains(string.utf8.count), !string.contains(where: { "+#\0".contains($0) }) else {
      throw NoTopic()
    }
    return string
  }

  /// - Parameter table: `[door.source]`.
  fileprivate init(reading table: SettingsTable) throws(SettingsError) {
    let dialect: Dialect = try table.required(
      "type", try table.word("type"), "zigbee2mqtt, esphome, tasmota or json")
    let topic = try table.required("topic", try table.value("topic", Self.topic), "where the state comes")
    let availability = try table.values("availability_topics", Self.topic)
    let path = try table.string("path").map { $0.split(separator: ".").map(String.init) }
    let open = try table.string("open")
    let closed = try table.string("closed")
    switch dialect {
    case .zigbee2mqtt:
      let base = topic.prefix { $0 != "/" }
      self.init(
        dialect: dialect, topic: topic,
        availabilityTopics: availability ?? ["\(topic)/availability", "\(base)/bridge/state"],
        path: path ?? ["contact"], open: open ?? "false", closed: closed ?? "true")
    case .esphome:
      let device = topic.prefix { $0 != "/" }
      self.init(
        dialect: dialect, topic: topic, availabilityTopics: availability ?? ["\(device)/status"],
        path: path ?? [], open: open ?? "ON", closed: closed ?? "OFF")
    case .tasmota:
      // stat/DEVICE/SWITCH1, as tele/DEVICE/LWT.
      let device = topic.split(separator: "/").dropFirst().first ?? ""
      self.init(
        dialect: dialect, topic: topic, availabilityTopics: availability ?? ["tele/\(device)/LWT"],
        path: path ?? [], open: open ?? "ON", closed: closed ?? "OFF")
    case .json:
      self.init(
        dialect: dialect, topic: topic, availabilityTopics: availability ?? [], path: path ?? [],
        open: try table.required("open", open, "the value of an open door"),
        closed: try table.required("closed", closed, "the value of a closed door"))
    }
    longestSilence = try table.integer("silent_after_s", in: 60...604_800).map { .seconds($0) }
    if self.open == self.closed { throw table.invalid("closed", "another value than open") }
  }
}

extension DoorPolicy {
  fileprivate init(reading table: SettingsTable) throws(SettingsError) {
    let usual = DoorPolicy()
    var responses: [ArmMode: DoorResponse] = [:]
    if let modes = try table.table("modes") {
      for mode in ArmMode.allCases { responses[mode] = try modes.word(mode.rawValue, as: DoorResponse.self) }
    }
    self.init(
      response: try table.word("response", as: DoorResponse.self) ?? usual.response,
      responses: responses,
      isAlways: try table.boolean("always") ?? false,
      chimesDisarmed: try table.boolean("chime") ?? false,
      entryDelay: try table.delay("entry_delay_s"),
      exitDelay: try table.delay("exit_delay_s"),
      sirenTime: try table.delay("siren_s"),
      abortWindow: try table.delay("abort_window_s"),
      tripLimit: try table.integer("trip_limit", in: 1...10_000) ?? usual.tripLimit)
  }
}

extension SettingsTable {
  /// A delay in seconds, up to an hour.
  fileprivate func delay(_ key: String) throws(SettingsError) -> Duration? {
    try integer(key, in: 0...3_600).map { .seconds($0) }
  }
}
