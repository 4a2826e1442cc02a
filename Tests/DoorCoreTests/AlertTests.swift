import DoorCore
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
  }
}
