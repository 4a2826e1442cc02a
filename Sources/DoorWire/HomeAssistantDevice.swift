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

  /// Where Home Assistant says `online` when it has started.
  package static func statusTopic(prefix: String) -> String { "\(prefix)/status" }

  /// Where the device's retained description belongs. An object id has letters, digits, `_` and `-` only.
  package func topic(prefix: String) -> String {
    let root = topics.root.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "_" }
    return "\(prefix)/device/\(String(root))_\(agent)/config"
  }

  /// The retained description.
  package func encoded() -> [UInt8] {
    var components = ["last_heartbeat": heartbeat]
    for door in removedDoors { components.merge(self.components(of: door).mapValues(\.removed)) { $1 } }
    for door in doors { components.merge(self.components(of: door)) { $1 } }
    return WireCoding.encode(
      DeviceJSON(
        device: .init(identifiers: ["\(topics.root)/\(agent)"], name: agent.description, model: "door-agent"),
        origin: .init(name: "door-agent"),
        availabilityTopic: topics.availability(ofAgent: agent),
        qualityOfService: 1,
        components: components))
  }

  private func components(of door: Door) -> [String: ComponentJSON] {
    let topic = topics.door(DoorAddress(agent: agent, door: door.id))
    var contact = ComponentJSON(platform: "binary_sensor")
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
  ) -> ComponentJSON {
    let topic = topics.door(DoorAddress(agent: agent, door: door.id))
    var component = ComponentJSON(platform: "binary_sensor")
    component.name = "\(door.name) \(kind)"
    component.uniqueID = "\(topic)/\(kind)"
    component.defaultEntityID = entity("binary_sensor", "\(door.id)_\(kind)")
    component.deviceClass = kind
    component.entityCategory = isDiagnostic ? "diagnostic" : nil
    component.stateTopic = topic
    component.valueTemplate = "{{ 'ON' if \(condition) else 'OFF' }}"
    return component
  }

  private var heartbeat: ComponentJSON {
    let topic = topics.heartbeat(ofAgent: agent)
    var component = ComponentJSON(platform: "sensor")
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
    "\(domain).\(agent)_\(name)".map { $0 == "-" ? "_" : String($0) }.joined()
  }
}

private struct DeviceJSON: Encodable {
  struct Device: Encodable {
    var identifiers: [String]
    var name: String
    var model: String
  }

  struct Origin: Encodable {
    var name: String
  }

  var device: Device
  var origin: Origin
  var availabilityTopic: String
  var qualityOfService: Int
  var components: [String: ComponentJSON]

  enum CodingKeys: String, CodingKey {
    case device, origin, components
    case availabilityTopic = "availability_topic"
    case qualityOfService = "qos"
  }
}

private struct ComponentJSON: Encodable {
  var platform: String
  var name: String?
  var uniqueID: String?
  var defaultEntityID: String?
  var deviceClass: String?
  var entityCategory: String?
  var stateTopic: String?
  var valueTemplate: String?
  var payloadOn: String?
  var payloadOff: String?
  var attributesTopic: String?
  var attributesTemplate: String?

  /// What makes Home Assistant forget it: nothing but the platform.
  var removed: ComponentJSON { ComponentJSON(platform: platform) }

  enum CodingKeys: String, CodingKey {
    case platform, name
    case uniqueID = "unique_id"
    case defaultEntityID = "default_entity_id"
    case deviceClass = "device_class"
    case entityCategory = "entity_category"
    case stateTopic = "state_topic"
    case valueTemplate = "value_template"
    case payloadOn = "payload_on"
    case payloadOff = "payload_off"
    case attributesTopic = "json_attributes_topic"
    case attributesTemplate = "json_attributes_template"
  }
}
