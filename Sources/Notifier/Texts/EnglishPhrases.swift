import DoorCore

/// The texts in English.
enum EnglishPhrases {
  static func text(of kind: Alert.Kind) -> PhraseText {
    switch kind {
    case .opened:
      PhraseText(
        title: "ALARM{{#is_late}} (found late){{/is_late}}: {{subject}}",
        text: "{{subject}}{{#is_always}} of {{area}}{{/is_always}} was opened at {{time}}"
          + "{{#is_always}}: it is guarded at any time.{{/is_always}}"
          + "{{^is_always}} while {{area}} was armed.{{/is_always}}")
    case .standingOpen:
      PhraseText(
        title: "{{subject}} is open",
        text: "{{subject}} was found open in {{area}}, which is armed. Nobody saw it open.", over: closed)
    case .leftOpen:
      PhraseText(
        title: "ALARM: {{subject}} is not closed",
        text: "{{subject}} is {{state}} at {{time}} while {{area}} is armed.",
        over: "{{#is_open}}\(closed){{/is_open}}{{^is_open}}\(watched){{/is_open}}")
    case .openTooLong:
      PhraseText(
        title: "{{subject}} is still open", text: "{{subject}} has been open since {{time}}.", over: closed)
    case .shutOut:
      PhraseText(
        title: "{{subject}} raises no more alarms",
        text: "{{subject}} raises no more alarms until {{area}} is armed anew: it has raised {{detail}}.")
    case .alarmEnded:
      PhraseText(
        title: "{{subject}} is disarmed",
        text: "{{area}} was disarmed at {{time}} by {{detail}}{{^detail}}somebody{{/detail}} after an alarm.")
    case .scheduleFailed:
      PhraseText(
        title: "{{subject}}: its schedule is NOT kept",
        text: "The schedule of {{area}} is not kept at {{time}}{{#detail}}: {{detail}}{{/detail}}.")
    case .wrongCodes:
      PhraseText(
        title: "{{#is_alarm}}ALARM: wrong{{/is_alarm}}{{^is_alarm}}Wrong{{/is_alarm}} codes for {{subject}}",
        text: "{{detail}}{{^detail}}Many{{/detail}} wrong codes were entered for {{area}} until {{time}}.")
    case .duress:
      PhraseText(
        title: "ALARM: duress at {{subject}}",
        text: "{{detail}}{{^detail}}Somebody{{/detail}} was forced to give a code for {{area}} at {{time}}.")
    case .doorFault:
      PhraseText(
        title: "{{#is_alarm}}ALARM: {{/is_alarm}}{{subject}} has a fault",
        text: "{{subject}} of {{area}} cannot be watched since {{time}}: {{detail}}"
          + "{{#is_journal}}its agent cannot write its journal; is the disk full?{{/is_journal}}"
          + "{{#is_fault}}its wiring reports a fault{{/is_fault}}"
          + "{{^detail}}{{^is_journal}}{{^is_fault}}its line cannot be read{{/is_fault}}{{/is_journal}}{{/detail}}.",
        over: watched)
    case .batteryLow:
      PhraseText(
        title: "{{subject}}: its battery is low",
        text: "The battery of {{subject}} is nearly empty ({{time}}).",
        over: "{{subject}} has a battery again{{resolved}}.")
    case .journalRestarted:
      PhraseText(
        title: "{{subject}}: the agent's journal began anew",
        text:
          "The journal of the agent of {{subject}} began anew: transitions before {{time}} may be missing. "
          + "Was its card replaced or restored?")
    case .historyGap:
      PhraseText(
        title: "{{subject}}: transitions are missing",
        text:
          "{{detail}}{{^detail}}Some{{/detail}} transitions of {{subject}} are missing, and its agent does not "
          + "have them.")
    case .agentSilent:
      PhraseText(
        title: "{{#is_alarm}}ALARM: {{/is_alarm}}{{subject}} is silent",
        text: "{{subject}} is not heard any more ({{time}}): nobody watches its doors of {{area}}. "
          + "Is it, its network or the broker down?", over: "{{subject}} is heard again{{resolved}}.")
    case .brokerGone:
      PhraseText(
        title: "{{#is_alarm}}ALARM: {{/is_alarm}}{{subject}} is silent",
        text: "{{subject}} is not there any more ({{time}}): nobody watches the doors of {{area}}"
          + "{{#detail}}: {{detail}}{{/detail}}.", over: "{{subject}} is there again{{resolved}}.")
    case .clientTaken:
      PhraseText(
        title: "Another program takes the notifier's messages",
        text: "Another program uses the notifier's name at the broker ({{time}}): its client identifier is "
          + "{{detail}}. Each of them misses what the other gets: give one of them another id.")
    case .channelFailing:
      PhraseText(
        title: "{{subject}} does not deliver",
        text: "{{subject}} does not take what people are to be told, since {{time}}: {{detail}}. It is tried "
          + "again; until then it reaches nobody.", over: "{{subject}} delivers again{{resolved}}.")
    case .selfTest:
      PhraseText(
        title: "Test of the door alarm",
        text: "This is a test: the agent {{agent}} was asked for it at {{time}}. Nothing has happened.")
    case .selfTestFailed:
      PhraseText(
        title: "The test of the door alarm has FAILED",
        text: "The test of {{time}} did not get through: {{detail}}. An alarm might not either.")
    }
  }

  /// Of what is told of no end of its own.
  static let over = "{{subject}}: it is over{{resolved}}."
  private static let closed =
    "{{subject}} was closed{{resolved}}.{{#length}} It was open for {{length}}.{{/length}}"
  private static let watched = "{{subject}} can be watched again{{resolved}}."

  static func text(of part: PhrasePart) -> String {
    switch part {
    case .reminderTitle: "Reminder: {{title}}"
    case .overTitle: "Over: {{title}}"
    case .reminder: "Reminder {{number}}: "
    case .late: " It was found {{late}} later."
    case .armed: " {{area}} is {{mode}} since {{since}}{{#by}}, by {{by}}{{/by}}."
    case .alsoOpen: " Also open: {{open}}."
    case .times: " ({{count}} times.)"
    case .simulated: " (A simulated door.)"
    case .many: "{{#is_alarm}}ALARM: {{/is_alarm}}{{count}} alerts"
    case .acknowledge: "I know of it"
    case .acknowledged: "It is written down that you know of it."
    case .linkInvalid: "This link is not valid."
    case .linkExpired: "This link is too old. Acknowledge with doorctl, or in your home automation."
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
