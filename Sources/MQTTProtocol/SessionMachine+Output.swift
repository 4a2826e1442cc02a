package import NIOCore

/// What there is to write and to report.
extension SessionMachine {
  /// The next thing to do: to write, if `canSend`, or to report. nil until another event.
  package mutating func next(canSend: Bool, at now: NIODeadline) -> Output? {
    if let output = nextFinishedRequest() { return output }
    guard canSend, let step = nextStep(at: now) else {
      guard let action = outgoing.nextReport(log: log) else { return nil }
      return Self.report(action)
    }
    if case .send = step { keepAlive.sent(at: now) }
    return step
  }

  private mutating func nextStep(at now: NIODeadline) -> Output? {
    switch phase {
    case .disconnected: return nil
    case .awaitingConnack: break
    case .closing(let failure, _):
      // In good order the broker gets its acknowledgements first.
      if failure == nil, control != nil, let packet = inbox.nextAcknowledgement(log: log) {
        return .send(packet)
      }
    case .awaitingSuback, .connected:
      if control == nil { return nextSessionStep(at: now) }
    }
    defer { control = nil }
    return control.map { .send($0) }
  }

  private mutating func nextSessionStep(at now: NIODeadline) -> Output? {
    if let packet = inbox.nextAcknowledgement(log: log) { return .send(packet) }
    if case .connected = phase, isPingDue || fences.contains(where: { $0.stage == .unsent }) {
      isPingDue = false
      let ping = keepAlive.sentPing(at: now)
      for index in fences.indices where fences[index].stage == .unsent {
        fences[index].stage = .awaitingPing(ping)
      }
      return .send(.pingreq)
    }
    if let packet = subscriptions.next() {
      requestDeadline = now + configuration.answerTime
      return .send(packet)
    }
    guard let action = outgoing.next(server: limits, version: version, at: now, log: &log) else { return nil }
    switch action {
    case .send(var publish):
      outgoingAliases.shorten(&publish, maximumPacketSize: limits.maximumPacketSize)
      return .send(.publish(publish))
    case .release(let identifier, let code):
      return .send(.pubrel(PublishAcknowledgement(packetIdentifier: identifier, reasonCode: code)))
    case .finish, .drop: return Self.report(action)
    }
  }

  private static func report(_ action: OutgoingPublishes.Action) -> Output? {
    switch action {
    case .finish(let batch, let failure, let code): .finishPublish(batch, failure, code)
    case .drop(let topic, let error): .drop(topic: topic, error)
    case .send, .release: nil
    }
  }

  private mutating func nextFinishedRequest() -> Output? {
    if let finished = finishedRequests.popFirst() { return .finishRequest(finished.id, finished.failure) }
    guard let first = fences.first, case .awaitingHandlers(let through) = first.stage,
      inbox.isSettled(through: through)
    else { return nil }
    return .finishRequest(fences.removeFirst().id, nil)
  }
}
