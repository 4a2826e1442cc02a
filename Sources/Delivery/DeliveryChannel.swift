// Delivery: takes an alert to a person, through one channel or another.
package import DoorCore

/// How a try ended. What it says holds no secret.
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
  /// How often its receiver lets itself be used; nil where nothing is known of a limit.
  var rate: SendingRate? { get }
  /// Tries once. Never throws: what goes wrong is a result. Takes a bounded time.
  func deliver(_ notice: Notice) async -> DeliveryResult
}

extension DeliveryChannel {
  package var rate: SendingRate? { nil }
}
