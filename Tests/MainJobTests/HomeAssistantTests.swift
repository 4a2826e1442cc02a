import Foundation
import MainJobSupport
import TestSupport
import Testing

/// The agent as Home Assistant meets it.
@Suite struct HomeAssistantTests {
  private let topic = "homeassistant/device/dooralarm_house/config"

  private func components(_ house: Household) async throws -> [String: [String: Any]] {
    let text = try await house.retained(topic) ?? "{}"
    let json = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    return json?["components"] as? [String: [String: Any]] ?? [:]
  }

  @Test("is found with its doors, again when Home Assistant starts, and without those that are gone")
  func discovery() async throws {
    try await Household.with { house in
      let lines = "[home_assistant]\n"
      let doors = [house.simulatedDoor("front"), house.simulatedDoor("back")]
      try house.writeSettings(doors: doors, agentLines: lines)
      try await house.start()
      try await eventually("the description") { try await components(house)["door_back"] != nil }
      // As if somebody had cleared the broker.
      try house.publish(topic, "", retain: true)
      #expect(try await house.retained(topic) == nil)
      try house.publish("homeassistant/status", "offline", retain: false)
      try house.publish("homeassistant/status", "online", retain: false)
      try await eventually("the description again") { try await components(house)["door_back"] != nil }

      try house.writeSettings(doors: [doors[0]], agentLines: lines)
      house.agent.reload()
      try await eventually("without the other door") {
        try await components(house)["door_back"] as? [String: String] == ["platform": "binary_sensor"]
      }
      #expect(try await components(house)["door_front"]?["device_class"] as? String == "door")
    }
  }

  @Test("has a panel for the area, whose words arm and disarm it, again when Home Assistant starts")
  func panel() async throws {
    try await Household.with { house in
      try house.writeSettings(
        doors: [house.simulatedDoor("front")], notifierLines: "[home_assistant]\n")
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      let topic = "homeassistant/device/dooralarm-notifier-main/config"
      func panel() async throws -> [String: Any]? {
        let text = try await house.retained(topic) ?? "{}"
        let json = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        return (json?["components"] as? [String: [String: Any]])?["area_home"]
      }
      try await eventually("the panel") { try await panel() != nil }
      // What Home Assistant does with it.
      let (state, command) = try await (
        panel()?["state_topic"] as? String, panel()?["command_topic"] as? String
      )
      let (stateTopic, commandTopic) = (try #require(state), try #require(command))
      for (word, expected) in [("ARM_AWAY", "armed_away"), ("DISARM", "disarmed")] {
        try house.publish(commandTopic, word, retain: false)
        try await eventually("\(expected)") {
          let json =
            try JSONSerialization.jsonObject(
              with: Data((try await house.retained(stateTopic) ?? "{}").utf8)) as? [String: Any]
          return json?["state"] as? String == expected
        }
      }
      try house.publish(topic, "", retain: true)
      try house.publish("homeassistant/status", "online", retain: false)
      try await eventually("the panel again") { try await panel() != nil }
    }
  }

  @Test("is told nothing where nobody asked for it")
  func unwanted() async throws {
    try await Household.with { house in
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      #expect(try await house.retained("homeassistant/#") == nil)
    }
  }
}
