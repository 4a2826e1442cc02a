/// Something that a person has to be told.
package struct Alert: Sendable, Equatable {
  package enum Severity: String, Sendable, CaseIterable {
    /// Somebody may be in the house.
    case alarm
    /// Something does not work, or is not as it should be.
    case trouble
  }

  package enum Kind: String, Sendable, CaseIterable {
    /// A door was opened while it was guarded.
    case opened
    /// A door was found open in an armed area without having been seen to open.
    case standingOpen = "standing_open"
    /// A door was not closed when everybody had left, or when the siren ended.
    case leftOpen = "left_open"
    /// A door is open for longer than it should be, armed or not.
    case openTooLong = "open_too_long"
    /// A door has raised so many alarms that further ones are only written down.
    case shutOut = "shut_out"
    /// An area was disarmed after an alarm had been told.
    case alarmEnded = "alarm_ended"
    /// A door's contact is faulty, unreadable, or says what makes no sense.
    case doorFault = "door_fault"
    /// A contact's battery is nearly empty.
    case batteryLow = "battery_low"
    /// An agent's journal was lost or put back: its count began anew.
    case journalRestarted = "journal_restarted"
    /// An agent is not heard any more: nobody knows what its doors do.
    case agentSilent = "agent_silent"
    /// An area was to be armed or disarmed by its schedule, and was not.
    case scheduleFailed = "schedule_failed"
    /// Somebody tries codes.
    case wrongCodes = "wrong_codes"
    /// Somebody was forced to command.
    case duress
    /// The broker is not there: nobody knows what any door does.
    case brokerGone = "broker_gone"
    /// Another program takes the notifier's messages from the broker.
    case clientTaken = "client_taken"
    /// Transitions are missing from the history, and cannot be had back.
    case historyGap = "history_gap"
    /// A channel does not take what people are to be told.
    case channelFailing = "channel_failing"
    /// A test of the way from a sensor to the people.
    case selfTest = "self_test"
    /// One that did not get through.
    case selfTestFailed = "self_test_failed"
  }

  /// What the alert is about.
  package enum Subject: Sendable, Equatable {
    case door(DoorAddress)
    case agent(Identifier)
    case area
    case broker
    /// A way to people.
    case channel(Identifier)

    package var agent: Identifier? {
      switch self {
      case .door(let address): address.agent
      case .agent(let agent): agent
      case .area, .broker, .channel: nil
      }
    }

    package var door: Identifier? {
      if case .door(let address) = self { address.door } else { nil }
    }
  }

  /// What lasts as long as an alert's cause does; two alerts of one area with the same one are over together.
  package struct Condition: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
      self.description = description
    }

    package static func open(_ door: DoorAddress) -> Condition { Condition("open \(door)") }
    package static func fault(_ door: DoorAddress) -> Condition { Condition("fault \(door)") }
    package static func battery(_ door: DoorAddress) -> Condition { Condition("battery \(door)") }
    package static func silent(_ agent: Identifier) -> Condition { Condition("silent \(agent)") }
    package static let brokerGone = Condition("broker gone")
    package static func failing(_ channel: Identifier) -> Condition { Condition("channel \(channel)") }
  }

  /// How it was around when the alert was raised: what a person asks first.
  package struct Circumstances: Sendable, Equatable, Codable {
    /// How the area was armed; nil where it was not.
    package var mode: ArmMode?
    /// Since when the area was as it was.
    package var since: Timestamp
    /// Who had armed or disarmed it; nil where nobody is known.
    package var changedBy: String?
    /// Doors of the area, other than the alert's own, that were open too.
    package var open: [DoorAddress]

    package init(
      mode: ArmMode?, since: Timestamp, changedBy: String?, open: [DoorAddress] = []
    ) {
      self.mode = mode
      self.since = since
      self.changedBy = changedBy
      self.open = open
    }

    enum CodingKeys: String, CodingKey {
      case mode, since, open
      case changedBy = "changed_by"
    }
  }

  /// The same for the same cause, however often it is found: what makes one alert of it.
  package var id: String
  /// The id under which the same cause was told, if it was noticed before its transition was known.
  package var foretoldAs: String?
  /// When it happened, by the agent's clock where that can be trusted: what was told before was not this one.
  package var happened: Timestamp?
  package var severity: Severity
  package var kind: Kind
  package var area: Identifier
  package var subject: Subject
  /// nil for what is over as soon as it has happened.
  package var condition: Condition?
  /// The condition was over already when this was found.
  package var isOver: Bool
  /// What the door was found to be; nil where its message could not be read.
  package var state: DoorState?
  /// When it happened, by the best clock that is known.
  package var at: Timestamp
  /// It was told long after it happened.
  package var isLate: Bool
  package var simulated: Bool
  /// What was found, where the kind does not say it all: a name, a number, a reason, or one of the words below.
  package var detail: String?
  /// nil before it is raised.
  package var circumstances: Circumstances?

  package init(
    id: String,
    foretoldAs: String? = nil,
    happened: Timestamp? = nil,
    severity: Severity,
    kind: Kind,
    area: Identifier,
    subject: Subject,
    condition: Condition? = nil,
    isOver: Bool = false,
    state: DoorState?,
    at: Timestamp,
    isLate: Bool = false,
    simulated: Bool = false,
    detail: String? = nil,
    circumstances: Circumstances? = nil
  ) {
    self.id = id
    self.foretoldAs = foretoldAs
    self.happened = happened
    self.severity = severity
    self.kind = kind
    self.area = area
    self.subject = subject
    self.condition = condition
    self.isOver = isOver
    self.state = state
    self.at = at
    self.isLate = isLate
    self.simulated = simulated
    self.detail = detail
    self.circumstances = circumstances
  }
}

extension Alert {
  /// The door is guarded at any time.
  package static let alwaysDetail = "always"
  /// The door's agent cannot write its journal.
  package static let journalDetail = "journal"
}
