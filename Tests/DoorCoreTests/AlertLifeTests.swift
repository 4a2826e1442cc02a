import DoorCore
import Testing

@Suite("The life of an alert")
struct AlertLifeTests {
  @Test(
    "has stages that are written down and read",
    arguments: [AlertStage.raised, .reminder(1), .reminder(12), .resolved])
  func stages(_ stage: AlertStage) {
    #expect(AlertStage(stage.description) == stage)
  }

  @Test("has no others", arguments: ["", "reminder", "reminder x", "told"])
  func noStages(_ text: String) {
    #expect(AlertStage(text) == nil)
  }

  @Test("reminds of alarms sooner than of troubles, each time after twice the wait, at least once a day")
  func reminders() {
    let policy = AlertPolicy(alarmReminder: .seconds(300), troubleReminder: .seconds(3_600))
    let waits = (0..<12).map { policy.nextReminder(of: .alarm, sent: $0, last: seconds(0)) }
    #expect(waits.prefix(4) == [seconds(300), seconds(600), seconds(1_200), seconds(2_400)])
    #expect(waits.last == seconds(86_400))
    #expect(policy.nextReminder(of: .trouble, sent: 0, last: seconds(5)) == seconds(3_605))
    #expect(policy.nextReminder(of: .trouble, sent: .max, last: seconds(0)) == seconds(86_400))
  }
}
