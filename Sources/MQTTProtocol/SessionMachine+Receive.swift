package import NIOCore

/// What the broker sends.
extension SessionMachine {
  package mutating func receive(_ packet: Packet, at now: NIODeadline) -> Action {
    keepAlive.received(at: now)
    switch phase {
    case .disconnected:
      preconditionFailure("a packet came without a connection")
    case .closing:
      return .none
    case .awaitingConnack:
      // Nothing can come before CONNECT has gone out.
      if case .connect = control { return violation(unexpected(packet)) }
      switch packet {
      case .connack(let connack): return receive(connack, at: now)
      case .auth(let packet): return receive(packet)
      default: return violation(unexpected(packet))
      }
    case .awaitingSuback, .connected:
      return receiveInSession(packet, at: now)
    }
  }

  /// The bytes that came are not a packet.
  package mutating func receiveFailed(_ error: MalformedPacket) -> Action {
    // In two steps, because the optimizer of Swift 6.3.1 crashes on one.
    let reasonCode = error.reasonCode
    let failure = ConnectionFailure.malformedPacket(broker: broker, error)
    return fail(failure, reasonCode: reasonCode)
  }

  private mutating func receive(_ connack: Connack, at now: NIODeadline) -> Action {
    guard authentication.step == .idle else { return violation(unexpected(.connack(connack))) }
    let detail = connack.properties.reasonString
    switch connack.reasonCode {
    case .success:
      guard !connack.sessionPresent || !hasAskedForNewSession else { return violation(.unexpectedSession) }
      return authenticate(connack, at: now)
    case .unsupportedProtocolVersion: return fail(.versionNotSupported(broker: broker), reasonCode: nil)
    case .badUserNameOrPassword, .notAuthorized:
      return fail(.credentialsRefused(broker: broker, connack.reasonCode, detail: detail), reasonCode: nil)
    default:
      let failure = ConnectionFailure.refused(
        broker: broker, connack.reasonCode, detail: detail,
        serverReference: connack.properties.serverReference)
      return fail(failure, reasonCode: nil)
    }
  }

  /// The broker has taken the connection.
  mutating func accept(_ connack: Connack, at now: NIODeadline) -> Action {
    limits = ServerLimits(connack.properties, requestedKeepAlive: configuration.keepAlive)
    // One is assigned to those only who have none of their own (MQTT 5.0, 3.2.2.3.7).
    if let assigned = connack.properties.assignedClientIdentifier, clientIdentifier.isEmpty {
      clientIdentifier = assigned
      log.append(.belongs(clientIdentifier: assigned))
    }
    hasConnectedBefore = true
    unansweredConnects = 0
    keepAlive = KeepAlive(
      interval: limits.keepAlive == 0 ? nil : .seconds(Int64(limits.keepAlive)),
      responseTime: configuration.answerTime,
      at: now
    )
    incomingAliases = TopicAliases(limit: configuration.topicAliasMaximum)
    outgoingAliases = TopicAliases(
      limit: min(configuration.outgoingTopicAliasMaximum, limits.topicAliasMaximum))
    if !connack.sessionPresent { inbox.sessionLost() }
    outgoing.connected(sessionPresent: connack.sessionPresent, at: now, log: &log)
    let answer = subscriptions.connected(limits)
    finishedRequests.append(contentsOf: answer.callers.map { (id: $0.0, failure: $0.1) })
    let state = ConnectedState(
      version: version,
      isSessionPresent: connack.sessionPresent,
      clientIdentifier: clientIdentifier,
      limits: limits,
      refusedSubscriptions: answer.refused,
      responseInformation: connack.properties.responseInformation,
      userProperties: connack.properties.userProperties
    )
    guard subscriptions.initialCount > 0 else {
      phase = .connected(since: now)
      return .connected(state)
    }
    phase = .awaitingSuback(deadline: now + configuration.answerTime, state, since: now)
    return .none
  }

  private mutating func receiveInSession(_ packet: Packet, at now: NIODeadline) -> Action {
    switch packet {
    case .publish(let publish): return receive(publish)
    case .puback(let answer):
      return check(outgoing.acknowledge(answer, at: now, log: &log), answer)
    case .pubrec(let answer):
      guard outgoing.releases.count < Int(UInt16.max) else { return violation(.tooManyUnanswered) }
      return check(outgoing.received(answer, at: now, log: &log), answer)
    case .pubcomp(let answer):
      return check(outgoing.completed(answer, at: now, log: &log), answer)
    case .pubrel(let release):
      guard !inbox.isUnderWay(release.packetIdentifier) else {
        return violation(.unexpectedRelease(packetIdentifier: release.packetIdentifier))
      }
      guard inbox.completions.count < Int(UInt16.max) else { return violation(.tooManyUnanswered) }
      inbox.release(release.packetIdentifier, log: &log)
      return .none
    case .suback(let suback): return receive(suback)
    case .unsuback(let unsuback):
      guard let answer = subscriptions.unsubscribed(unsuback) else {
        return violation(.mismatchedSubscribeAcknowledgement)
      }
      take(answer)
      return .none
    case .pingresp:
      guard keepAlive.receivedPingResponse(at: now) else { return violation(unexpected(packet)) }
      let answered = keepAlive.pingsAnswered
      for index in fences.indices where fences[index].stage == .awaitingPing(answered) {
        fences[index].stage = .awaitingHandlers(through: inbox.lastSequence)
      }
      return .none
    case .disconnect(let disconnect) where version == .v5: return receive(disconnect)
    case .auth(let packet): return receive(packet)
    default: return violation(unexpected(packet))
    }
  }

  private mutating func check(
    _ acknowledged: OutgoingPublishes.Acknowledged, _ answer: PublishAcknowledgement
  ) -> Action {
    guard acknowledged == .mismatched else { return .none }
    return violation(.mismatchedAcknowledgement(packetIdentifier: answer.packetIdentifier))
  }

  private mutating func receive(_ suback: SubscribeAcknowledgement) -> Action {
    guard let answer = subscriptions.subscribed(suback) else {
      return violation(.mismatchedSubscribeAcknowledgement)
    }
    take(answer)
    guard case .awaitingSuback(let deadline, var state, let since) = phase else {
      return answer.refused.isEmpty ? .none : .subscriptionsRefused(answer.refused)
    }
    state.refusedSubscriptions.merge(answer.refused) { _, new in new }
    guard subscriptions.initialCount == 0 else {
      phase = .awaitingSuback(deadline: deadline, state, since: since)
      return .none
    }
    phase = .connected(since: since)
    return .connected(state)
  }

  private mutating func take(_ answer: Subscriptions.Answer) {
    if !subscriptions.isAwaitingAnswer { requestDeadline = nil }
    finishedRequests.append(contentsOf: answer.callers.map { (id: $0.0, failure: $0.1) })
  }

  private mutating func receive(_ publish: Publish) -> Action {
    var publish = publish
    do throws(ProtocolViolation) {
      try incomingAliases.restore(&publish)
    } catch {
      return violation(error)
    }
    let route = subscriptions.route(for: publish) ?? (hasFallback ? .fallback : nil)
    guard
      inbox.append(
        ReceivedMessage(publish), route: route, packetIdentifier: publish.packetIdentifier, log: &log)
    else { return violation(.identifierInUse(publish.packetIdentifier ?? 0)) }
    // There are no more identifiers than these, whatever the client allows.
    guard inbox.unacknowledged.count <= Int(UInt16.max) else { return violation(.tooManyUnanswered) }
    if !configuration.allowsExcessMessages, inbox.windowCount > configuration.receiveMaximum {
      return violation(.receiveMaximumExceeded)
    }
    return route == nil ? .unrouted(topic: publish.topic) : .none
  }

  private mutating func receive(_ disconnect: Disconnect) -> Action {
    let failure: ConnectionFailure
    // Only clients send a session expiry interval (MQTT-3.14.2-2).
    guard disconnect.properties.sessionExpiryInterval == nil else {
      return violation(unexpected(.disconnect(disconnect)))
    }
    switch disconnect.reasonCode {
    case .disconnectWithWill: return violation(unexpected(.disconnect(disconnect)))
    case .sessionTakenOver:
      failure = .sessionTakenOver(broker: broker, clientIdentifier: clientIdentifier)
    default:
      failure = .disconnected(
        broker: broker, disconnect.reasonCode, detail: disconnect.properties.reasonString,
        serverReference: disconnect.properties.serverReference)
    }
    return fail(failure, reasonCode: nil)
  }

  mutating func violation(_ violation: ProtocolViolation) -> Action {
    fail(.protocolViolation(broker: broker, violation), reasonCode: violation.reasonCode)
  }

  func unexpected(_ packet: Packet) -> ProtocolViolation {
    .unexpectedPacket("\(packet.type)".uppercased())
  }
}
