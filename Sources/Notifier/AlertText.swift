import Delivery
import DoorCore
import DoorWire
import Glibc

/// Puts an alert into the words in which a person gets it.
struct AlertText: Sendable {
  let settings: NotifierSettings

  func notice(of alert: Alert) -> Notice {
    let subject = name(of: alert.subject)
    let area = settings.areas[alert.area]?.name ?? alert.area.description
    let time = Self.localTime(alert.at)
    let title: String
    let text: String
    switch alert.kind {
    case .opened:
      title = alert.isLate ? "ALARM (found late): \(subject)" : "ALARM: \(subject)"
      text = "\(subject) was opened at \(time) while \(area) was armed."
    case .standingOpen:
      title = "\(subject) is open"
      text = "\(subject) was found open in \(area), which is armed. Nobody saw it open."
    case .doorFault:
      title = alert.severity == .alarm ? "ALARM: \(subject) has a fault" : "\(subject) has a fault"
      text =
        "\(subject) of \(area) cannot be watched since \(time): \(alert.detail ?? Self.fault(alert.state))."
    case .journalRestarted:
      title = "\(subject): the agent's journal began anew"
      text = "\(alert.detail ?? "The agent's journal began anew"). Was its card replaced or restored?"
    case .agentSilent:
      title = alert.severity == .alarm ? "ALARM: \(subject) is silent" : "\(subject) is silent"
      text =
        "\(subject) is not heard any more (\(time)): nobody watches its doors of \(area). "
        + "Is it, its network or the broker down?"
    case .agentBack:
      title = "\(subject) is heard again"
      text = "\(subject) is heard again since \(time)."
    }
    return Notice(alert: alert, title: title, text: alert.simulated ? text + " (A simulated door.)" : text)
  }

  private func name(of subject: Alert.Subject) -> String {
    switch subject {
    case .door(let address): settings.doors[address]?.name ?? address.description
    case .agent(let agent): "The agent \(agent)"
    }
  }

  private static func fault(_ state: DoorState?) -> String {
    state == .fault ? "its wiring reports a fault" : "its line cannot be read"
  }

  /// The machine's own zone: the people are where the notifier is.
  private static func localTime(_ timestamp: Timestamp) -> String {
    var seconds = time_t(timestamp.milliseconds / 1_000)
    var parts = tm()
    localtime_r(&seconds, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let date = "\(parts.tm_year + 1_900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    return "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) on \(date)"
  }
}
