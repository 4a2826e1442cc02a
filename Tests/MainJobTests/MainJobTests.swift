import AlarmStore
import DoorCore
import Foundation
import MainJobSupport
import TestSupport
import Testing

/// The path from a door to a person, with real processes, a real mosquitto and simulated contacts.
@Suite struct MainJobTests {
  @Test("closed, armed, opened: alarm; closed, disarmed, opened: none")
  func story() async throws {
    try await Household.with { house in
      try await house.start()
      try await house.sees("house/front: closed", status: 0)

      #expect(try await house.doorctl("arm", "home").output == "Home is armed_away\n")
      try house.set("front", "open")
      try await eventually("the webhook's call") { house.webhook.alerts.count == 1 }
      let alarm = try #require(house.webhook.requests.first)
      #expect(alarm.json["severity"] as? String == "alarm")
      #expect(alarm.json["door"] as? String == "front")
      #expect(alarm.json["simulated"] as? Bool == true)
      #expect(alarm.headers["idempotency-key"] == alarm.json["id"] as? String)
      try await house.notifier.says("ALARM: front")
      try await house.sees("house/front: open", status: 1)

      try house.set("front", "closed")
      try await house.sees("house/front: closed", status: 0)
      #expect(try await house.doorctl("disarm", "home").output == "Home is disarmed\n")
      try await eventually("the end of the alarm") { house.webhook.alerts.count == 2 }
      #expect(house.webhook.requests.last?.json["kind"] as? String == "alarm_ended")
      try house.set("front", "open")
      try await house.sees("house/front: open", status: 1)
      #expect(house.webhook.alerts.count == 2)

      let states = try await house.history(of: "front").map(\.transition.state)
      #expect(states == [.closed, .open, .closed, .open])
    }
  }

  @Test("the same over encrypted connections, with the household's own authority")
  func encrypted() async throws {
    try await Household.with(authority: try CertificateAuthority()) { house in
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      #expect(try await house.doorctl("arm", "home").status == 0)
      try house.set("front", "open")
      try await eventually("the webhook's call") { house.webhook.alerts.count == 1 }
    }
  }

  @Test("arming with an open door is refused with the door's name, and forced")
  func armingWithAnOpenDoor() async throws {
    try await Household.with { house in
      try "open\n".write(to: house.file("back"), atomically: false, encoding: .utf8)
      try await house.start()
      try await house.sees("house/back: open", status: 1)
      let refusal = try await house.doorctl("arm", "home")
      #expect(refusal.status == 1)
      #expect(refusal.output.contains("back is open"))
      #expect(try await house.doorctl("arm", "home", "--force").status == 0)
      #expect(house.webhook.requests.isEmpty)
    }
  }

  @Test("a broken tamper loop is an alarm when armed, and the door has its state again when it is mended")
  func tamper() async throws {
    try await Household.with { house in
      try house.set("loop", "closed")
      var door = house.simulatedDoor("front")
      door.lines += ["[door.tamper]", "simulated = \"\(house.file("loop").path)\""]
      try house.writeSettings(doors: [door])
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      #expect(try await house.doorctl("arm", "home").status == 0)
      try house.set("loop", "open")
      try await eventually("the webhook's call") { house.webhook.alerts.count == 1 }
      #expect(house.webhook.requests.first?.json["severity"] as? String == "alarm")
      try await house.sees("house/front: fault", status: 2)
      try house.set("loop", "closed")
      try await house.sees("house/front: closed", status: 0)
      #expect(try await house.history(of: "front").map(\.transition.state) == [.closed, .fault, .closed])
    }
  }

  @Test("an agent that falls silent is an alarm when armed, once; its doors are unknown until it is back")
  func silentAgent() async throws {
    try await Household.with(heartbeatSeconds: 1) { house in
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      #expect(try await house.doorctl("arm", "home").status == 0)
      // Its connection stays, and so does the retained "online".
      house.agent.pause()
      try await eventually("the alarm") { house.webhook.alerts.count == 1 }
      #expect(house.webhook.requests.first?.json["kind"] as? String == "agent_silent")
      #expect(house.webhook.requests.first?.json["severity"] as? String == "alarm")
      // Known to be silent, it is told of no second time by the next run.
      house.notifier.kill()
      try house.notifier.start()
      #expect(try await house.doorctl("disarm", "home").status == 0)
      let refusal = try await house.doorctl("arm", "home")
      #expect(refusal.output.contains("front is unknown"), "\(refusal)")
      house.agent.resume()
      try await eventually("the all-clear") {
        house.webhook.requests.last?.json["stage"] as? String == "resolved"
      }
      // The killed one may have told it without having written that down.
      let kinds = Set(house.webhook.requests.compactMap { $0.json["kind"] as? String })
      #expect(kinds == ["agent_silent", "alarm_ended"])
      #expect(house.webhook.alerts.count == 3)
      try await house.sees("house/front: closed", status: 0)
      try await eventually("arming") { try await house.doorctl("arm", "home").status == 0 }
    }
  }

  @Test("a webhook that fails is tried again with the same key, also by the notifier's next run")
  func failingWebhook() async throws {
    try await Household.with { house in
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      #expect(try await house.doorctl("arm", "home").status == 0)
      house.webhook.answer(503)
      try house.set("front", "open")
      try await eventually("the second try") { house.webhook.requests.count >= 2 }
      house.notifier.kill()
      house.webhook.answer(200)
      let tries = house.webhook.requests.count
      try house.notifier.start()
      try await eventually("the delivery") { house.webhook.requests.count > tries }
      #expect(house.webhook.alerts.count == 1)
      try await eventually("the receipt") {
        try await house.deliveries(through: "hook") == ["delivered"]
      }
    }
  }

  @Test("what happens while the notifier is away is an alarm when it is back, and nothing is one twice")
  func notifierAway() async throws {
    try await Household.with { house in
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      #expect(try await house.doorctl("arm", "home").status == 0)
      house.notifier.kill()
      for state in ["open", "closed", "open"] {
        try house.set("front", state)
        try await house.sees("house/front: \(state)")
      }
      try house.notifier.start()
      try await eventually("both alarms") { house.webhook.alerts.count == 2 }
      house.notifier.terminate()
      try house.notifier.start()
      house.agent.terminate()
      try house.agent.start()
      // The next transition is behind everything that could come twice.
      try house.set("front", "closed")
      try await house.sees("house/front: closed", status: 0)
      try await eventually("the whole history") { try await house.history(of: "front").count == 5 }
      #expect(house.webhook.alerts.count == 2)
    }
  }
}
