import Foundation
import MainJobSupport
import TestSupport
import Testing

/// What doorctl answers, and with which exit status.
@Suite struct StateCommandTests {
  @Test("0: all closed, 1: one open, 2: one unknown; each door by name, and all in JSON")
  func statuses() async throws {
    try await Household.with { house in
      try await house.start()
      try await house.sees("house/front: closed since", status: 0)
      try await house.sees("house/back: closed since", status: 0)
      #expect(try await house.doorctl("state").status == 0)

      try house.set("back", "open")
      try await house.sees("house/back: open since", status: 1)
      #expect(try await house.doorctl("state", "house/front").status == 0)
      let all = try await house.doorctl("state", "--json")
      #expect(all.status == 1)
      let doors = try #require(
        try JSONSerialization.jsonObject(with: Data(all.output.utf8)) as? [[String: Any]])
      #expect(doors.map { $0["door"] as? String } == ["house/back", "house/front"])
      #expect(doors.map { $0["state"] as? String } == ["open", "closed"])
      #expect(doors.map { $0["simulated"] as? Bool } == [true, true])

      let unheard = try await house.doorctl("state", "house/cellar")
      #expect(unheard.status == 2)
      #expect(unheard.output == "house/cellar: unknown - no state is retained for it\n")
    }
  }

  @Test(
    "a door whose agent is gone is unknown, however it left", arguments: [true, false])
  func goneAgent(wasKilled: Bool) async throws {
    try await Household.with { house in
      try await house.start()
      try await house.sees("house/front: closed since", status: 0)
      if wasKilled { house.agent.kill() } else { house.agent.terminate() }
      try await house.sees("house/front: unknown (last known: closed)", status: 2)
    }
  }

  @Test("a retained \"online\" that nobody has taken back is no sign of life without a fresh heartbeat")
  func leftBehindOnline() async throws {
    try await Household.with { house in
      try await house.broker.start()
      try house.publish(
        "dooralarm/ghost/door/front",
        """
        {"v":1,"state":"closed","since":"2026-11-23T01:22:03.417Z","journal":"5e1f0c77","seq":1,"boot":"9f3c51d2",
        "uptime_ms":1,"clock":"synced","cause":"edge","missed":0,"sent":"2026-11-23T01:22:03.460Z"}
        """, retain: true)
      try house.publish("dooralarm/ghost/availability", "online", retain: true)
      let without = try await house.doorctl("state", "ghost/front")
      #expect(without.status == 2)
      #expect(without.output.contains("unknown (last known: closed)"))
      #expect(without.output.hasSuffix("its agent has no heartbeat\n"))
      try house.publish(
        "dooralarm/ghost/heartbeat",
        """
        {"sent":"2020-01-01T00:00:00.000Z","uptime_s":1,"period_s":60,"journal":"5e1f0c77","doors":{}}
        """, retain: true)
      let old = try await house.doorctl("state", "ghost/front")
      #expect(old.status == 2)
      #expect(old.output.hasSuffix("its agent was last heard at 2020-01-01T00:00:00.000Z\n"))
    }
  }

  @Test("no broker, no door, no settings and a bad name are said, and none of them is taken for closed")
  func faults() async throws {
    try await Household.with { house in
      let unreachable = try await house.doorctl("state")
      #expect(unreachable.status == 2)
      #expect(unreachable.errors.contains("is the broker running?"))
      try await house.broker.start()
      let empty = try await house.doorctl("state")
      #expect(empty.status == 2)
      #expect(empty.errors.contains("is the agent running?"))
      #expect(try await house.doorctl("state", "front door").status == 64)
      #expect(try await ProgramAnswer.of("doorctl", ["state", "--config", "/nowhere.toml"]).status == 78)
    }
  }

  @Test("a command that no notifier obeys says so")
  func noNotifier() async throws {
    try await Household.with { house in
      try await house.broker.start()
      let answer = try await ProgramAnswer.of(
        "doorctl", ["arm", "home", "--config", house.file("doorctl.toml").path, "--timeout", "1"])
      #expect(answer.status == 2)
      #expect(answer.errors.contains("the notifier does not answer: is it running?"))
    }
  }
}
