import DoorCore
import DoorWire
import Foundation
import Testing

/// The keys and values are those of www.home-assistant.io/integrations/alarm_control_panel.mqtt.
@Suite("The panel for Home Assistant")
struct HomeAssistantPanelTests {
  @Test("is one for each area, by its retained state and its command topic")
  func panels() throws {
    let panel = HomeAssistantPanel(
      notifier: try Identifier("main"), topics: .standard,
      areas: [
        try Identifier("home"): .init(
          name: "Our home", isCodeRequiredToArm: false, isCodeRequiredToDisarm: true),
        try Identifier("work-shop"): .init(
          name: "Workshop", isCodeRequiredToArm: false, isCodeRequiredToDisarm: false),
      ])
    #expect(panel.topic(prefix: "homeassistant") == "homeassistant/device/dooralarm-notifier-main/config")
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(panel.encoded())) as? [String: Any])
    #expect(json["availability_topic"] as? String == "dooralarm/notifier/main/availability")
    let device = try #require(json["device"] as? [String: Any])
    #expect(device["identifiers"] as? [String] == ["dooralarm/notifier/main"])
    let components = try #require(json["components"] as? [String: [String: Any]])
    #expect(Set(components.keys) == ["area_home", "area_work-shop"])
    let shop = try #require(components["area_work-shop"])
    #expect(shop["platform"] as? String == "alarm_control_panel")
    #expect(shop["name"] as? String == "Workshop")
    #expect(shop["unique_id"] as? String == "dooralarm/area/work-shop/alarm")
    #expect(shop["default_entity_id"] as? String == "alarm_control_panel.work_shop")
    #expect(shop["state_topic"] as? String == "dooralarm/area/work-shop/alarm")
    #expect(shop["value_template"] as? String == "{{ value_json.state }}")
    #expect(shop["command_topic"] as? String == "dooralarm/area/work-shop/alarm/set")
    #expect(
      shop["supported_features"] as? [String] == [
        "arm_home", "arm_away", "arm_night", "arm_vacation", "arm_custom_bypass",
      ])
    #expect(shop["code"] == nil)
    #expect(shop["command_template"] == nil)
    #expect(shop["code_arm_required"] as? Bool == false)
    #expect(shop["code_disarm_required"] as? Bool == false)

    let home = try #require(components["area_home"])
    #expect(home["code"] as? String == "REMOTE_CODE")
    #expect(
      home["command_template"] as? String
        == #"{"command":"{{ action }}","code":"{{ code }}","source":"Home Assistant"}"#)
    #expect(home["code_arm_required"] as? Bool == false)
    #expect(home["code_disarm_required"] as? Bool == true)
  }
}
