package import DoorCore
import FoundationEssentials

/// An agent as Home Assistant finds it: one device whose components are its doors, by the device discovery of its
/// MQTT integration (www.home-assistant.io/integrations/mqtt, "Device discovery payload").
package struct HomeAssistantDevice: Sendable {
  package struct Door: Sendable {
    package var id: Identifier
    /// What people call it.
    package var name: String
    /// It has a loop that shows tampering.
    package var hasTamper: Bool

    package init(id: Identifier, name: String, hasTamper: Bool) {
      self.id = id
      self.name = name
      self.hasTamper = hasTamper
    }
  }

  private let agent: Identifier
  private let topics: Topics
  private let doors: [Door]
  private let removedDoors: [Door]

  /// - Parameter removedDoors: doors that the device had before and that Home Assistant is to forget.
  package init(agent: Identifier, topics: Topics, doors: [Door], removedDoors: [Door] = []) {
    self.agent = agent
    self.topics = topics
    self.doors = doors
    self.removedDoors = removedDoors
  }

  /// Where the device's retained description belongs.
  package func topic(prefix: String) -> String {
    HomeAssistantDiscovery.topic(prefix: prefix, object: "\(topics.root)_\(agent)")
  }

  /// The retained description.
  package func encoded() -> [UInt8] {
    var components = ["last_heartbeat": heartbeat]
    for door in removedDoors { components.merge(self.components(of: door).mapValues(\.removed)) { $1 } }
    for door in doors { components.merge(self.components(of: door)) { $1 } }
    return WireCoding.encode(
      HomeAssistantDiscovery(
        identifier: "\(topics.root)/\(agent)", name: agent.description, program: "door-agent",
        availabilityTopic: topics.availability(ofAgent: agent), components: components))
  }

  private func components(of door: Door) -> [String: HomeAssistantDiscovery.Component] {
    let topic = topics.door(DoorAddress(agent: agent, door: door.id))
    var contact = HomeAssistantDiscovery.Component(platform: "binary_sensor")
    contact.name = door.name
    contact.uniqueID = topic
    contact.defaultEntityID = entity("binary_sensor", "\(door.id)")
    contact.deviceClass = "door"
    contact.stateTopic = topic
    contact.payloadOn = "open"
    contact.payloadOff = "closed"
    // "None" is how a template says that the state is not known.
    contact.valueTemplate = "{{ value_json.state if value_json.state in ('open', 'closed') else 'None' }}"
    contact.attributesTopic = topic
    contact.attributesTemplate =
      "{{ {'since': value_json.since, 'cause': value_json.cause, 'clock': value_json.clock, "
      + "'seq': value_json.seq, 'missed': value_json.missed} | tojson }}"
    var components = ["door_\(door.id)": contact]
    components["problem_\(door.id)"] = fault(
      of: door, "problem", "value_json.state in ('fault', 'unknown')", isDiagnostic: true)
    if door.hasTamper {
      components["tamper_\(door.id)"] = fault(
        of: door, "tamper", "value_json.state == 'fault'", isDiagnostic: false)
    }
    return components
  }

  private func fault(
    of door: Door, _ kind: String, _ condition: String, isDiagnostic: Bool
  ) -> HomeAssistantDiscovery.Component {
    let topic = topics.door(DoorAddress(agent: agent, door: door.id))
    var component = HomeAssistantDiscovery.Component(platform: "binary_sensor")
    component.name = "\(door.name) \(kind)"
    component.uniqueID = "\(topic)/\(kind)"
    component.defaultEntityID = entity("binary_sensor", "\(door.id)_\(kind)")
    component.deviceClass = kind
    component.entityCategory = isDiagnostic ? "diagnostic" : nil
    component.stateTopic = topic
    component.valueTemplate = "{{ 'ON' if \(condition) else 'OFF' }}"
    return component
  }

  private var heartbeat: HomeAssistantDiscovery.Component {
    let topic = topics.heartbeat(ofAgent: agent)
    var component = HomeAssistantDiscovery.Component(platform: "sensor")
    component.name = "Last heartbeat"
    component.uniqueID = topic
    component.defaultEntityID = entity("sensor", "last_heartbeat")
    component.deviceClass = "timestamp"
    component.entityCategory = "diagnostic"
    component.stateTopic = topic
    component.valueTemplate = "{{ value_json.sent }}"
    return component
  }

  private func entity(_ domain: String, _ name: String) -> String {
    HomeAssistantDiscovery.entity(domain, "\(agent)_\(name)")
  }
}
