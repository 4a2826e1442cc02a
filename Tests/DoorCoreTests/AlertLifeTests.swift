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

  @Test("is told again and to its end where its cause lasts, as that of a channel that takes nothing")
  func lasting() {
    let ends = Alert.Kind.allCases.filter(\.tellsResolution)
    #expect(
      ends == [
        .standingOpen, .leftOpen, .openTooLong, .doorFault, .batteryLow, .agentSilent, .brokerGone,
        .channelFailing,
      ])
    let reminded = Alert.Kind.allCases.filter(\.isReminded)
    #expect(
      Set(reminded) == Set(ends).subtracting([.openTooLong]).union([.opened, .duress]),
      "an open door has a repetition of its own; an opening and a threat have no end")
  }

  @Test("counts what comes again and again, unless each time is told: a test that somebody waits for, too")
  func counted() {
    #expect(Alert.Kind.allCases.filter { !$0.isCounted } == [.opened, .openTooLong, .duress, .selfTest])
  }
}
