package import DoorCore

/// A notifier as Home Assistant finds it: one device with an alarm control panel for each area
/// (www.home-assistant.io/integrations/alarm_control_panel.mqtt).
package struct HomeAssistantPanel: Sendable {
  private let notifier: Identifier
  private let topics: Topics
  private let areas: [Identifier: String]

  /// - Parameter areas: with the names that people have for them.
  package init(notifier: Identifier, topics: Topics, areas: [Identifier: String]) {
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
    for (area, name) in areas {
      let topic = topics.alarm(area: area)
      var panel = HomeAssistantDiscovery.Component(platform: "alarm_control_panel")
      panel.name = name
      panel.uniqueID = topic
      panel.defaultEntityID = HomeAssistantDiscovery.entity("alarm_control_panel", "\(area)")
      panel.stateTopic = topic
      panel.valueTemplate = "{{ value_json.state }}"
      panel.commandTopic = topics.command(area: area)
      // The commands that there are; their words, ARM_AWAY and DISARM, are Home Assistant's own.
      panel.supportedFeatures = ["arm_away"]
      panel.isCodeRequiredToArm = false
      panel.isCodeRequiredToDisarm = false
      components["area_\(area)"] = panel
    }
    return WireCoding.encode(
      HomeAssistantDiscovery(
        identifier: "\(topics.root)/notifier/\(notifier)", name: "Door alarm \(notifier)",
        program: "door-notifier", availabilityTopic: topics.availability(ofNotifier: notifier),
        components: components))
  }
}
