import Appliance
import DoorCore
import Testing

@testable import Notifier

@Suite("The notifier's settings of delivery")
struct NotifierSettingsDeliveryTests {
  /// Two areas with a door each, and two channels; it ends in line 22.
  private static let house = """
    id = "main"
    time_zone = "Europe/Berlin"
    [broker]
    host = "localhost"
    [[area]]
    id = "home"
    [[area]]
    id = "shed"
    [[door]]
    agent = "hall"
    id = "front"
    area = "home"
    [[door]]
    agent = "hall"
    id = "gate"
    area = "shed"
    [[channel]]
    id = "phone"
    type = "log"
    [[channel]]
    id = "mail"
    type = "log"

    """

  private func settings(_ lines: String, root: String = "") throws -> NotifierSettings {
    try NotifierSettings(text: root + Self.house + lines, file: "notifier.toml")
  }

  private func refusal(_ lines: String) -> String? {
    #expect(throws: SettingsError.self) { try settings(lines) }?.description
  }

  private func alert(
    _ kind: Alert.Kind = .opened, _ severity: Alert.Severity = .alarm, _ area: String = "home",
    _ door: String = "hall/front"
  ) throws -> Alert {
    Alert(
      id: "1", severity: severity, kind: kind, area: try Identifier(area),
      subject: .door(try DoorAddress(door)),
      state: .open, at: NotifierHouse.wall(0))
  }

  /// The channels of the steps of an alert, each with its time.
  private func steps(_ alert: Alert, _ settings: NotifierSettings, at now: Timestamp) -> [String] {
    settings.routing(at: now).steps(for: alert).map { step in
      "\(step.after.components.seconds): \(step.channels.map(\.description).joined(separator: ","))"
    }
  }

  // MARK: Routes

  @Test("send everything through every channel at once where they have no route")
  func noRoute() throws {
    let settings = try settings("")
    #expect(settings.routes.isEmpty)
    #expect(steps(try alert(), settings, at: NotifierHouse.wall(0)) == ["0: phone,mail"])
    #expect(settings.routing(at: NotifierHouse.wall(0)).quietUntil == nil)
  }

  @Test("take the first route that fits, and its steps in their times")
  func routes() throws {
    let settings = try settings(
      """
      [[route]]
      severity = ["alarm"]
      kinds = ["opened", "duress"]
      areas = ["home"]
      doors = ["hall/front"]
      [[route.step]]
      channels = ["phone"]
      [[route.step]]
      after_s = 120
      channels = ["mail"]
      [[route]]
      severity = ["trouble"]
      [[route.step]]
      after_s = 0
      channels = ["mail"]
      """)
    let now = NotifierHouse.wall(0)
    #expect(settings.routes.count == 2)
    #expect(steps(try alert(), settings, at: now) == ["0: phone", "120: mail"])
    #expect(steps(try alert(.opened, .trouble), settings, at: now) == ["0: mail"])
    #expect(steps(try alert(.leftOpen), settings, at: now) == ["0: phone,mail"], "another kind")
    #expect(steps(try alert(.opened, .alarm, "shed"), settings, at: now) == ["0: phone,mail"], "another area")
    #expect(
      steps(try alert(.opened, .alarm, "home", "hall/gate"), settings, at: now) == ["0: phone,mail"],
      "another door")
  }

  @Test("have routes that are there at their times only, by the clock where the doors are")
  func timedRoutes() throws {
    let settings = try settings(
      """
      [[route]]
      days = ["sat", "sun"]
      [[route.step]]
      channels = ["mail"]
      [[route]]
      from = "22:00"
      to = "07:00"
      [[route.step]]
      channels = ["phone"]
      [[route]]
      from = "12:00"
      to = "13:00"
      days = ["mon"]
      [[route.step]]
      channels = ["mail"]
      """)
    // 2023-11-13 is a Monday; its midnight in Berlin.
    let monday = Timestamp(milliseconds: 1_699_830_000_000)
    for (hour, channels) in [
      (-1, "mail"), (0, "phone"), (6, "phone"), (7, "phone,mail"), (12, "mail"), (13, "phone,mail"),
      (22, "phone"), (24 + 12, "phone,mail"), (5 * 24, "mail"), (5 * 24 + 23, "mail"),
    ] {
      let now = monday.advanced(by: .seconds(hour * 3_600))
      #expect(steps(try alert(), settings, at: now) == ["0: \(channels)"], "\(hour)")
    }
  }

  @Test("let troubles wait in the quiet hours, and say until when")
  func quietHours() throws {
    let settings = try settings("[quiet_hours]\nfrom = \"22:00\"\nto = \"07:00\"\n")
    // 2023-11-14T22:13:20Z is 23:13:20 in Berlin.
    let routing = settings.routing(at: NotifierHouse.wall(0))
    #expect(routing.quietUntil == NotifierHouse.wall(7 * 3_600 + 46 * 60 + 40))
    #expect(settings.routing(at: NotifierHouse.wall(9 * 3_600)).quietUntil == nil)
  }

  @Test(
    "say what is wrong with a route, and where",
    arguments: [
      ("[[route]]\n", "23: route[1].step must be at least one table [[route.step]] with its channels"),
      (
        "[[route]]\n[[route.step]]\n",
        "24: route[1].step[1].channels is missing: the ids of one or more channels"
      ),
      (
        "[[route]]\n[[route.step]]\nchannels = []\n",
        "25: route[1].step[1].channels must be one or more channels"
      ),
      (
        "[[route]]\n[[route.step]]\nchannels = [\"Phone\"]\n",
        "25: route[1].step[1].channels: \"Phone\" is no id: 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or a digit"
      ),
      (
        "[[route]]\n[[route.step]]\nchannels = [\"pigeon\"]\n",
        "23: route must be through channels that are there; one names \"pigeon\""
      ),
      (
        "[[route]]\n[[route.step]]\nchannels = [\"phone\"]\nafter_s = 1\n",
        "26: route[1].step[1].after_s must be 0 or left out in the first step"
      ),
      (
        "[[route]]\n[[route.step]]\nchannels = [\"phone\"]\n[[route.step]]\nchannels = [\"mail\"]\n",
        "26: route[1].step[2].after_s must be later than that of the step before"
      ),
      (
        "[[route]]\n[[route.step]]\nchannels = [\"phone\"]\n[[route.step]]\nchannels = [\"mail\"]\nafter_s = 60\n"
          + "[[route.step]]\nchannels = [\"third\"]\nafter_s = 60\n",
        "31: route[1].step[3].after_s must be later than that of the step before"
      ),
      (
        "[[route]]\n[[route.step]]\nchannels = [\"phone\"]\n[[route.step]]\nchannels = [\"mail\", \"phone\"]\n"
          + "after_s = 60\n",
        "27: route[1].step[2].channels must be each in one step only; phone is in an earlier one"
      ),
      (
        "[[route]]\n[[route.step]]\nchannels = [\"phone\"]\nafter_s = 86401\n",
        "26: route[1].step[1].after_s must be a whole number from 0 to 86400"
      ),
      (
        "[[route]]\nseverity = [\"fire\"]\n[[route.step]]\nchannels = [\"phone\"]\n",
        "24: route[1].severity: \"fire\" is none of alarm, trouble"
      ),
      (
        "[[route]]\nseverity = []\n[[route.step]]\nchannels = [\"phone\"]\n",
        "24: route[1].severity must be an array of one or more words"
      ),
      (
        "[[route]]\nkinds = [\"party\"]\n[[route.step]]\nchannels = [\"phone\"]\n",
        "24: route[1].kinds: \"party\" is none of opened, standing_open,"
      ),
      (
        "[[route]]\nareas = []\n[[route.step]]\nchannels = [\"phone\"]\n",
        "24: route[1].areas must be one or more areas, or left out"
      ),
      (
        "[[route]]\nareas = [\"attic\"]\n[[route.step]]\nchannels = [\"phone\"]\n",
        "23: route must be of areas that are there; one names \"attic\""
      ),
      (
        "[[route]]\ndoors = [\"front\"]\n[[route.step]]\nchannels = [\"phone\"]\n",
        "24: route[1].doors: \"front\" is no"
      ),
      (
        "[[route]]\ndoors = []\n[[route.step]]\nchannels = [\"phone\"]\n",
        "24: route[1].doors must be one or more doors, or left out"
      ),
      (
        "[[route]]\ndoors = [\"hall/cellar\"]\n[[route.step]]\nchannels = [\"phone\"]\n",
        "23: route must be of doors that are there; one names \"hall/cellar\""
      ),
      (
        "[[route]]\nfrom = \"22:00\"\n[[route.step]]\nchannels = [\"phone\"]\n",
        "24: route[1].from must be given together with to"
      ),
      (
        "[[route]]\nto = \"22:00\"\n[[route.step]]\nchannels = [\"phone\"]\n",
        "23: route[1].from must be given together with to"
      ),
      (
        "[[route]]\nfrom = \"22:00\"\ndays = [\"mon\"]\n[[route.step]]\nchannels = [\"phone\"]\n",
        "24: route[1].from must be given together with to"
      ),
      (
        "[[route]]\nfrom = \"24:00\"\nto = \"07:00\"\n[[route.step]]\nchannels = [\"phone\"]\n",
        "24: route[1].from: \"24:00\" is no time; it is written HH:MM, 00:00 to 23:59"
      ),
      (
        "[[route]]\ndays = [\"monday\"]\n[[route.step]]\nchannels = [\"phone\"]\n",
        "24: route[1].days: \"monday\" is none of mon, tue, wed, thu, fri, sat, sun"
      ),
      (
        "[[route]]\nchannels = [\"phone\"]\n[[route.step]]\nchannels = [\"phone\"]\n",
        "24: route[1].channels is not known here; there are areas, days, doors, from, kinds, severity, step, to"
      ),
      (
        "[[route]]\n[[route.step]]\nchannels = [\"phone\"]\nafter = 1\n",
        "26: route[1].step[1].after is not known here; there are after_s, channels"
      ),
    ])
  func faultyRoutes(_ lines: String, _ reason: String) {
    let refusal = refusal(lines)
    #expect(refusal?.hasPrefix("notifier.toml:" + reason) == true, "\(refusal ?? "")")
  }

  // MARK: Language

  @Test("speak English, or what they say, and each channel what it says")
  func language() throws {
    #expect(try settings("").language == .english)
    #expect(try settings("", root: "language = \"zh\"\n").language == .chinese)
    let settings = try settings("[[channel]]\nid = \"hers\"\ntype = \"log\"\nlanguage = \"zh\"\n")
    #expect(settings.channels.map(\.language) == [nil, nil, .chinese])
    #expect(Set(settings.phrases.keys) == Set(Language.allCases))
    #expect(
      refusal("[[channel]]\nid = \"hers\"\ntype = \"log\"\nlanguage = \"de\"\n")
        == "notifier.toml:26: channel[3].language must be one of \"en\", \"zh\"")
  }

  // MARK: The web server

  @Test("have a web server where they say so, for this machine only unless they say otherwise")
  func web() throws {
    #expect(try settings("").web == nil)
    let usual = try #require(try settings("[web]\nport = 8470\n").web)
    #expect(usual.host == "127.0.0.1" && usual.port == 8_470)
    #expect(usual.publicAddress == nil)
    #expect(usual.linkLifetime == .seconds(30 * 86_400))
    let own = try #require(
      try settings(
        "[web]\nport = 0\nlisten = \"::\"\nurl = \"https://alarm.example/door//\"\nlink_days = 1\n"
      ).web)
    #expect(own.host == "::" && own.port == 0)
    #expect(own.publicAddress == "https://alarm.example/door")
    #expect(own.linkLifetime == .seconds(86_400))
  }

  @Test(
    "say what is wrong with the web server",
    arguments: [
      ("[web]\n", "23: web.port is missing: the port that it listens on"),
      ("[web]\nport = 65536\n", "24: web.port must be a whole number from 0 to 65535"),
      ("[web]\nport = 1\nurl = \"alarm.example\"\n", "25: web.url: this is no http or https address"),
      ("[web]\nport = 1\nlink_days = 0\n", "25: web.link_days must be a whole number from 1 to 365"),
      (
        "[web]\nport = 1\nhost = \"::\"\n",
        "25: web.host is not known here; there are link_days, listen, port, url"
      ),
    ])
  func faultyWeb(_ lines: String, _ reason: String) {
    #expect(refusal(lines) == "notifier.toml:" + reason)
  }
}
