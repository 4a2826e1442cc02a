package import DoorCore

/// A notifier as Home Assistant finds it: one device with an alarm control panel for each area
/// (www.home-assistant.io/integrations/alarm_control_panel.mqtt).
package struct HomeAssistantPanel: Sendable {
  private let notifier: Identifier
  private let topics: Topics
  private let areas: [Identifier: Area]

  package struct Area: Sendable {
    /// What people call it.
    package var name: String
    package var isCodeRequiredToArm: Bool
    package var isCodeRequiredToDisarm: Bool

    package init(name: String, isCodeRequiredToArm: Bool, isCodeRequiredToDisarm: Bool) {
      self.name = name
      self.isCodeRequiredToArm = isCodeRequiredToArm
      self.isCodeRequiredToDisarm = isCodeRequiredToDisarm
    }
  }

  package init(notifier: Identifier, topics: Topics, areas: [Identifier: Area]) {
    self.notifier = notifier
    self.topics = topics
    self.areas = areas
  }

  /// Where the device's retained description belongs. No agent's has a `-` there.
  package func topic(prefix: String) -> String {
    HomeAssistantDiscovery.topic(prefix: prefix, object: "\(topics.root)-notifier-\(notifier)")
  }

  /// The retained description.
  package func encoded() -> [UInt8] {
    var components: [String: HomeAssistantDiscovery.Component] = [:]
    for (id, area) in areas {
      let topic = topics.alarm(area: id)
      var panel = HomeAssistantDiscovery.Component(platform: "alarm_control_panel")
      panel.name = area.name
      panel.uniqueID = topic
      panel.defaultEntityID = HomeAssistantDiscovery.entity("alarm_control_panel", "\(id)")
      panel.stateTopic = topic
      panel.valueTemplate = "{{ value_json.state }}"
      panel.attributesTopic = topic
      panel.commandTopic = topics.command(area: id)
      // Its words, ARM_AWAY and so on, are the commands' own.
      panel.supportedFeatures = ["arm_home", "arm_away", "arm_night", "arm_vacation", "arm_custom_bypass"]
      panel.isCodeRequiredToArm = area.isCodeRequiredToArm
      panel.isCodeRequiredToDisarm = area.isCodeRequiredToDisarm
      if area.isCodeRequiredToArm || area.isCodeRequiredToDisarm {
        // The code is checked here and not there, and is no number: its zeros count.
        panel.code = "REMOTE_CODE"
        panel.commandTemplate =
          #"{"command":"{{ action }}","code":"{{ code }}","source":"Home Assistant"}"#
      }
      components["area_\(id)"] = panel
    }
    return WireCoding.encode(
      HomeAssistantDiscovery(
        identifier: "\(topics.root)/notifier/\(notifier)", name: "Door alarm \(notifier)",
        program: "door-notifier", availabilityTopic: topics.availability(ofNotifier: notifier),
        components: components))
  }
}
