import Appliance
import Delivery
import DoorCore
import DoorWire
import Foundation
import Testing

@testable import Notifier

@Suite("The notifier's settings")
struct NotifierSettingsTests {
  private static let whole = """
    id = "server"
    topic_root = "home/doors"
    store = "/tmp/store.sqlite"

    [broker]
    host = "broker.example"
    port = 8883

    [[area]]
    id = "house"
    name = "The house"

    [[area]]
    id = "shed"

    [[door]]
    agent = "hall"
    id = "front"
    name = "Front door"
    area = "house"

    [[door]]
    agent = "garden"
    id = "front"
    area = "shed"

    [[channel]]
    id = "log"
    type = "log"

    [[channel]]
    id = "phone"
    type = "webhook"
    url = "https://example.org/hook"
    """

  private func refusal(_ text: String) -> String? {
    #expect(throws: SettingsError.self) { try NotifierSettings(text: text, file: "notifier.toml") }?
      .description
  }

  private func changed(_ good: String, _ bad: String) throws -> String {
    let range = try #require(Self.whole.range(of: good))
    return Self.whole.replacingCharacters(in: range, with: bad)
  }

  private func webhookAddress(_ settings: NotifierSettings) throws -> String? {
    for channel in settings.channels {
      guard case .web(let service) = channel.means else { continue }
      let notice = AlertText(settings: settings).test(of: channel.id, at: Timestamp(milliseconds: 0))
      return service.request(for: notice, at: notice.at).address.reveal()
    }
    return nil
  }

  // MARK: Valid

  @Test("say everything that there is to say")
  func wholeExample() throws {
    let settings = try NotifierSettings(text: Self.whole, file: "notifier.toml")
    #expect(settings.id.description == "server")
    #expect(settings.topics.root == "home/doors")
    #expect(settings.storePath == "/tmp/store.sqlite")
    #expect(settings.broker.port == 8_883)
    #expect(settings.areas[try Identifier("house")]?.name == "The house")
    #expect(
      settings.areas[try Identifier("shed")]?.name == "shed",
      "an area without a name has its id for one"
    )
    let front = try #require(settings.doors[try DoorAddress("hall/front")])
    #expect(front.name == "Front door")
    #expect(front.area.description == "house")
    #expect(settings.doors[try DoorAddress("garden/front")]?.name == "front", "the same id at another agent")
    #expect(settings.channels.map(\.id.description) == ["log", "phone"])
    #expect(try webhookAddress(settings) == "https://example.org/hook")
  }

  @Test("have what is usual for the rest")
  func defaults() throws {
    let text = try changed("topic_root = \"home/doors\"\nstore = \"/tmp/store.sqlite\"\n", "")
    let settings = try NotifierSettings(text: text, file: "notifier.toml")
    #expect(settings.topics.root == "dooralarm")
    #expect(settings.storePath == "/var/lib/dooralarm/notifier/store.sqlite")
  }

  @Test("take a webhook's address out of a file, and never show it")
  func addressFile() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "dooralarm-\(UUID().uuidString)")
    try Data("https://example.org/hunter2\n".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let path = file.path(percentEncoded: false)
    let settings = try NotifierSettings(
      text: try changed("url = \"https://example.org/hook\"", "url_file = \"\(path)\""),
      file: "notifier.toml"
    )
    #expect(try webhookAddress(settings) == "https://example.org/hunter2")
    #expect(!"\(settings)".contains("hunter2"))
    var dumped = ""
    dump(settings, to: &dumped)
    #expect(!dumped.contains("hunter2"))

    let both = try changed("url = ", "url_file = \"\(path)\"\nurl = ")
    #expect(refusal(both) == "notifier.toml:35: channel[2].url must be left out where url_file is given")
  }

  @Test("say who is told that the notifier is alive, and how often; by itself nobody is")
  func deadMan() throws {
    #expect(try NotifierSettings(text: Self.whole, file: "notifier.toml").deadMan == nil)
    let table = Self.whole + "\n[dead_man]\nurl = \"https://hc.example/hunter2\"\n"
    let usual = try NotifierSettings(text: table, file: "notifier.toml")
    #expect(usual.deadMan?.address.reveal() == "https://hc.example/hunter2")
    #expect(usual.deadMan?.period == .seconds(60))
    #expect(!"\(usual)".contains("hunter2"))
    let rare = try NotifierSettings(text: table + "period_s = 300\n", file: "notifier.toml")
    #expect(rare.deadMan?.period == .seconds(300))
    #expect(refusal(table + "period_s = 9\n")?.hasSuffix("must be a whole number from 10 to 86400") == true)
    #expect(
      refusal(Self.whole + "\n[dead_man]\n")?.hasSuffix(
        "dead_man.url is missing: where a life sign is sent to (url_file where it is to be secret)") == true)
  }

  @Test("tell Home Assistant of the areas where they say so")
  func homeAssistant() throws {
    #expect(try NotifierSettings(text: Self.whole, file: "notifier.toml").discoveryPrefix == nil)
    let usual = try NotifierSettings(text: Self.whole + "\n[home_assistant]\n", file: "notifier.toml")
    #expect(usual.discoveryPrefix == "homeassistant")
  }

  // MARK: Areas, doors and people

  @Test("have delays and responses as areas and doors say, and the usual for the rest")
  func policies() throws {
    let text = try changed(
      "id = \"shed\"", "id = \"shed\"\nentry_delay_s = 5\nsiren_s = 0\nno_exit_delay = [\"armed_home\"]"
    )
    .replacing(
      "area = \"shed\"",
      with: """
        area = "shed"
        response = "instant"
        chime = true
        trip_limit = 7
        left_open_s = 60
        [door.modes]
        armed_night = "ignore"
        """)
    let settings = try NotifierSettings(text: text, file: "notifier.toml")
    let house = try #require(settings.areas[try Identifier("house")]?.policy)
    let front = try DoorAddress("hall/front")
    #expect(house == AreaPolicy(doors: [front: DoorPolicy()]))
    let shed = try #require(settings.areas[try Identifier("shed")]?.policy)
    #expect(shed.entryDelay == .seconds(5))
    #expect(shed.sirenTime == .zero)
    #expect(shed.modesWithoutExit == [.armedHome])
    let door = try #require(shed.doors.values.first)
    #expect(door.response(in: .armedAway) == .instant)
    #expect(door.response(in: .armedNight) == .ignore)
    #expect(door.response(in: nil) == .chime)
    #expect(door.tripLimit == 7)
    #expect(settings.doors[try DoorAddress("garden/front")]?.openLimit == .seconds(60))
  }

  private static let hash = "$7$CU..../....salt0salt0salt$9NTcPqr964uhbZ8GU.ktizfagcNK/Zw1gg.gOwV5xE7"

  @Test("have people with codes that are never shown, schedules and quiet hours")
  func people() throws {
    let text =
      Self.whole + """

        [[user]]
        name = "Ada"
        code_hash = "\(Self.hash)"
        areas = ["shed"]
        rights = ["arm"]

        [[schedule]]
        area = "house"
        at = "23:00"
        days = ["mon"]
        action = "arm_night"

        [quiet_hours]
        from = "22:00"
        to = "07:00"
        """
    let settings = try NotifierSettings(text: text, file: "notifier.toml")
    #expect(
      settings.users.map(\.person)
        == [Person(name: "Ada", areas: [try Identifier("shed")], rights: [.arm])])
    #expect(!"\(settings)".contains("salt0salt"))
    #expect(settings.schedules.map(\.days) == [[.monday]])
    #expect(settings.quietHours?.start.description == "22:00")
    #expect(settings.quietHours?.end.description == "07:00")
  }

  @Test("have contacts of others, with the topics that are usual with them")
  func sources() throws {
    func source(_ lines: String) throws -> ForeignContact? {
      let text = try changed("area = \"shed\"", "area = \"shed\"\n[door.source]\n\(lines)")
      return try NotifierSettings(text: text, file: "notifier.toml").doors[try DoorAddress("garden/front")]?
        .source
    }
    #expect(
      try source("type = \"zigbee2mqtt\"\ntopic = \"z2m/floor/door\"")?.availabilityTopics
        == ["z2m/floor/door/availability", "z2m/bridge/state"])
    #expect(
      try source("type = \"esphome\"\ntopic = \"porch/binary_sensor/door/state\"")?.availabilityTopics
        == ["porch/status"])
    #expect(
      try source("type = \"tasmota\"\ntopic = \"stat/porch/SWITCH1\"")?.availabilityTopics
        == ["tele/porch/LWT"])
    let own = try source(
      "type = \"json\"\ntopic = \"x\"\npath = \"a.b\"\nopen = \"1\"\nclosed = \"0\"\navailability_topics = [\"y\"]"
    )
    #expect(own?.path == ["a", "b"])
    #expect(own?.availabilityTopics == ["y"])
  }

  @Test(
    "say what is wrong with what is added to them",
    arguments: [
      (
        "[[user]]\nname = \"Ada\"\n",
        "user[1].code_hash is missing: what door-notifier hash-code makes of the person's code"
      ),
      (
        "[[user]]\nname = \"Ada\"\ncode_hash = \"1234\"\n",
        "user[1].code_hash must be a scrypt hash ($7$…), as door-notifier hash-code makes it of a code"
      ),
      (
        "[[user]]\nname = \"Ada\"\ncode_hash = \"\(hash)\"\nareas = [\"attic\"]\n",
        "user must be of areas that are there; Ada names \"attic\""
      ),
      (
        "[[schedule]]\narea = \"attic\"\nat = \"23:00\"\naction = \"disarm\"\n",
        "schedule must be of an area that is there; one names \"attic\""
      ),
      (
        "[[schedule]]\narea = \"house\"\nat = \"24:00\"\naction = \"disarm\"\n",
        "schedule[1].at: \"24:00\" is no time; it is written HH:MM, 00:00 to 23:59"
      ),
      ("[quiet_hours]\nfrom = \"22:00\"\nto = \"22:00\"\n", "quiet_hours.to must be another time than from"),
      (
        "[[door]]\nagent = \"hall\"\nid = \"back\"\narea = \"house\"\n[door.source]\ntype = \"zigbee2mqtt\"\ntopic = \"z/d\"\n",
        "door must be of one kind for each agent; hall has doors with and without a source"
      ),
      (
        "[[door]]\nagent = \"z\"\nid = \"back\"\narea = \"house\"\n[door.source]\ntype = \"json\"\ntopic = \"z/+\"\n",
        "door[3].source.topic: a topic has 1 to 1024 bytes, and no + and # in it"
      ),
    ])
  func faultyAdditions(_ lines: String, _ reason: String) throws {
    #expect(
      refusal(Self.whole + "\n" + lines)?.hasSuffix(reason) == true,
      "\(refusal(Self.whole + "\n" + lines) ?? "")")
  }

  @Test("have a time zone that there is")
  func timeZone() {
    #expect(
      refusal("time_zone = \"Mars/Olympus\"\n" + Self.whole)
        == "notifier.toml:1: time_zone must be a time zone that there is, such as \"Europe/Berlin\"")
  }

  // MARK: Faulty

  @Test(
    "say of a faulty line what it can be",
    arguments: [
      ("id = \"server\"", "", "1: id is missing: the notifier's name in its topics"),
      (
        "id = \"server\"", "id = \"-\"",
        "1: id: \"-\" is no id: 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or a digit"
      ),
      (
        "home/doors", "/doors",
        "2: topic_root: \"/doors\" is no topic root: one or more levels parted by /, at most 200 bytes, without empty levels, +, # and $"
      ),
      (
        "store = ", "stroe = ",
        "3: stroe is not known here; there are alarm_reminder_s, area, broker, channel, dead_man, door, history_days, home_assistant, id, language, quiet_hours, route, schedule, self_test, store, text, time_zone, topic_root, trouble_reminder_s, user, web"
      ),
      (
        "[broker]\nhost = \"broker.example\"\nport = 8883", "",
        "1: broker is missing: a table [broker] with its host"
      ),
      ("port = 8883", "port = 70000", "7: broker.port must be a whole number from 1 to 65535"),
      (
        "port = 8883", "password = \"hunter2\"",
        "7: broker.password is not known here; there are ca_file, certificate_file, host, keep_alive_s, key_file, password_credential, password_file, port, tls, username"
      ),
      ("id = \"house\"", "", "9: area[1].id is missing: the area's name in its topics"),
      ("name = \"The house\"", "name = true", "11: area[1].name is true or false and must be a string"),
      (
        "name = \"The house\"", "entry_s = 30",
        "11: area[1].entry_s is not known here; there are abort_window_s, bypass_until, code_to_arm, entry_delay_s, exit_delay_s, id, name, no_exit_delay, siren_s"
      ),
      ("id = \"shed\"", "id = \"house\"", "9: area must be there once for each id; house is there twice"),
      ("agent = \"hall\"", "", "16: door[1].agent is missing: the id in the settings of the door's agent"),
      (
        "agent = \"hall\"", "agent = \"area\"",
        "17: door[1].agent must be another name: area and notifier are taken"
      ),
      (
        "id = \"front\"\nname", "name",
        "16: door[1].id is missing: the door's id in the settings of its agent"
      ),
      ("area = \"house\"", "", "16: door[1].area is missing: the id of the door's area"),
      (
        "area = \"house\"", "area = \"hose\"",
        "16: door must be in an area that is there; hall/front names \"hose\""
      ),
      (
        "agent = \"garden\"", "agent = \"hall\"",
        "16: door must be there once for each id; hall/front is there twice"
      ),
      (
        "type = \"log\"", "",
        "27: channel[1].type is missing: log, mqtt, webhook, ntfy, pushover, telegram, gotify, slack, discord, matrix, bark, serverchan, pushplus, dingtalk, wecom, feishu, lark, email, command, apprise"
      ),
      (
        "type = \"log\"", "type = \"pigeon\"",
        "29: channel[1].type must be one of \"log\", \"mqtt\", \"webhook\", \"ntfy\", \"pushover\", \"telegram\", \"gotify\", \"slack\", \"discord\", \"matrix\", \"bark\", \"serverchan\", \"pushplus\", \"dingtalk\", \"wecom\", \"feishu\", \"lark\", \"email\", \"command\", \"apprise\""
      ),
      (
        "type = \"log\"", "type = \"log\"\nurl = \"https://example.org/\"",
        "30: channel[1].url is not known here; there are id, language, type"
      ),
      ("id = \"phone\"", "id = \"log\"", "27: channel must be there once for each id; log is there twice"),
      (
        "url = \"https://example.org/hook\"", "",
        "31: channel[2].url is missing: where the alerts are posted to (url_file where it is to be secret)"
      ),
      (
        "url = \"https://example.org/hook\"", "url_file = \"/nonexistent/url\"",
        "34: channel[2].url_file must be a file with the secret in it; /nonexistent/url cannot be read: No such file or directory"
      ),
    ]
  )
  func faulty(_ good: String, _ bad: String, _ reason: String) throws {
    #expect(refusal(try changed(good, bad)) == "notifier.toml:" + reason)
  }

  @Test("have a door, and a channel: without one no alarm reaches anybody")
  func nothing() throws {
    let broker = "id = 'server'\n[broker]\nhost = 'b'\n"
    let door = "[[area]]\nid = 'house'\n[[door]]\nagent = 'hall'\nid = 'front'\narea = 'house'\n"
    #expect(refusal(broker) == "notifier.toml:1: door must be at least one table [[door]]")
    #expect(
      refusal(broker + door)
        == "notifier.toml:1: channel must be at least one table [[channel]]: without one no alarm reaches anybody"
    )
  }
}
