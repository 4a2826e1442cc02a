import Appliance
import DoorCore
import DoorWire
import Foundation
import GPIO
import SensorAgent
import Testing

@Suite("The agent's settings")
struct AgentSettingsTests {
  private static let whole = """
    id = "hall"
    topic_root = "home/doors"
    journal = "/tmp/journal.sqlite"
    heartbeat_s = 10
    check_s = 2

    [broker]
    host = "broker.example"
    port = 8883
    username = "hall"
    keep_alive_s = 15

    [[door]]
    id = "front"
    chip = "pinctrl-bcm2711"
    line = "GPIO17"
    bias = "pull-down"
    contact = "normally-open"
    debounce_ms = 50

    [[door]]
    id = "back"
    chip = "gpiochip0"
    line = "27"

    [[door]]
    id = "shed"
    simulated = "/run/shed"
    """

  private static let least =
    "id = 'hall'\n[broker]\nhost = 'b'\n[[door]]\nid = 'front'\nchip = 'c'\nline = '1'\n"

  private func refusal(_ text: String) -> String? {
    #expect(throws: SettingsError.self) { try AgentSettings(text: text, file: "agent.toml") }?.description
  }

  // MARK: Valid

  @Test("say everything that there is to say")
  func wholeExample() throws {
    let settings = try AgentSettings(text: Self.whole, file: "agent.toml")
    #expect(settings.id.description == "hall")
    #expect(settings.topics.root == "home/doors")
    #expect(settings.journalPath == "/tmp/journal.sqlite")
    #expect(settings.heartbeatPeriod == .seconds(10))
    #expect(settings.checkPeriod == .seconds(2))
    #expect(settings.broker.host == "broker.example")
    #expect(settings.broker.port == 8_883)
    #expect(settings.broker.userName == "hall")
    #expect(settings.broker.keepAlive == .seconds(15))
    #expect(settings.doors.map(\.id.description) == ["front", "back", "shed"])
    #expect(
      settings.doors.map(\.source) == [
        .chip("pinctrl-bcm2711", line: "GPIO17", bias: .pullDown),
        .chip("gpiochip0", line: "27", bias: .pullUp),
        .simulated(path: "/run/shed"),
      ]
    )
    #expect(settings.doors.map(\.settleTime) == [.milliseconds(50), .milliseconds(30), .milliseconds(30)])
    #expect(settings.doors.map(\.source.isSimulated) == [false, false, true])
  }

  @Test("can give a door a tamper loop, which is a line like the contact's")
  func tamper() throws {
    let loop = "[door.tamper]\nchip = 'c'\nline = '2'\nbias = 'pull-down'\n"
    let door = try #require(try AgentSettings(text: Self.least + loop, file: "agent.toml").doors.first)
    #expect(door.tamper?.source == .chip("c", line: "2", bias: .pullDown))
    #expect(door.tamper?.contact == Contact(kind: .normallyClosed, closedCircuitLevel: .high))
    #expect(door.lines.map(\.name.role) == [.contact, .tamper])
  }

  @Test("have what is usual for the rest")
  func leastExample() throws {
    let settings = try AgentSettings(text: Self.least, file: "agent.toml")
    #expect(settings.topics.root == "dooralarm")
    #expect(settings.journalPath == "/var/lib/dooralarm/agent/journal.sqlite")
    #expect(settings.heartbeatPeriod == .seconds(60))
    #expect(settings.checkPeriod == .seconds(5))
    #expect(settings.doors.first?.contact == Contact(kind: .normallyClosed, closedCircuitLevel: .low))
  }

  @Test(
    "know from the bias where a contact goes, unless they are told",
    arguments: [
      ("", LineLevel.low), ("bias = 'pull-up'", .low), ("bias = 'pull-down'", .high),
      ("bias = 'disabled'", .low),
      ("bias = 'as-is'", .low), ("bias = 'disabled'\nclosed_circuit_level = 'high'", .high),
      ("bias = 'pull-down'\nclosed_circuit_level = 'low'", .low),
    ]
  )
  func wiring(_ text: String, _ level: LineLevel) throws {
    let settings = try AgentSettings(text: Self.least + text, file: "agent.toml")
    #expect(settings.doors.first?.contact.closedCircuitLevel == level)
  }

  @Test("can have local outputs: by doors, by an area, or by both and for a time")
  func outputs() throws {
    let text = """
      [[output]]
      id = 'lamp'
      simulated = '/run/lamp'
      doors = ['front']
      [[output]]
      id = 'siren'
      chip = 'c'
      line = '2'
      area = 'home'
      [[output]]
      id = 'bell'
      chip = 'c'
      line = '3'
      active_level = 'low'
      doors = ['front']
      door_states = ['open', 'fault']
      area = 'home'
      for_s = 60

      """
    let outputs = try AgentSettings(text: Self.least + text, file: "agent.toml").outputs
    let (front, home) = (try Identifier("front"), try Identifier("home"))
    #expect(
      outputs.map(\.source) == [
        .simulated(path: "/run/lamp"), .chip("c", line: "2", activeLevel: .high),
        .chip("c", line: "3", activeLevel: .low),
      ])
    #expect(
      outputs.map(\.rule) == [
        OutputRule(doors: [front], areaStates: Set(AreaState.allCases.filter(\.isArmed))),
        OutputRule(area: home, areaStates: [.triggered]),
        OutputRule(
          doors: [front], doorStates: [.open, .fault], area: home,
          areaStates: [
            .armedHome, .armedAway, .armedNight, .armedVacation, .armedCustomBypass, .pending, .triggered,
          ], duration: .seconds(60)),
      ])
  }

  @Test(
    "say of a faulty output what it can be",
    arguments: [
      ("", "8: output[1].doors must be there, or area, or both"),
      ("doors = ['back']", "11: output[1].doors must be ids of doors of this file; there is no back"),
      ("area = 'home'\ndoor_states = ['open']", "12: output[1].door_states must be left out without doors"),
      (
        "doors = ['front']\narea_states = ['triggered']",
        "12: output[1].area_states must be left out without area"
      ),
      (
        "area = 'home'\narea_states = ['armed']",
        "12: output[1].area_states: \"armed\" is none of disarmed, armed_home, armed_away, armed_night, armed_vacation, armed_custom_bypass, arming, pending, triggered"
      ),
      (
        "area = 'home'\narea_states = []",
        "12: output[1].area_states must be an array of one or more words"
      ),
      ("area = 'home'\nfor_s = 0", "12: output[1].for_s must be a whole number from 1 to 3600"),
    ])
  func faultyOutput(_ lines: String, _ reason: String) {
    let text = Self.least + "[[output]]\nid = 'lamp'\nsimulated = '/run/lamp'\n" + lines
    #expect(refusal(text) == "agent.toml:" + reason)
  }

  @Test("give an output its id once, and have 16 outputs at most")
  func outputIds() throws {
    func text(_ ids: [String]) -> String {
      Self.least + ids.map { "[[output]]\nid = '\($0)'\nsimulated = '/o'\narea = 'home'\n" }.joined()
    }
    #expect(try AgentSettings(text: text((0..<16).map { "o\($0)" }), file: "agent.toml").outputs.count == 16)
    #expect(
      refusal(text((0..<17).map { "o\($0)" }))
        == "agent.toml:8: output must be 16 tables [[output]] at most; there are 17")
    #expect(
      refusal(text(["lamp", "lamp"]))
        == "agent.toml:13: output[2].id must be another one: there is an output lamp already")
  }

  @Test("tell Home Assistant where they say so, under its usual prefix or another, with names for people")
  func homeAssistant() throws {
    #expect(try AgentSettings(text: Self.least, file: "agent.toml").discoveryPrefix == nil)
    let usual = try AgentSettings(
      text: Self.least + "name = 'Front door'\n[home_assistant]\n", file: "agent.toml")
    #expect(usual.discoveryPrefix == "homeassistant")
    #expect(usual.doors.map(\.name) == ["Front door"])
    let other = try AgentSettings(
      text: Self.least + "[home_assistant]\ndiscovery_prefix = 'ha'\n", file: "agent.toml")
    #expect(other.discoveryPrefix == "ha")
    #expect(other.doors.map(\.name) == ["front"])
    #expect(
      refusal(Self.least + "[home_assistant]\ndiscovery_prefix = '#'\n")?.hasPrefix(
        "agent.toml:9: home_assistant.discovery_prefix: \"#\" is no topic root") == true)
  }

  @Test("show metrics where they name a port")
  func metrics() throws {
    #expect(try AgentSettings(text: Self.least, file: "agent.toml").metricsPort == nil)
    #expect(
      try AgentSettings(text: Self.least + "[metrics]\nport = 9464\n", file: "agent.toml").metricsPort
        == 9_464)
    #expect(
      refusal(Self.least + "[metrics]\n")
        == "agent.toml:8: metrics.port is missing: the port on which 127.0.0.1 shows /metrics")
  }

  @Test("have 64 doors at most")
  func doors() throws {
    func text(_ count: Int) -> String {
      "id = 'hall'\n[broker]\nhost = 'b'\n"
        + (0..<count).map { "[[door]]\nid = 'd\($0)'\nsimulated = '/d\($0)'\n" }.joined()
    }
    #expect(try AgentSettings(text: text(64), file: "agent.toml").doors.count == 64)
    #expect(refusal(text(65)) == "agent.toml:4: door must be 1 to 64 tables [[door]]; there are 65")
    #expect(refusal(text(0)) == "agent.toml:1: door must be 1 to 64 tables [[door]]; there are 0")
  }

  // MARK: Faulty

  @Test(
    "say of a faulty line what it can be",
    arguments: [
      ("id = \"hall\"", "", "1: id is missing: the agent's name in its topics"),
      (
        "id = \"hall\"", "id = \"Hall\"",
        "1: id: \"Hall\" is no id: 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or a digit"
      ),
      ("id = \"hall\"", "id = \"area\"", "1: id must be another name: area and notifier are taken"),
      ("id = \"hall\"", "id = \"notifier\"", "1: id must be another name: area and notifier are taken"),
      ("id = \"hall\"", "id = 7", "1: id is a whole number and must be a string"),
      (
        "home/doors", "home/#",
        "2: topic_root: \"home/#\" is no topic root: one or more levels parted by /, at most 200 bytes, without empty levels, +, # and $"
      ),
      ("heartbeat_s = 10", "heartbeat_s = 0", "4: heartbeat_s must be a whole number from 1 to 3600"),
      ("check_s = 2", "check_s = 2.5", "5: check_s is a number and must be a whole number from 1 to 3600"),
      (
        "check_s = 2", "chek_s = 2",
        "5: chek_s is not known here; there are broker, check_s, door, heartbeat_s, home_assistant, id, journal, metrics, output, topic_root"
      ),
      ("[broker]", "[brocker]", "1: broker is missing: a table [broker] with its host"),
      ("host = \"broker.example\"", "", "7: broker.host is missing: the broker's name or address"),
      ("port = 8883", "port = 70000", "9: broker.port must be a whole number from 1 to 65535"),
      (
        "port = 8883", "password = \"hunter2\"",
        "9: broker.password is not known here; there are ca_file, certificate_file, host, keep_alive_s, key_file, password_credential, password_file, port, tls, username"
      ),
      ("id = \"front\"", "", "13: door[1].id is missing: the door's name in its topic"),
      (
        "id = \"front\"", "id = \"front/1\"",
        "14: door[1].id: \"front/1\" is no id: 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or a digit"
      ),
      ("id = \"back\"", "id = \"front\"", "13: door must be doors with different ids; front is there twice"),
      (
        "chip = \"gpiochip0\"", "",
        "21: door[2].chip is missing: the label, name or path of the GPIO chip (or simulated, a file)"
      ),
      ("line = \"27\"", "line = 27", "24: door[2].line is a whole number and must be a string"),
      ("line = \"27\"", "", "21: door[2].line is missing: the name or the offset of the line"),
      (
        "bias = \"pull-down\"", "bias = \"up\"",
        "17: door[1].bias must be one of \"pull-up\", \"pull-down\", \"disabled\", \"as-is\""
      ),
      (
        "contact = \"normally-open\"", "contact = \"nc\"",
        "18: door[1].contact must be one of \"normally-closed\", \"normally-open\""
      ),
      (
        "debounce_ms = 50", "debounce_ms = 5001",
        "19: door[1].debounce_ms must be a whole number from 1 to 5000"
      ),
      (
        "debounce_ms = 50", "closed_circuit_level = \"middle\"",
        "19: door[1].closed_circuit_level must be one of \"low\", \"high\""
      ),
      ("simulated = \"/run/shed\"", "simulated = \"shed\"", "28: door[3].simulated must be an absolute path"),
      (
        "simulated = \"/run/shed\"", "simulated = \"/run/shed\"\nchip = \"c\"",
        "29: door[3].chip is not known here; there are debounce_ms, id, name, simulated, tamper"
      ),
    ]
  )
  func faulty(_ good: String, _ bad: String, _ reason: String) throws {
    let range = try #require(Self.whole.range(of: good))
    #expect(refusal(Self.whole.replacingCharacters(in: range, with: bad)) == "agent.toml:" + reason)
  }

  @Test("say where they are no TOML")
  func syntax() {
    #expect(refusal("id = \n")?.hasPrefix("agent.toml:1:6: this is no TOML: ") == true)
  }
}
