import AlarmStore
import Delivery
import DoorCore

/// Puts alerts into the words in which a person gets them.
struct AlertText: Sendable {
  let settings: NotifierSettings

  /// What one message says.
  func notice(of message: OutboxMessage) -> Notice {
    let items = message.items.map { item in
      Notice.Item(
        alert: item.alert, stage: item.stage, count: item.count,
        text: text(of: item.alert, item.stage, count: item.count, resolved: item.resolved))
    }
    let severity: Alert.Severity = items.contains { $0.alert.severity == .alarm } ? .alarm : .trouble
    let titles = message.items.map { title(of: $0.alert, $0.stage) }
    let isMany = items.count > 1
    return Notice(
      key: message.key, severity: severity,
      title: isMany
        ? "\(severity == .alarm ? "ALARM: " : "")\(items.count) alerts" : titles.first ?? "",
      text: isMany ? items.map { "- " + $0.text }.joined(separator: "\n") : items.first?.text ?? "",
      at: items.first?.alert.at ?? Timestamp(milliseconds: 0), items: items)
  }

  /// One sentence or two.
  func text(of alert: Alert, _ stage: AlertStage, count: Int = 1, resolved: Timestamp? = nil) -> String {
    var text: String
    switch stage {
    case .raised: text = what(alert)
    case .reminder(let number): text = "Reminder \(number): \(what(alert))"
    case .resolved: text = over(alert, resolved)
    }
    if count > 1 { text += " (\(count) times.)" }
    return alert.simulated ? text + " (A simulated door.)" : text
  }

  private func title(of alert: Alert, _ stage: AlertStage) -> String {
    let subject = name(of: alert.subject, in: alert.area)
    let isAlarm = alert.severity == .alarm
    let title: String
    switch alert.kind {
    case .opened: title = alert.isLate ? "ALARM (found late): \(subject)" : "ALARM: \(subject)"
    case .standingOpen: title = "\(subject) is open"
    case .leftOpen: title = "ALARM: \(subject) is not closed"
    case .openTooLong: title = "\(subject) is still open"
    case .shutOut: title = "\(subject) raises no more alarms"
    case .alarmEnded: title = "\(subject) is disarmed"
    case .scheduleFailed: title = "\(subject): its schedule is NOT kept"
    case .wrongCodes: title = isAlarm ? "ALARM: wrong codes for \(subject)" : "Wrong codes for \(subject)"
    case .duress: title = "ALARM: duress at \(subject)"
    case .doorFault: title = isAlarm ? "ALARM: \(subject) has a fault" : "\(subject) has a fault"
    case .batteryLow: title = "\(subject): its battery is low"
    case .journalRestarted: title = "\(subject): the agent's journal began anew"
    case .historyGap: title = "\(subject): transitions are missing"
    case .agentSilent, .brokerGone: title = isAlarm ? "ALARM: \(subject) is silent" : "\(subject) is silent"
    case .clientTaken: title = "Another program takes the notifier's messages"
    }
    switch stage {
    case .raised: return title
    case .reminder: return "Reminder: \(title)"
    case .resolved: return "Over: \(title)"
    }
  }

  /// What has happened.
  private func what(_ alert: Alert) -> String {
    let subject = name(of: alert.subject, in: alert.area)
    let area = name(of: alert.area)
    let time = settings.calendar.text(alert.at)
    let detail = alert.detail.map { ": \($0)" } ?? ""
    switch alert.kind {
    case .opened:
      return alert.detail.map { "\(subject) of \(area) was opened at \(time): \($0)." }
        ?? "\(subject) was opened at \(time) while \(area) was armed."
    case .standingOpen:
      return "\(subject) was found open in \(area), which is armed. Nobody saw it open."
    case .leftOpen:
      return "\(subject) is \(alert.state?.rawValue ?? "unknown") at \(time) while \(area) is armed."
    case .openTooLong: return "\(subject) has been open since \(time)."
    case .shutOut: return "\(subject) raises no more alarms until \(area) is armed anew\(detail)."
    case .alarmEnded:
      return "\(area) was disarmed at \(time) by \(alert.detail ?? "somebody") after an alarm."
    case .scheduleFailed: return "The schedule of \(area) is not kept at \(time)\(detail)."
    case .wrongCodes: return "\(alert.detail ?? "Many") wrong codes were entered for \(area) until \(time)."
    case .duress: return "\(alert.detail ?? "Somebody") was forced to give a code for \(area) at \(time)."
    case .doorFault:
      return
        "\(subject) of \(area) cannot be watched since \(time): \(alert.detail ?? Self.fault(alert.state))."
    case .batteryLow: return "The battery of \(subject) is nearly empty (\(time))."
    case .journalRestarted:
      return "\(alert.detail ?? "The agent's journal began anew"). Was its card replaced or restored?"
    case .historyGap:
      return
        "\(alert.detail ?? "Some") transitions of \(subject) are missing, and its agent does not have them."
    case .agentSilent:
      return "\(subject) is not heard any more (\(time)): nobody watches its doors of \(area). "
        + "Is it, its network or the broker down?"
    case .brokerGone:
      return "\(subject) is not there any more (\(time)): nobody watches the doors of \(area)\(detail)."
    case .clientTaken:
      return "Another program uses the notifier's name at the broker (\(time))\(detail). "
        + "Each of them misses what the other gets: give one of them another id."
    }
  }

  /// That it is over.
  private func over(_ alert: Alert, _ resolved: Timestamp?) -> String {
    let subject = name(of: alert.subject, in: alert.area)
    let time = resolved.map { " at \(settings.calendar.text($0))" } ?? ""
    switch alert.kind {
    case .leftOpen where alert.state != .open: return "\(subject) can be watched again\(time)."
    case .openTooLong, .leftOpen, .standingOpen:
      let length = resolved.map { " It was open for \(Self.length($0.elapsed(since: alert.at)))." } ?? ""
      return "\(subject) was closed\(time).\(length)"
    case .doorFault: return "\(subject) can be watched again\(time)."
    case .batteryLow: return "\(subject) has a battery again\(time)."
    case .agentSilent: return "\(subject) is heard again\(time)."
    case .brokerGone: return "\(subject) is there again\(time)."
    default: return "It is over\(time): \(what(alert))"
    }
  }

  private func name(of area: Identifier) -> String { settings.areas[area]?.name ?? area.description }

  private func name(of subject: Alert.Subject, in area: Identifier) -> String {
    switch subject {
    case .door(let address): settings.doors[address]?.name ?? address.description
    case .agent(let agent): "The agent \(agent)"
    case .area: name(of: area)
    case .broker: "The broker"
    }
  }

  private static func fault(_ state: DoorState?) -> String {
    state == .fault ? "its wiring reports a fault" : "its line cannot be read"
  }

  /// `1 h 5 min`, `3 min`, `40 s`.
  static func length(_ duration: Duration) -> String {
    let seconds = max(0, duration.components.seconds)
    let (hours, minutes) = (seconds / 3_600, seconds % 3_600 / 60)
    if hours > 0 { return minutes > 0 ? "\(hours) h \(minutes) min" : "\(hours) h" }
    return minutes > 0 ? "\(minutes) min" : "\(seconds) s"
  }
}
