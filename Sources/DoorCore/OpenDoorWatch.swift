/// A door that is open, until it has been warned of; and again, as long as it is.
package struct OpenDoorWatch: Sendable, Equatable, Codable {
  /// The id of the alert of this opening.
  package private(set) var alert: String
  package private(set) var since: Timestamp
  package private(set) var countdown: Countdown
  package private(set) var warnings = 0

  /// - Parameters:
  ///   - cause: the opening, by its transition.
  ///   - since: when the door was opened, by the best clock that is known.
  ///   - limit: for how long it may be open.
  package init(cause: String, since: Timestamp, limit: Duration, at now: Moment) {
    alert = "\(cause)/\(since.milliseconds)/open-too-long"
    self.since = since
    let age = max(.zero, min(now.wall.elapsed(since: since), limit))
    countdown = Countdown(limit - age, from: now)
  }

  /// Warns where it is time to.
  ///
  /// - Parameter repetition: the time to the next warning; nil where one is enough.
  /// - Returns: the number of the warning, from 1; nil where it is not time yet.
  package mutating func warning(repetition: Duration?, at now: Moment) -> Int? {
    guard countdown.isOver(at: now), warnings == 0 || repetition != nil else { return nil }
    warnings += 1
    countdown = Countdown(repetition ?? .zero, from: now)
    return warnings
  }

  /// How long until the next warning; nil where there is none.
  package func wait(repetition: Duration?, at now: Moment) -> Duration? {
    warnings == 0 || repetition != nil ? countdown.remaining(at: now) : nil
  }
}
