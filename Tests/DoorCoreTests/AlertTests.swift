import DoorCore
import Foundation
import Testing

/// The words stand in stores, on the wire and in the automations of people: they never change.
@Suite("The words that outlive a version")
struct AlertTests {
  @Test("name an alert's severity and kind")
  func alert() {
    #expect(Alert.Severity.allCases.map(\.rawValue) == ["alarm", "trouble"])
    #expect(
      Alert.Kind.allCases.map(\.rawValue) == [
        "opened", "standing_open", "left_open", "open_too_long", "shut_out", "alarm_ended", "door_fault",
        "battery_low",
        "journal_restarted", "agent_silent", "schedule_failed", "wrong_codes", "duress", "broker_gone",
        "client_taken",
        "history_gap", "channel_failing", "self_test", "self_test_failed",
      ]
    )
    #expect([Alert.alwaysDetail, Alert.journalDetail] == ["always", "journal"])
  }

  @Test("name what an alert's cause lasts as long as")
  func conditions() throws {
    let front = try DoorAddress.front
    let conditions: [Alert.Condition] = [
      .open(front), .fault(front), .battery(front), .silent(front.agent), .brokerGone,
      .failing(try Identifier("phone")),
    ]
    #expect(
      conditions.map(\.description) == [
        "open hall/front", "fault hall/front", "battery hall/front", "silent hall", "broker gone",
        "channel phone",
      ])
  }

  @Test("name what it was like when an alert was raised")
  func circumstances() throws {
    func written(_ circumstances: Alert.Circumstances) throws -> String {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(circumstances), as: UTF8.self)
    }
    let armed = Alert.Circumstances(
      mode: .armedNight, since: Timestamp(milliseconds: 5), changedBy: "Ada", open: [try .back])
    #expect(
      try written(armed) == #"{"changed_by":"Ada","mode":"armed_night","open":["hall/back"],"since":5}"#)
    let unknown = Alert.Circumstances(mode: nil, since: Timestamp(milliseconds: -5), changedBy: nil)
    #expect(try written(unknown) == #"{"open":[],"since":-5}"#)
    for circumstances in [armed, unknown] {
      let text = try written(circumstances)
      #expect(try JSONDecoder().decode(Alert.Circumstances.self, from: Data(text.utf8)) == circumstances)
    }
  }

  @Test("name whom an alert is about: an agent where there is one, and a door")
  func subjects() throws {
    let front = try DoorAddress.front
    let subjects: [Alert.Subject] = [
      .door(front), .agent(front.agent), .area, .broker, .channel(try Identifier("phone")),
    ]
    #expect(subjects.map(\.agent) == [front.agent, front.agent, nil, nil, nil])
    #expect(subjects.map(\.door) == [front.door, nil, nil, nil, nil])
  }

  @Test("name what a transition is")
  func transition() {
    #expect(DoorState.allCases.map(\.rawValue) == ["open", "closed", "fault", "unknown"])
    #expect(TransitionCause.allCases.map(\.rawValue) == ["edge", "boot", "resync", "arrival"])
    #expect(ClockQuality.allCases.map(\.rawValue) == ["synced", "unsynced"])
    #expect(
      Intake.Manner.allCases.map(\.rawValue) == ["live", "late", "replayed", "baseline", "restarted"]
    )
    #expect(
      ArmMode.allCases.map(\.rawValue) == [
        "armed_home", "armed_away", "armed_night", "armed_vacation", "armed_custom_bypass",
      ]
    )
    #expect(
      DoorResponse.allCases.map(\.rawValue) == ["delayed", "follow", "instant", "chime", "ignore"]
    )
    #expect(Weekday.allCases.map(\.rawValue) == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"])
  }

  @Test("leave an alert neither late nor simulated where nobody says so")
  func defaults() throws {
    let alert = Alert(
      id: "1",
      severity: .alarm,
      kind: .opened,
      area: try Identifier("house"),
      subject: .door(try .front),
      state: .open,
      at: seconds(0)
    )
    #expect(!alert.isLate)
    #expect(!alert.simulated)
    #expect(alert.detail == nil)
    #expect(alert.circumstances == nil)
  }
}
