import Crypto
package import DoorCore

/// What a person is told, in the words in which they get it.
package struct Notice: Sendable, Equatable {
  /// One alert at one stage of its life.
  package struct Item: Sendable, Equatable {
    package var alert: Alert
    package var stage: AlertStage
    /// How often its cause has come.
    package var count: Int
    package var text: String

    package init(alert: Alert, stage: AlertStage, count: Int, text: String) {
      self.alert = alert
      self.stage = stage
      self.count = count
      self.text = text
    }
  }

  /// How much a person is to be disturbed.
  package enum Urgency: Sendable, Equatable, CaseIterable {
    /// Somebody may be in the house: it is to wake people.
    case critical
    /// Somebody should look at it.
    case normal
    /// Good to know.
    case low
  }

  /// Where a person says that they know of it: a page, which also takes a POST.
  package struct Link: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    /// Whoever has it can acknowledge.
    package var address: String
    /// What a button to it says.
    package var label: String

    package init(address: String, label: String) {
      self.address = address
      self.label = label
    }

    package var description: String { "(link)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
  }

  /// The same for every try of this notice, and no other's.
  package var key: String
  /// That of the gravest of the alerts.
  package var severity: Alert.Severity
  package var urgency: Urgency
  package var title: String
  package var text: String
  package var at: Timestamp
  /// None where the notifier speaks of itself.
  package var items: [Item]
  /// nil where there is nothing to acknowledge, or nowhere to do it.
  package var acknowledgement: Link?

  package init(
    key: String, severity: Alert.Severity, urgency: Urgency, title: String, text: String, at: Timestamp,
    items: [Item], acknowledgement: Link? = nil
  ) {
    self.key = key
    self.severity = severity
    self.urgency = urgency
    self.title = title
    self.text = text
    self.at = at
    self.items = items
    self.acknowledgement = acknowledgement
  }

  /// The key in 32 hexadecimal digits, for services that allow no more.
  var fingerprint: String { Self.fingerprint(of: key) }

  static func fingerprint(of key: String) -> String {
    SHA256.hash(data: Array(key.utf8)).prefix(16).hexadecimal
  }

  /// The text, of at most so many bytes, and under it the link, for those who have no button; the link is never cut.
  func text(withLink limit: Int) -> String {
    guard let acknowledgement else { return text.shortened(toBytes: limit) }
    let link = "\n\(acknowledgement.label): \(acknowledgement.address)"
    return text.shortened(toBytes: max(limit - link.utf8.count, 0)) + link
  }
}
