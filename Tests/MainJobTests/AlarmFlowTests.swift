import AlarmStore
import DoorCore
import Foundation
import MainJobSupport
import TestSupport
import Testing

/// Delays, codes, warnings and their ends, through real processes.
@Suite struct AlarmFlowTests {
  private func with(
    area: String, door: String = "", notifier: String = "", _ body: (Household) async throws -> Void
  ) async throws {
    try await Household.with { house in
      try house.writeSettings(
        doors: [house.simulatedDoor("front")], heartbeatSeconds: 20, notifierLines: notifier, areaLines: area,
        doorLines: door)
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      try await body(house)
    }
  }

  /// Waits until the broker retains a state of the area.
  private func area(_ state: String, _ house: Household) async throws {
    try await eventually("the area to be \(state)") {
      try await house.retained("dooralarm/area/home/alarm")?.contains("\"state\":\"\(state)\"") == true
    }
  }

  private func kinds(_ house: Household) async throws -> [Alert.Kind] {
    try await house.alertRecords().map(\.alert.kind)
  }

  // MARK: Delays

  @Test("arming, armed, pending, triggered: killed in each of them, it goes on, and tells one alarm")
  func killedInEveryState() async throws {
    try await with(area: "exit_delay_s = 2\nentry_delay_s = 2\nabort_window_s = 2\n") { house in
      func killed() throws {
        house.notifier.kill()
        try house.notifier.start()
      }
      let answer = try await house.doorctl("arm", "home")
      #expect(answer.output == "Home is arming: armed_away in 2 s\n" || answer.output.contains("in 1 s"))
      try killed()
      try await area("armed_away", house)
      try killed()
      try house.set("front", "open")
      try await eventually("it to be written down") { try await kinds(house) == [.opened] }
      try killed()
      try await area("triggered", house)
      try killed()
      try await eventually("the alarm") { house.webhook.alerts.count == 1 }
      try killed()
      #expect(try await house.doorctl("disarm", "home").status == 0)
      try await eventually("the end of the alarm") { house.webhook.alerts.count == 2 }
      try killed()
      try await area("disarmed", house)
      #expect(try await kinds(house) == [.opened, .alarmEnded])
    }
  }

  @Test("coming home and disarming in time calls nobody")
  func comingHome() async throws {
    try await with(area: "exit_delay_s = 0\nentry_delay_s = 600\n") { house in
      #expect(try await house.doorctl("arm", "home").output == "Home is armed_away\n")
      try house.set("front", "open")
      try await area("pending", house)
      #expect(try await house.doorctl("disarm", "home").output == "Home is disarmed\n")
      try house.set("front", "closed")
      try await house.sees("house/front: closed", status: 0)
      #expect(try await house.alertRecords().map(\.standing) == [.withdrawn])
      #expect(house.webhook.requests.isEmpty)
    }
  }

  @Test("every mode is armed, by doorctl's words and by Home Assistant's")
  func modes() async throws {
    try await with(area: "exit_delay_s = 0\n") { house in
      for (word, state) in [
        ("home", "armed_home"), ("night", "armed_night"), ("vacation", "armed_vacation"),
        ("custom-bypass", "armed_custom_bypass"),
      ] {
        #expect(try await house.doorctl("arm", "home", "--mode", word).output == "Home is \(state)\n")
        try await area(state, house)
      }
      try house.publish("dooralarm/area/home/alarm/set", #"{"action":"ARM_AWAY"}"#, retain: false)
      try await area("armed_away", house)
      #expect(
        try await house.doorctl("arm", "home", "--mode", "night", "--bypass", "house/front").output
          == "Home is armed_night, without front\n")
      #expect(
        try await house.retained("dooralarm/area/home/alarm")?.contains(#""bypassed":["house/front"]"#)
          == true)
    }
  }

  @Test("a command of MQTT 5 is answered where it asks to be")
  func responseTopic() async throws {
    try await with(area: "exit_delay_s = 0\n") { house in
      let answer = try await ProgramAnswer.of([
        "/usr/bin/mosquitto_rr", "-V", "5", "-h", "127.0.0.1", "-p", "\(house.broker.port)", "-u", "house",
        "-P", Household.password, "-q", "1", "-t", "dooralarm/area/home/alarm/set", "-e", "keypad/answer",
        "-m",
        #"{"command":"ARM_NIGHT","id":"7f"}"#, "-W", "30",
      ])
      #expect(answer.status == 0, "\(answer)")
      #expect(answer.output.contains(#""event":"accepted","id":"7f","state":"armed_night""#))
    }
  }

  // MARK: Codes

  @Test("where there are people with codes nobody disarms without one, and who did is written down")
  func codes() async throws {
    let hash = try await ProgramAnswer.of([
      "/bin/sh", "-c", "printf '0042\\n' | \(ProgramProcess.folder.path)/door-notifier hash-code",
    ]).output
    #expect(hash.hasPrefix("code_hash = \"$7$"))
    let users = "[[user]]\nname = \"Ada\"\n\(hash)"
    try await with(area: "exit_delay_s = 0\n", notifier: users) { house in
      func doorctl(_ code: String, _ words: String) async throws -> ProgramAnswer {
        try await ProgramAnswer.of([
          "/bin/sh", "-c",
          "printf '\(code)\\n' | \(ProgramProcess.folder.path)/doorctl \(words) --code "
            + "--config \(house.file("doorctl.toml").path) --timeout 30",
        ])
      }
      #expect(try await house.doorctl("arm", "home").status == 0, "arming takes none by itself")
      let without = try await house.doorctl("disarm", "home")
      #expect(without.status == 1)
      #expect(without.output == "Home: it takes a code\n")
      let wrong = try await doorctl("42", "disarm home")
      #expect(wrong.output == "Home: the code is wrong\n")
      try await eventually("the pause after a wrong code to be over") {
        try await doorctl("0042", "disarm home").output == "Home is disarmed\n"
      }
      let commands = try await AlarmStore(path: house.storePath).transact { try $0.commands(limit: 100) }
      #expect(commands.first?.person == "Ada")
      #expect(commands.first?.source == "doorctl")
      #expect(commands.last?.command == "arm_away")
      #expect(!house.notifier.log.contains("0042"))
      #expect(try await house.retained("dooralarm/area/home/alarm")?.contains(#""changed_by":"Ada""#) == true)
    }
  }

  @Test("five wrong codes lock out, and are told")
  func lockout() async throws {
    let hash = "$7$CU..../....salt0salt0salt$9NTcPqr964uhbZ8GU.ktizfagcNK/Zw1gg.gOwV5xE7"
    let users = "[[user]]\nname = \"Ada\"\ncode_hash = \"\(hash)\"\n"
    try await with(area: "", notifier: users) { house in
      var number = 0
      try await eventually("the lockout") {
        number += 1
        try house.publish(
          "dooralarm/area/home/alarm/set", #"{"command":"DISARM","code":"\#(number)"}"#, retain: false)
        return !house.webhook.alerts.isEmpty
      }
      #expect(house.webhook.requests.first?.json["kind"] as? String == "wrong_codes")
      let right = try await ProgramAnswer.of([
        "/bin/sh", "-c",
        "printf '0123\\n' | \(ProgramProcess.folder.path)/doorctl disarm home --code "
          + "--config \(house.file("doorctl.toml").path) --timeout 30",
      ])
      #expect(right.status == 1, "also the right one has to wait")
      #expect(right.output.contains("no code is looked at for another"))
    }
  }

  // MARK: Supervision

  @Test("a broker that is gone is told within three heartbeats, once, and so is its return")
  func brokerGone() async throws {
    try await Household.with(heartbeatSeconds: 1) { house in
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      #expect(try await house.doorctl("arm", "home").status == 0)
      house.broker.terminate()
      try await eventually("the alarm") { house.webhook.alerts.count == 1 }
      let alarm = try #require(house.webhook.requests.first)
      #expect(alarm.json["kind"] as? String == "broker_gone")
      #expect(alarm.json["severity"] as? String == "alarm")
      try await house.broker.start()
      try await eventually("the all-clear") {
        house.webhook.requests.last?.json["stage"] as? String == "resolved"
      }
      #expect(house.webhook.requests.allSatisfy { $0.json["kind"] as? String == "broker_gone" })
    }
  }

  @Test("a second notifier of the same name is told")
  func clientTaken() async throws {
    try await with(area: "") { house in
      let other = ProgramProcess(
        "door-notifier", ["--config", house.file("other.toml").path], logFile: house.file("other.log"))
      defer { other.kill() }
      let settings = try String(contentsOf: house.file("notifier.toml"), encoding: .utf8)
        .replacing("store.sqlite", with: "other.sqlite")
      try settings.write(to: house.file("other.toml"), atomically: true, encoding: .utf8)
      try other.start()
      try await eventually(within: .seconds(180), "that somebody takes the messages") {
        house.webhook.requests.contains { $0.json["kind"] as? String == "client_taken" }
      }
    }
  }

  // MARK: Contacts of others

  @Test("a contact of zigbee2mqtt is a door like any other: opened, gone, tampered with, its battery low")
  func zigbee() async throws {
    let door = """
      [[door]]
      agent = "zigbee"
      id = "cellar"
      area = "home"
      [door.source]
      type = "zigbee2mqtt"
      topic = "zigbee2mqtt/cellar"

      """
    try await with(area: "exit_delay_s = 0\nentry_delay_s = 0\n", notifier: door) { house in
      func says(_ payload: String, _ topic: String = "zigbee2mqtt/cellar") throws {
        try house.publish(topic, payload, retain: true)
      }
      func history() async throws -> [DoorState] {
        let address = try DoorAddress("zigbee/cellar")
        return try await AlarmStore(path: house.storePath).transact {
          try $0.history(of: address).map(\.transition.state)
        }
      }
      #expect(try await house.doorctl("arm", "home").output.contains("cellar is unknown"))
      try says(#"{"state":"online"}"#, "zigbee2mqtt/bridge/state")
      try says("online", "zigbee2mqtt/cellar/availability")
      try says(#"{"contact":true,"battery_low":false,"tamper":false}"#)
      try await eventually("the door to be closed") { try await history() == [.closed] }
      #expect(try await house.doorctl("arm", "home").output == "Home is armed_away\n")
      try says(#"{"contact":true,"battery_low":true,"tamper":false}"#)
      try await eventually("the battery") { try await kinds(house) == [.batteryLow] }
      // The same again, as after a restart of the broker or of the notifier.
      house.notifier.kill()
      try house.notifier.start()
      try says(#"{"contact":false,"battery_low":true,"tamper":false}"#)
      try await eventually("the alarm") { try await kinds(house) == [.batteryLow, .opened] }
      try says(#"{"state":"offline"}"#, "zigbee2mqtt/cellar/availability")
      try await eventually("the contact to be gone") { try await history() == [.closed, .open, .unknown] }
      try says(#"{"state":"online"}"#, "zigbee2mqtt/cellar/availability")
      try says(#"{"contact":true,"battery_low":false,"tamper":true}"#)
      try await eventually("the tampering") { try await history().last == .fault }
      try says(#"{"contact":true,"battery_low":false,"tamper":false}"#)
      try await eventually("the door") { try await history().last == .closed }
      let records = try await house.alertRecords()
      #expect(records.map(\.alert.kind) == [.batteryLow, .opened, .doorFault])
      #expect(records.allSatisfy { $0.resolved != nil })
    }
  }

  // MARK: The store

  @Test("the store is copied and checked while it runs, and a damaged one is found")
  func care() async throws {
    try await with(area: "exit_delay_s = 0\n") { house in
      let settings = ["--config", house.file("notifier.toml").path]
      let copy = house.file("copy.sqlite").path
      let backup = try await ProgramAnswer.of("door-notifier", ["backup", copy] + settings)
      #expect(backup.status == 0, "\(backup)")
      let again = try await ProgramAnswer.of("door-notifier", ["backup", copy] + settings)
      #expect(again.status == 73)
      #expect(again.errors.contains("there is such a file already"))
      for store in [[copy], []] {
        let check = try await ProgramAnswer.of("door-notifier", ["check-store"] + store + settings)
        #expect(check.status == 0, "\(check)")
        #expect(check.output.hasPrefix("whole: 1 transitions of 1 doors, 0 alerts\n"))
      }
      #expect(try await AlarmStore(path: copy).transact { try $0.alertRecords() }.isEmpty)

      var bytes = try Data(contentsOf: URL(filePath: copy))
      for index in stride(from: 5_000, to: bytes.count, by: 7) { bytes[index] ^= 0x55 }
      try bytes.write(to: house.file("damaged.sqlite"))
      let damaged = try await ProgramAnswer.of(
        "door-notifier", ["check-store", house.file("damaged.sqlite").path] + settings)
      #expect(damaged.status == 65, "\(damaged)")
      #expect(damaged.errors.contains("is damaged"))
      #expect(house.notifier.isRunning)
    }
  }
}
