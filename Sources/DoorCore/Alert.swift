/// Something that a person has to be told.
package struct Alert: Sendable, Equatable {
  package enum Severity: String, Sendable, CaseIterable {
    /// Somebody may be in the house.
    case alarm
    /// Something does not work, or is not as it should be.
    case trouble
  }

  package enum Kind: String, Sendable, CaseIterable {
    /// A door was opened while its area was armed.
    case opened
    /// A door was found open in an armed area without having been seen to open.
    case standingOpen = "standing_open"
    /// A door's contact is faulty, unreadable, or says what makes no sense.
    case doorFault = "door_fault"
    /// An agent's journal was lost or put back: its count began anew.
    case journalRestarted = "journal_restarted"
    /// An agent is not heard any more: nobody knows what its doors do.
    case agentSilent = "agent_silent"
    /// It is heard again.
    case agentBack = "agent_back"
  }

  /// What the alert is about.
  package enum Subject: Sendable, Equatable {
    case door(DoorAddress)
    case agent(Identifier)

    package var agent: Identifier {
      switch self {
      case .door(let address): address.agent
      case .agent(let agent): agent
      }
    }

    package var door: Identifier? {
      if case .door(let address) = self { address.door } else { nil }
    }
  }

  /// The same for the same cause, however often it is found: what makes one alert of it.
  package var id: String
  /// The id under which the same cause was told, if it was noticed before its transition was known.
  package var foretoldAs: String?
  package var severity: Severity
  package var kind: Kind
  package var area: Identifier
  package var subject: Subject
  /// What the door was found to be; nil where its message could not be read.
  package var state: DoorState?
  /// When it happened, by the best clock that is known.
  package var at: Timestamp
  /// It was told long after it happened.
  package var isLate: Bool
  package var simulated: Bool
  /// One sentence on what was found, where the kind does not say it all.
  package var detail: String?

  package init(
    id: String,
    foretoldAs: String? = nil,
    severity: Severity,
    kind: Kind,
    area: Identifier,
    subject: Subject,
    state: DoorState?,
    at: Timestamp,
    isLate: Bool = false,
    simulated: Bool = false,
    detail: String? = nil
  ) {
    self.id = id
    self.foretoldAs = foretoldAs
    self.severity = severity
    self.kind = kind
    self.area = area
    self.subject = subject
    self.state = state
    self.at = at
    self.isLate = isLate
    self.simulated = simulated
    self.detail = detail
  }
}
