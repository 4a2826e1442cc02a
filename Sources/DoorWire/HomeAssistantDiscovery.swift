/// A device as Home Assistant's MQTT integration discovers it, with all that belongs to it
/// (www.home-assistant.io/integrations/mqtt, "Device discovery payload").
package struct HomeAssistantDiscovery: Encodable {
  struct Device: Encodable {
    var identifiers: [String]
    var name: String
    var model: String
  }

  struct Origin: Encodable {
    var name: String
  }

  struct Component: Encodable {
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
    var commandTopic: String?
    var commandTemplate: String?
    var code: String?
    var supportedFeatures: [String]?
    var isCodeRequiredToArm: Bool?
    var isCodeRequiredToDisarm: Bool?

    /// What makes Home Assistant forget it: nothing but the platform.
    var removed: Component { Component(platform: platform) }

    enum CodingKeys: String, CodingKey {
      case platform, name, code
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
      case commandTopic = "command_topic"
      case commandTemplate = "command_template"
      case supportedFeatures = "supported_features"
      case isCodeRequiredToArm = "code_arm_required"
      case isCodeRequiredToDisarm = "code_disarm_required"
    }
  }

  private var device: Device
  private var origin: Origin
  private var availabilityTopic: String
  private var qualityOfService = 1
  private var components: [String: Component]

  init(
    identifier: String, name: String, program: String, availabilityTopic: String,
    components: [String: Component]
  ) {
    device = Device(identifiers: [identifier], name: name, model: program)
    origin = Origin(name: program)
    self.availabilityTopic = availabilityTopic
    self.components = components
  }

  enum CodingKeys: String, CodingKey {
    case device, origin, components
    case availabilityTopic = "availability_topic"
    case qualityOfService = "qos"
  }

  /// Where Home Assistant says `online` when it has started.
  package static func statusTopic(prefix: String) -> String { "\(prefix)/status" }

  /// Where a device's description belongs. An object id has letters, digits, `_` and `-` only.
  static func topic(prefix: String, object: String) -> String {
    let id = object.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "_" }
    return "\(prefix)/device/\(String(id))/config"
  }

  /// What an entity is called at first, in which Home Assistant has no `-`.
  static func entity(_ domain: String, _ name: String) -> String {
    "\(domain).\(name)".map { $0 == "-" ? "_" : String($0) }.joined()
  }
}
