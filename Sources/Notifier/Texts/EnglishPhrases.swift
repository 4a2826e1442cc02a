import DoorCore

/// The texts in English.
enum EnglishPhrases: Phrasebook {
  static func text(of kind: Alert.Kind) -> PhraseText {
    switch kind {
    case .opened: opened
    case .standingOpen: standingOpen
    case .leftOpen: leftOpen
    case .openTooLong: openTooLong
    case .shutOut: shutOut
    case .alarmEnded: alarmEnded
    case .scheduleFailed: scheduleFailed
    case .wrongCodes: wrongCodes
    case .duress: duress
    case .doorFault: doorFault
    case .batteryLow: batteryLow
    case .journalRestarted: journalRestarted
    case .historyGap: historyGap
    case .agentSilent: agentSilent
    case .brokerGone: brokerGone
    case .clientTaken: clientTaken
    case .channelFailing: channelFailing
    case .selfTest: selfTest
    case .selfTestFailed: selfTestFailed
    }
  }

  private static let opened = PhraseText(
    title: "ALARM{{#is_late}} (found late){{/is_late}}: {{subject}}",
    text: "{{subject}}{{#is_always}} of {{area}}{{/is_always}} was opened at {{time}}"
      + "{{#is_always}}. It is guarded at all times.{{/is_always}}"
      + "{{^is_always}} while {{area}} was armed.{{/is_always}}")

  private static let standingOpen = PhraseText(
    title: "{{subject}} is open",
    text: "{{subject}} of {{area}} was found open at {{time}}. It is guarded, and nobody saw it open.",
    over: closed)

  private static let leftOpen = PhraseText(
    title: "ALARM: {{subject}} is not closed",
    text: "{{subject}} of {{area}} is guarded and was not closed at {{time}}: it is {{state}}.",
    over: "{{#is_open}}\(closed){{/is_open}}{{^is_open}}\(watched){{/is_open}}")

  private static let openTooLong = PhraseText(
    title: "{{subject}} is still open", text: "{{subject}} of {{area}} has been open since {{time}}.",
    over: closed)

  private static let shutOut = PhraseText(
    title: "{{subject}} raises no more alarms",
    text: "{{subject}} of {{area}} was opened again at {{time}}. It has raised as many alarms as it may"
      + "{{#detail}} ({{detail}}){{/detail}}: until {{area}} is armed again, it is only recorded.")

  private static let alarmEnded = PhraseText(
    title: "{{subject}} is disarmed",
    text: "{{area}} was disarmed after an alarm, at {{time}}{{#detail}}, by {{detail}}{{/detail}}.")

  private static let scheduleFailed = PhraseText(
    title: "{{subject}}: the schedule was NOT kept",
    text: "The schedule of {{area}} was not kept at {{time}}{{#detail}}: {{detail}}{{/detail}}.")

  private static let wrongCodes = PhraseText(
    title: "{{#is_alarm}}ALARM: wrong{{/is_alarm}}{{^is_alarm}}Wrong{{/is_alarm}} codes for {{subject}}",
    text: "{{detail}}{{^detail}}Many{{/detail}} wrong codes in a row were entered for {{area}}, "
      + "the last one at {{time}}.")

  private static let duress = PhraseText(
    title: "ALARM: duress at {{subject}}",
    text: "{{detail}}{{^detail}}Somebody{{/detail}} was forced to enter a code for {{area}} at {{time}}.")

  private static let doorFault = PhraseText(
    title: "{{#is_alarm}}ALARM: {{/is_alarm}}{{subject}} has a fault",
    text: "{{subject}} of {{area}} cannot be watched (since {{time}}): {{detail}}"
      + "{{#is_journal}}its agent cannot write its journal, perhaps because its disk is full{{/is_journal}}"
      + "{{#is_fault}}its wiring reports a fault{{/is_fault}}"
      + "{{^detail}}{{^is_journal}}{{^is_fault}}its line cannot be read{{/is_fault}}{{/is_journal}}{{/detail}}.",
    over: watched)

  private static let batteryLow = PhraseText(
    title: "{{subject}}: its battery is low",
    text: "The battery of {{subject}} ({{area}}) is nearly empty, as reported at {{time}}.",
    over: "The battery of {{subject}} is in order again{{resolved}}.")

  private static let journalRestarted = PhraseText(
    title: "{{subject}}: its agent's journal began anew",
    text:
      "The journal of the agent of {{subject}} ({{area}}) began anew: transitions before {{time}} may be "
      + "missing. Was its card replaced or restored?")

  private static let historyGap = PhraseText(
    title: "{{subject}}: transitions are missing",
    text:
      "Transitions of {{subject}} ({{area}}) are missing{{#detail}}, {{detail}} in all{{/detail}}, and its "
      + "agent does not have them either (found at {{time}}).")

  private static let agentSilent = PhraseText(
    title: "{{#is_alarm}}ALARM: {{/is_alarm}}{{subject}} is silent",
    text:
      "{{subject}} is not heard any more (noticed at {{time}}): nobody watches its doors of {{area}}. "
      + "Is its machine, its network or the broker down?", over: "{{subject}} is heard again{{resolved}}."
  )

  private static let brokerGone = PhraseText(
    title: "{{#is_alarm}}ALARM: {{/is_alarm}}{{subject}} cannot be reached",
    text: "{{subject}} cannot be reached{{#detail}}: {{detail}}{{/detail}} (noticed at {{time}}). "
      + "Nobody watches the doors of {{area}}.", over: "{{subject}} can be reached again{{resolved}}.")

  private static let clientTaken = PhraseText(
    title: "Another program takes the notifier's messages",
    text:
      "Another program uses the notifier's name at the broker{{#detail}}, {{detail}}{{/detail}} (noticed at "
      + "{{time}}). Each of the two misses what the other gets: give one of them another id.")

  private static let channelFailing = PhraseText(
    title: "{{subject}} does not deliver",
    text: "{{subject}} does not take its messages (since {{time}}){{#detail}}: {{detail}}{{/detail}}. "
      + "Until that is mended, nobody is reached through it.",
    over: "{{subject}} delivers again{{resolved}}.")

  private static let selfTest = PhraseText(
    title: "Test of the door alarm",
    text: "This is a test of the whole way from the agent {{agent}} to you, asked for at {{time}}. "
      + "Nothing has happened.")

  private static let selfTestFailed = PhraseText(
    title: "The test of the door alarm has FAILED",
    text:
      "The test of the agent {{agent}} at {{time}} did not get through{{#detail}}: {{detail}}{{/detail}}. "
      + "An alarm might not get through either.")

  static let over = "{{subject}}: it is over{{resolved}}."
  private static let closed =
    "{{subject}} was closed{{resolved}}.{{#length}} It was open for {{length}}.{{/length}}"
  private static let watched = "{{subject}} can be watched again{{resolved}}."

  static func text(of part: PhrasePart) -> String {
    switch part {
    case .reminderTitle: "Reminder: {{title}}"
    case .overTitle: "Over: {{title}}"
    case .reminder: "Reminder {{number}}: "
    case .late: " It was found only {{late}} later."
    case .armed: " {{area}} has been {{mode}} since {{since}}{{#by}}, set by {{by}}{{/by}}."
    case .alsoOpen: " Also open: {{open}}."
    case .times: " It has happened {{count}} times."
    case .simulated: " The door is a simulated one."
    case .many: "{{#is_alarm}}ALARM: {{/is_alarm}}{{count}} alerts"
    case .acknowledge: "I know about it"
    case .acknowledged: "It is written down that you know about it."
    case .linkInvalid: "This link is not valid."
    case .linkExpired: "This link has expired. Acknowledge with doorctl, or in your home automation."
    case .linkFailed: "This could not be written down. Please try again."
    case .testTitle: "Test of channel {{subject}}"
    case .testText: "This is a test from {{time}}. Nothing has happened."
    }
  }

  static func word(of mode: ArmMode) -> String {
    switch mode {
    case .armedAway: "armed (away)"
    case .armedHome: "armed (home)"
    case .armedNight: "armed (night)"
    case .armedVacation: "armed (vacation)"
    case .armedCustomBypass: "armed (custom)"
    }
  }

  /// As it stands behind "it is".
  static func word(of state: DoorState) -> String {
    switch state {
    case .open: "open"
    case .closed: "closed"
    case .fault: "faulty"
    case .unknown: "in no known state"
    }
  }

  static func at(_ time: String) -> String { " at \(time)" }

  static let comma = ", "

  static func name(of subject: Alert.Subject) -> String {
    switch subject {
    case .agent(let agent): "The agent \(agent)"
    case .broker: "The broker"
    case .channel(let channel): "Channel \(channel)"
    case .door(let door): door.description
    case .area: ""
    }
  }

  /// `1 h 5 min`, `3 min`, `40 s`.
  static func length(_ duration: Duration) -> String {
    let seconds = max(0, duration.components.seconds)
    let (hours, minutes) = (seconds / 3_600, seconds % 3_600 / 60)
    if hours > 0 { return minutes > 0 ? "\(hours) h \(minutes) min" : "\(hours) h" }
    return minutes > 0 ? "\(minutes) min" : "\(seconds) s"
  }
}
