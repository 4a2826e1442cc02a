// Delivery: takes an alert to a person, through one channel or another.
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

  /// The same for every try of this notice, and no other's.
  package var key: String
  /// That of the gravest of the alerts.
  package var severity: Alert.Severity
  package var title: String
  package var text: String
  package var at: Timestamp
  /// None where the notifier speaks of itself.
  package var items: [Item]

  package init(
    key: String, severity: Alert.Severity, title: String, text: String, at: Timestamp, items: [Item]
  ) {
    self.key = key
    self.severity = severity
    self.title = title
    self.text = text
    self.at = at
    self.items = items
  }
}

/// How a try ended.
package enum DeliveryResult: Sendable, Equatable {
  /// The receiver has it; `answer` is what it said.
  case delivered(answer: String)
  /// Another try is worth it, after `after` where the receiver named a time.
  case retry(after: Duration?, why: String)
  /// The receiver will never take it as it is.
  case refused(why: String)
}

/// One way to a person.
package protocol DeliveryChannel: Sendable {
  var id: Identifier { get }
  /// Tries once. Never throws: what goes wrong is a result. Takes a bounded time.
  func deliver(_ notice: Notice) async -> DeliveryResult
}
