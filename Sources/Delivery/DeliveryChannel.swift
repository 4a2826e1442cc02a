// Delivery: takes an alert to a person, through one channel or another.
package import DoorCore

/// An alert in the words in which a person gets it.
package struct Notice: Sendable, Equatable {
  package var alert: Alert
  package var title: String
  package var text: String

  package init(alert: Alert, title: String, text: String) {
    self.alert = alert
    self.title = title
    self.text = text
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
