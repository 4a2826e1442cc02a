import DoorCore
import DoorWire
import Foundation
import Testing

/// The keys and values are those of www.home-assistant.io/integrations/mqtt ("Device discovery payload"),
/// …/binary_sensor.mqtt and …/sensor.mqtt.
@Suite("The device for Home Assistant")
struct HomeAssistantDeviceTests {
  private func door(_ id: String, name: String? = nil, hasTamper: Bool = false) throws
    -> HomeAssistantDevice.Door
  {
    HomeAssistantDevice.Door(id: try Identifier(id), name: name ?? id, hasTamper: hasTamper)
  }

  private func device(
    _ doors: [HomeAssistantDevice.Door], removed: [HomeAssistantDevice.Door] = [], root: String = "dooralarm"
  ) throws -> HomeAssistantDevice {
    HomeAssistantDevice(
      agent: try Identifier("porch-pi"), topics: try Topics(root: root), doors: doors, removedDoors: removed)
  }

  private func json(_ device: HomeAssistantDevice) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(device.encoded())) as? [String: Any])
  }

  private func components(_ device: HomeAssistantDevice) throws -> [String: [String: Any]] {
    try #require(try json(device)["components"] as? [String: [String: Any]])
  }

  @Test("is described below the prefix, under an object id without special characters")
  func topic() throws {
    #expect(
      try device([]).topic(prefix: "homeassistant") == "homeassistant/device/dooralarm_porch-pi/config")
    #expect(
      try device([], root: "home/doors Ω").topic(prefix: "ha/discovery")
        == "ha/discovery/device/home_doors___porch-pi/config")
    #expect(HomeAssistantDiscovery.statusTopic(prefix: "homeassistant") == "homeassistant/status")
  }

  @Test("has what identifies it, its origin and its availability once for all components")
  func shared() throws {
    let json = try json(device([try door("front")]))
    #expect(Set(json.keys) == ["device", "origin", "availability_topic", "qos", "components"])
    let device = try #require(json["device"] as? [String: Any])
    #expect(device["identifiers"] as? [String] == ["dooralarm/porch-pi"])
    #expect(device["name"] as? String == "porch-pi")
    #expect((json["origin"] as? [String: Any])?["name"] as? String == "door-agent")
    #expect(json["availability_topic"] as? String == "dooralarm/porch-pi/availability")
    #expect(json["qos"] as? Int == 1)
  }

  @Test("has every door as a binary sensor of class door, by its retained state")
  func contact() throws {
    let door = try #require(
      try components(device([try door("front-left", name: "Front door")]))["door_front-left"])
    let topic = "dooralarm/porch-pi/door/front-left"
    let expected: [String: String] = [
      "platform": "binary_sensor", "name": "Front door", "unique_id": topic,
      "default_entity_id": "binary_sensor.porch_pi_front_left", "device_class": "door", "state_topic": topic,
      "payload_on": "open", "payload_off": "closed",
      "value_template": "{{ value_json.state if value_json.state in ('open', 'closed') else 'None' }}",
      "json_attributes_topic": topic,
      "json_attributes_template":
        "{{ {'since': value_json.since, 'cause': value_json.cause, 'clock': value_json.clock, 'seq': value_json.seq, 'missed': value_json.missed} | tojson }}",
    ]
    #expect(door as? [String: String] == expected)
  }

  @Test(
    "has a tamper sensor where there is a loop, a problem of every door, and when the agent was last heard")
  func diagnostics() throws {
    let components = try components(device([try door("front", hasTamper: true), try door("back")]))
    #expect(
      Set(components.keys) == [
        "door_front", "tamper_front", "problem_front", "door_back", "problem_back", "last_heartbeat",
      ])
    #expect(components["tamper_front"]?["device_class"] as? String == "tamper")
    #expect(components["tamper_front"]?["entity_category"] == nil)
    #expect(
      components["tamper_front"]?["value_template"] as? String
        == "{{ 'ON' if value_json.state == 'fault' else 'OFF' }}")
    #expect(components["problem_back"]?["device_class"] as? String == "problem")
    #expect(components["problem_back"]?["entity_category"] as? String == "diagnostic")
    let heartbeat = try #require(components["last_heartbeat"])
    #expect(heartbeat["platform"] as? String == "sensor")
    #expect(heartbeat["device_class"] as? String == "timestamp")
    #expect(heartbeat["state_topic"] as? String == "dooralarm/porch-pi/heartbeat")
    #expect(heartbeat["value_template"] as? String == "{{ value_json.sent }}")
  }

  @Test("lets no state expire and no two components share an id, and fits into one message")
  func all() throws {
    let doors = try (0..<64).map { try door("door-\($0)", hasTamper: true) }
    let device = try device(doors)
    let components = try components(device)
    #expect(components.count == 64 * 3 + 1)
    #expect(components.values.allSatisfy { $0["expire_after"] == nil })
    #expect(Set(components.values.compactMap { $0["unique_id"] as? String }).count == components.count)
    #expect(
      Set(components.values.compactMap { $0["default_entity_id"] as? String }).count == components.count)
    #expect(device.encoded().count < 100_000)
  }

  @Test("has nothing but the platform of a component that is to be forgotten")
  func removed() throws {
    let gone = try door("front", hasTamper: true)
    let components = try components(device([try door("back")], removed: [gone]))
    for component in ["door_front", "tamper_front", "problem_front"] {
      #expect(components[component] as? [String: String] == ["platform": "binary_sensor"])
    }
    #expect(components["door_back"]?["state_topic"] != nil)
    #expect(try self.components(device([gone], removed: [gone]))["door_front"]?["state_topic"] != nil)
  }
}
