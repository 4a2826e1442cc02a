import AlarmStore
import DoorCore
import Foundation
import MainJobSupport
import TestSupport
import Testing

/// The broker is away, forgets, refuses, or carries what is no door's state.
@Suite struct BrokerFaultTests {
  @Test(
    "with no broker at the start the agent senses and keeps; all of it arrives in order when there is one")
  func brokerAwayAtTheStart() async throws {
    try await Household.with { house in
      try house.agent.start()
      try await house.agent.says("door front is closed")
      for (state, count) in [("open", 2), ("closed", 3), ("open", 4)] {
        try house.set("front", state)
        try await house.agent.says("door front is \(state) seq=\(count)")
      }
      try await house.agent.says("is the broker running?")
      #expect(try await house.doorctl("state").status == 2)
      try await house.broker.start()
      try house.notifier.start()
      try await house.sees("house/front: open")
      // The notifier came after the messages: it knows the newest, and its history begins there.
      try await eventually("the history") { try await !house.history(of: "front").isEmpty }
    }
  }

  @Test("a broker that goes away and comes back empty loses nothing")
  func brokerComesBackEmpty() async throws {
    try await Household.with { house in
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      #expect(try await house.doorctl("arm", "home").status == 0)
      try await eventually("the first transition") { try await house.history(of: "front").count == 1 }
      house.broker.kill()
      for (state, count) in [("open", 2), ("closed", 3)] {
        try house.set("front", state)
        try await house.agent.says("door front is \(state) seq=\(count)")
      }
      try await house.broker.restart(emptied: true)
      try await house.sees("house/front: closed", status: 0)
      try await house.sees("house/back: closed", status: 0)
      try await eventually("the history") { try await house.history(of: "front").count == 3 }
      #expect(try await house.history(of: "front").map(\.transition.state) == [.closed, .open, .closed])
      try await eventually("the alarm") { house.webhook.alerts.count == 1 }
      // The area's state is the notifier's to restate.
      #expect(try await house.doorctl("disarm", "home").output == "Home is disarmed\n")
    }
  }

  @Test("a message that the broker lost is asked back from the agent, and is an alarm found late")
  func lostMessage() async throws {
    try await Household.with { house in
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      #expect(try await house.doorctl("arm", "home").status == 0)
      house.notifier.kill()
      try house.set("front", "open")
      try await house.sees("house/front: open", status: 1)
      // The queue that waits for the notifier is lost with the broker's memory.
      try await house.broker.restart(emptied: true)
      try house.set("front", "closed")
      try await house.sees("house/front: closed", status: 0)
      try house.notifier.start()
      try await eventually("the history") { try await house.history(of: "front").count == 3 }
      let history = try await house.history(of: "front")
      #expect(history.map(\.transition.state) == [.closed, .open, .closed])
      #expect(history.map(\.manner) == [.baseline, .replayed, .live])
      try await eventually("the alarm") { house.webhook.alerts.count == 1 }
      #expect(house.webhook.requests.first?.json["late"] as? Bool == true)
    }
  }

  @Test("a wrong password is said with what to do, by all three programs")
  func wrongPassword() async throws {
    try await Household.with(password: "wrong") { house in
      try await house.broker.start()
      try house.agent.start()
      try house.notifier.start()
      try await house.agent.says("user name or password")
      try await house.notifier.says("user name or password")
      let answer = try await house.doorctl("state")
      #expect(answer.status == 2)
      #expect(answer.errors.contains("user name or password"))
      #expect(house.agent.isRunning && house.notifier.isRunning)
      #expect(!house.agent.log.contains("wrong") && !house.notifier.log.contains("wrong"))
    }
  }

  @Test(
    "what is no door's state is told, puts nothing out of step, and the agent's own statement replaces it",
    arguments: ["not json", "", "{\"v\":1}", String(repeating: "x", count: 1_000_000)])
  func unreadableState(payload: String) async throws {
    try await Household.with { house in
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      try await eventually("the first transition") { try await house.history(of: "front").count == 1 }
      #expect(try await house.doorctl("arm", "home").status == 0)
      try house.publish("dooralarm/house/door/front", payload, retain: true)
      try await house.notifier.says("holds no door's state")
      try await eventually("the alarm") { !house.webhook.alerts.isEmpty }
      #expect(house.webhook.requests.first?.json["kind"] as? String == "door_fault")
      try await house.notifier.says("house/front is readable again")
      try await house.sees("house/front: closed", status: 0)
      try house.set("front", "open")
      try await eventually("the next transition") { try await house.history(of: "front").count == 2 }
      #expect(house.notifier.isRunning)
    }
  }

  @Test("a retained command is ignored, and one that makes no sense is refused")
  func badCommands() async throws {
    try await Household.with { house in
      try await house.broker.start()
      try house.publish("dooralarm/area/home/alarm/set", "ARM_AWAY", retain: true)
      try await house.startPrograms()
      try await house.notifier.says("a retained command for the area \"home\" is ignored")
      try house.publish("dooralarm/area/home/alarm/set", "open sesame", retain: false)
      try await house.notifier.says("what was sent is no command")
      try house.publish("dooralarm/area/home/alarm/set", "DISARM", retain: false)
      try await house.notifier.says("Home is disarmed already")
    }
  }

  @Test("a second agent with the same id is told so, and does not become a storm")
  func sameClientIdentifier() async throws {
    try await Household.with { house in
      try await house.start()
      let second = ProgramProcess(
        "door-agent", ["--config", house.file("second.toml").path], logFile: house.file("second.log"))
      let settings = try String(contentsOf: house.file("agent.toml"), encoding: .utf8)
        .replacingOccurrences(of: "journal.sqlite", with: "second.sqlite")
      try settings.write(to: house.file("second.toml"), atomically: true, encoding: .utf8)
      try second.start()
      try await eventually("somebody's complaint") {
        (house.agent.log + second.log).contains("another client uses the client id")
      }
      #expect(house.agent.isRunning && second.isRunning)
      second.terminate()
    }
  }
}
