/// What an alert goes through on its way to a person: each stage is told through every channel, once.
package enum AlertStage: Sendable, Equatable, CustomStringConvertible {
  case raised
  /// Nobody has acknowledged it, or its cause is not over; counted from 1.
  case reminder(Int)
  case resolved

  package var description: String {
    switch self {
    case .raised: "raised"
    case .reminder(let number): "reminder \(number)"
    case .resolved: "resolved"
    }
  }

  package init?(_ description: String) {
    switch description {
    case "raised": self = .raised
    case "resolved": self = .resolved
    default:
      let words = description.split(separator: " ")
      guard words.count == 2, words[0] == "reminder", let number = Int(words[1]) else { return nil }
      self = .reminder(number)
    }
  }
}

/// How long an alert stands, and how often it is told meanwhile.
package struct AlertPolicy: Sendable, Equatable {
  /// To the first reminder of an alarm and of a trouble; each further one waits twice as long.
  package var alarmReminder: Duration
  package var troubleReminder: Duration
  /// No reminder waits longer.
  package static let longestWait: Duration = .seconds(86_400)
  /// So many alerts of one kind and subject within ``flapWindow`` are told; further ones are counted with the last.
  package static let flapLimit = 3
  package static let flapWindow: Duration = .seconds(600)

  package init(alarmReminder: Duration = .seconds(300), troubleReminder: Duration = .seconds(3_600)) {
    self.alarmReminder = alarmReminder
    self.troubleReminder = troubleReminder
  }

  /// When the next reminder is due.
  ///
  /// - Parameters:
  ///   - sent: how many there were.
  ///   - last: when the alert was told last.
  package func nextReminder(of severity: Alert.Severity, sent: Int, last: Timestamp) -> Timestamp {
    let first = severity == .alarm ? alarmReminder : troubleReminder
    return last.advanced(by: min(first * (1 << min(max(sent, 0), 20)), Self.longestWait))
  }
}

extension Alert.Kind {
  /// Whether people are told when its cause is over. Of an opening they are not: what ends that alarm is disarming.
  package var tellsResolution: Bool {
    switch self {
    case .leftOpen, .standingOpen, .openTooLong, .doorFault, .batteryLow, .agentSilent, .brokerGone,
      .channelFailing:
      true
    case .opened, .shutOut, .alarmEnded, .journalRestarted, .scheduleFailed, .wrongCodes, .duress,
      .clientTaken, .historyGap, .selfTest, .selfTestFailed:
      false
    }
  }

  /// Whether it is told again until it is acknowledged and over. What only has to be known is told once, and an open
  /// door has a repetition of its own.
  package var isReminded: Bool {
    switch self {
    case .opened, .leftOpen, .standingOpen, .doorFault, .batteryLow, .agentSilent, .brokerGone, .duress,
      .channelFailing:
      true
    case .openTooLong, .shutOut, .alarmEnded, .journalRestarted, .scheduleFailed, .wrongCodes, .clientTaken,
      .historyGap, .selfTest, .selfTestFailed:
      false
    }
  }

  /// Whether a cause that comes again and again is counted instead of told. Openings have a limit of their own.
  package var isCounted: Bool {
    self != .opened && self != .openTooLong && self != .duress && self != .selfTest
  }
}
