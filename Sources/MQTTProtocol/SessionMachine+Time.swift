package import NIOCore

/// Deadlines.
extension SessionMachine {
  /// How the session stands when there is nothing to do until another event.
  package struct Standing {
    package var queue: (unfinished: Int, inFlight: Int, oldest: NIODeadline?)
    package var nextDeadline: NIODeadline?
    package var canReceive: Bool
  }

  /// Asked at the end of each event; says at the same time whether anything is read, which silence is judged by.
  package mutating func standing(at now: NIODeadline) -> Standing {
    let canReceive = canReceive(at: now)
    return Standing(queue: queue, nextDeadline: nextDeadline, canReceive: canReceive)
  }

  /// When ``tick(at:)`` has something to do, unless other events come first.
  package var nextDeadline: NIODeadline? {
    mutating get {
      var deadline = Self.earlier(inbox.retryAt, outgoing.nextExpiry)
      switch phase {
      case .closing: return nil
      case .disconnected: break
      case .awaitingConnack(let answer), .awaitingSuback(let answer, _, _):
        deadline = Self.earlier(deadline, answer)
      case .connected:
        deadline = Self.earlier(deadline, Self.earlier(keepAlive.nextDeadline, acknowledgementDeadline))
        deadline = Self.earlier(deadline, Self.earlier(requestDeadline, authentication.deadline))
        deadline = Self.earlier(deadline, outgoing.holdDeadline)
      }
      return deadline
    }
  }

  /// By when the broker has to acknowledge something of what is in flight. While nothing is read, nothing can
  /// come.
  private var acknowledgementDeadline: NIODeadline? {
    mutating get {
      guard let time = configuration.acknowledgementTime, outgoing.windowCount > 0, !keepAlive.isPaused else {
        return nil
      }
      return max(outgoing.lastProgress, keepAlive.lastResumed) + time
    }
  }

  private static func earlier(_ one: NIODeadline?, _ other: NIODeadline?) -> NIODeadline? {
    guard let one, let other else { return one ?? other }
    return min(one, other)
  }

  package mutating func tick(at now: NIODeadline) -> Action {
    if let expiry = outgoing.nextExpiry, now >= expiry { outgoing.expire(at: now, log: &log) }
    switch phase {
    case .disconnected, .closing: return .none
    case .awaitingConnack(let deadline):
      guard now >= deadline else { return .none }
      return fail(.timedOut(broker: broker, waitingFor: "CONNACK"), reasonCode: nil)
    case .awaitingSuback(let deadline, _, _):
      guard now >= deadline else { return .none }
      return fail(.timedOut(broker: broker, waitingFor: "SUBACK"), reasonCode: .unspecifiedError)
    case .connected:
      return tickConnected(at: now)
    }
  }

  private mutating func tickConnected(at now: NIODeadline) -> Action {
    if let deadline = acknowledgementDeadline, now >= deadline {
      let awaited = "the acknowledgement of a message"
      return fail(.timedOut(broker: broker, waitingFor: awaited), reasonCode: .unspecifiedError)
    }
    if let deadline = requestDeadline, now >= deadline {
      return fail(
        .timedOut(broker: broker, waitingFor: "SUBACK or UNSUBACK"), reasonCode: .unspecifiedError)
    }
    if let deadline = authentication.deadline, now >= deadline {
      return fail(.timedOut(broker: broker, waitingFor: "AUTH"), reasonCode: .unspecifiedError)
    }
    switch keepAlive.check(at: now) {
    case .fine: return .none
    case .ping:
      isPingDue = true
      return .none
    case .timedOut:
      // "Keep alive timeout" is for brokers only (MQTT 5.0, 3.14.2.1).
      return fail(.keepAliveTimeout(broker: broker), reasonCode: .unspecifiedError)
    }
  }
}
