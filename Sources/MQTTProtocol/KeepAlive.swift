import NIOCore

/// When to send PINGREQ, and when to give the broker up (MQTT 5.0, 3.1.2.10).
///
/// A PINGREQ goes out when for one interval nothing was sent or nothing was received. Half an interval later
/// without its PINGRESP the connection is dead: at the latest one and a half intervals after the last sign of
/// life.
struct KeepAlive {
  enum Verdict: Equatable {
    case fine
    case ping
    case timedOut
  }

  /// nil: pings only on demand.
  private let interval: TimeAmount?
  private let responseTime: TimeAmount
  private var lastSent: NIODeadline
  private var lastReceived: NIODeadline
  /// When the ping was sent that waits for its answer, or was due while nothing could be written.
  private var pingSent: NIODeadline?
  /// When a ping was last due.
  private var lastDue: NIODeadline
  private(set) var pingsSent = 0
  private(set) var pingsAnswered = 0
  /// Nothing is read at present, so silence says nothing about the broker.
  private(set) var isPaused = false
  private(set) var lastResumed: NIODeadline

  /// - Parameter responseTime: For PINGRESP; with an interval never more than half of it.
  init(interval: TimeAmount?, responseTime: TimeAmount, at now: NIODeadline) {
    self.interval = interval
    self.responseTime = interval.map { min(.nanoseconds($0.nanoseconds / 2), responseTime) } ?? responseTime
    lastSent = now
    lastReceived = now
    lastDue = now
    lastResumed = now
  }

  var nextDeadline: NIODeadline? {
    let answer = isPaused ? nil : pingSent.map { $0 + responseTime }
    guard let pingDue else { return answer }
    return answer.map { min($0, pingDue) } ?? pingDue
  }

  private var pingDue: NIODeadline? {
    guard let interval else { return nil }
    // While an answer is due, or nothing is read, only the broker's own timer matters.
    let last = isPaused || pingSent != nil ? lastSent : min(lastSent, lastReceived)
    return max(last, lastDue) + interval
  }

  mutating func check(at now: NIODeadline) -> Verdict {
    if !isPaused, let pingSent, now >= pingSent + responseTime { return .timedOut }
    guard let pingDue, now >= pingDue else { return .fine }
    // A broker that takes nothing any more is given up as well.
    lastDue = now
    if pingSent == nil { pingSent = now }
    return .ping
  }

  mutating func sent(at now: NIODeadline) { lastSent = now }

  mutating func received(at now: NIODeadline) { lastReceived = now }

  /// Returns the number of this ping, counted from 1.
  mutating func sentPing(at now: NIODeadline) -> Int {
    pingsSent += 1
    if pingSent == nil { pingSent = now }
    return pingsSent
  }

  /// Returns false for an answer to nothing.
  mutating func receivedPingResponse(at now: NIODeadline) -> Bool {
    guard pingsAnswered < pingsSent else { return false }
    pingsAnswered += 1
    pingSent = pingsAnswered < pingsSent ? now : nil
    return true
  }

  mutating func pauseReading() { isPaused = true }

  mutating func resumeReading(at now: NIODeadline) {
    guard isPaused else { return }
    isPaused = false
    lastReceived = now
    lastResumed = now
    if pingSent != nil { pingSent = now }
  }
}
