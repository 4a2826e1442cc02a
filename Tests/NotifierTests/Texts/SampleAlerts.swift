import DoorCore

@testable import AlarmStore
@testable import Notifier

/// Alerts of every kind as the engine and the stages raise them, in a house with a front door.
enum SampleAlerts {
  static let tables = """
    [[channel]]
    id = "phone"
    type = "log"
    [[door]]
    agent = "hall"
    id = "front"
    area = "home"
    name = "Front door"
    [[door]]
    agent = "hall"
    id = "back"
    area = "home"
    name = "Back door"

    """

  static func door() throws -> DoorAddress { try DoorAddress("hall/front") }

  /// - Parameter state: of the door, where the kind is about one.
  static func alert(
    _ kind: Alert.Kind, _ severity: Alert.Severity = .alarm, detail: String? = nil, state: DoorState? = nil
  ) throws -> Alert {
    let subject: Alert.Subject =
      switch kind {
      case .opened, .standingOpen, .leftOpen, .openTooLong, .shutOut, .doorFault, .batteryLow,
        .journalRestarted, .historyGap:
        .door(try door())
      case .agentSilent, .selfTest, .selfTestFailed: .agent(try Identifier("hall"))
      case .alarmEnded, .scheduleFailed, .wrongCodes, .duress: .area
      case .brokerGone, .clientTaken: .broker
      case .channelFailing: .channel(try Identifier("phone"))
      }
    return Alert(
      id: "1", severity: severity, kind: kind, area: try Identifier("home"), subject: subject,
      state: state, at: NotifierHouse.wall(0), detail: detail)
  }

  /// Every kind with all that it can be found with.
  static func all(of kind: Alert.Kind) throws -> [Alert] {
    let variants: [(detail: String?, state: DoorState?)] =
      switch kind {
      case .opened: [(nil, .open), (Alert.alwaysDetail, .open), (Alert.journalDetail, .open)]
      case .standingOpen, .openTooLong: [(nil, .open)]
      case .leftOpen: [(nil, .open), (nil, .fault), (nil, .unknown)]
      case .shutOut: [("3", .open)]
      case .alarmEnded, .duress: [("Ada", nil), (nil, nil)]
      case .doorFault:
        [
          (nil, .fault), (nil, .unknown), ("the payload is no JSON", nil), ("it says: no.", nil),
          (Alert.journalDetail, .closed), (Alert.journalDetail, .unknown),
        ]
      case .batteryLow, .agentSilent, .selfTest: [(nil, nil)]
      case .journalRestarted: [(nil, .closed)]
      case .scheduleFailed: [("front is open; close what is open, or force it", nil)]
      case .wrongCodes: [("5", nil), (nil, nil)]
      case .brokerGone: [("it has not been reached yet", nil), ("Connection refused.", nil)]
      case .clientTaken: [("dooralarm-notifier-main", nil)]
      case .historyGap: [("1", nil), ("12", nil)]
      case .channelFailing: [("ntfy answered HTTP 403 (forbidden): check its settings", nil)]
      case .selfTestFailed: [("agent hall has not answered", nil)]
      }
    let severities: [Alert.Severity] =
      switch kind {
      case .opened, .leftOpen, .duress: [.alarm]
      case .doorFault, .agentSilent, .brokerGone, .wrongCodes: [.alarm, .trouble]
      default: [.trouble]
      }
    return try variants.flatMap { variant in
      try severities.map { try alert(kind, $0, detail: variant.detail, state: variant.state) }
    }
  }

  /// What an alert goes through, in every way that a person can get it.
  static func items(of alert: Alert) -> [OutboxItem] {
    let since = NotifierHouse.wall(-3_600)
    let around: [Alert.Circumstances?] = [
      nil, Alert.Circumstances(mode: nil, since: since, changedBy: nil),
      Alert.Circumstances(
        mode: .armedNight, since: since, changedBy: "Ada",
        open: (try? DoorAddress("hall/back")).map { [$0] } ?? []
      ),
      Alert.Circumstances(mode: .armedCustomBypass, since: since, changedBy: nil),
    ]
    return around.flatMap { circumstances in
      [(false, 1), (true, 1), (false, 3)].flatMap { isLate, count in
        [AlertStage.raised, .reminder(12), .resolved].map { stage in
          var alert = alert
          alert.circumstances = circumstances
          alert.isLate = isLate
          alert.simulated = count > 1
          return OutboxItem(
            id: 1, alert: alert, stage: stage, count: count, raised: NotifierHouse.wall(90),
            resolved: stage == .resolved && count > 1 ? NotifierHouse.wall(3_900) : nil)
        }
      }
    }
  }
}

extension OutboxMessage {
  /// One alert at one stage.
  static func of(_ alerts: Alert..., stage: AlertStage = .raised) -> OutboxMessage {
    OutboxMessage(
      items: alerts.enumerated().map {
        OutboxItem(id: Int64($0), alert: $1, stage: stage, raised: NotifierHouse.wall(1))
      },
      attempts: 0)
  }
}
