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
      guard case .connack(let connack) = packet else {
        return fail(.protocolViolation(broker: configuration.broker, unexpected(packet)), reasonCode: nil)
      }
      return receive(connack, at: now)
    case .awaitingSuback(_, let state, let since):
      guard case .suback(let suback) = packet else { return receiveInSession(packet, at: now) }
      return receive(suback, state, since: since)
    case .connected:
      return receiveInSession(packet, at: now)
    }
  }

  /// The bytes that came are not a packet.
  package mutating func receiveFailed(_ error: MalformedPacket) -> Action {
    // In two steps, because the optimizer of Swift 6.3.1 crashes on one.
    let reasonCode = error.reasonCode
    let failure = ConnectionFailure.malformedPacket(broker: configuration.broker, error)
    return fail(failure, reasonCode: reasonCode)
  }

  private mutating func receive(_ connack: Connack, at now: NIODeadline) -> Action {
    let broker = configuration.broker
    let detail = connack.properties.reasonString
    switch connack.reasonCode {
    case .success: break
    case .unsupportedProtocolVersion: return fail(.versionNotSupported(broker: broker), reasonCode: nil)
    case .badUserNameOrPassword, .notAuthorized:
      return fail(.credentialsRefused(broker: broker, connack.reasonCode, detail: detail), reasonCode: nil)
    default:
      return fail(.refused(broker: broker, connack.reasonCode, detail: detail), reasonCode: nil)
    }
    limits = ServerLimits(connack.properties, requestedKeepAlive: configuration.keepAlive)
    clientIdentifier = connack.properties.assignedClientIdentifier ?? clientIdentifier
    hasConnectedBefore = true
    unansweredConnects = 0
    keepAlive = KeepAlive(
      interval: limits.keepAlive == 0 ? nil : .seconds(Int64(limits.keepAlive)),
      responseTime: configuration.answerTime,
      at: now
    )
    outgoing.connected(sessionPresent: connack.sessionPresent)
    let state = ConnectedState(
      version: version,
      isSessionPresent: connack.sessionPresent,
      clientIdentifier: clientIdentifier,
      limits: limits
    )
    guard !configuration.subscriptions.isEmpty else {
      phase = .connected(since: now)
      return .connected(state)
    }
    control = .subscribe(
      Subscribe(
        packetIdentifier: Self.subscribeIdentifier,
        subscriptions: configuration.subscriptions
      )
    )
    phase = .awaitingSuback(deadline: now + configuration.answerTime, state, since: now)
    return .none
  }

  private mutating func receive(
    _ suback: SubscribeAcknowledgement,
    _ state: ConnectedState,
    since: NIODeadline
  ) -> Action {
    let subscriptions = configuration.subscriptions
    guard suback.packetIdentifier == Self.subscribeIdentifier,
      suback.reasonCodes.count == subscriptions.count
    else { return violation(.mismatchedSubscribeAcknowledgement) }
    var state = state
    for (subscription, code) in zip(subscriptions, suback.reasonCodes) where code.isFailure {
      state.refusedSubscriptions[subscription.filter] = code
    }
    phase = .connected(since: since)
    return .connected(state)
  }

  private mutating func receiveInSession(_ packet: Packet, at now: NIODeadline) -> Action {
    switch packet {
    case .publish(let publish):
      return receive(publish)
    case .puback(let acknowledgement):
      outgoing.acknowledge(acknowledgement.packetIdentifier, acknowledgement.reasonCode)
      return .none
    case .pingresp:
      guard keepAlive.receivedPingResponse(at: now) else { return violation(unexpected(packet)) }
      let answered = keepAlive.pingsAnswered
      for index in fences.indices where fences[index].stage == .awaitingPing(answered) {
        fences[index].stage = .awaitingHandlers(through: inbox.lastSequence)
      }
      return .none
    case .disconnect(let disconnect) where version == .v5:
      return receive(disconnect)
    default:
      return violation(unexpected(packet))
    }
  }

  private mutating func receive(_ publish: Publish) -> Action {
    guard publish.message.qualityOfService < .exactlyOnce else {
      return violation(.unexpectedQualityOfService)
    }
    guard publish.topicAlias == nil else { return violation(.unexpectedTopicAlias) }
    // More unacknowledged messages than our Receive Maximum would be a violation too, but mosquitto 2.0.11
    // sends them out of a long queue. They are taken: a full inbox stops the reading, which bounds them.
    let route = filters.firstIndex { $0.matches(publish.topic) }
    inbox.append(
      ReceivedMessage(
        topic: publish.topic,
        payload: publish.payload,
        qualityOfService: publish.message.qualityOfService,
        isRetained: publish.message.retain,
        isDuplicate: publish.isDuplicate,
        isPayloadTruncated: publish.isPayloadTruncated,
        properties: publish.message.properties
      ),
      route: route,
      packetIdentifier: publish.packetIdentifier
    )
    return route == nil ? .unrouted(topic: publish.topic) : .none
  }

  private mutating func receive(_ disconnect: Disconnect) -> Action {
    let broker = configuration.broker
    let failure: ConnectionFailure =
      disconnect.reasonCode == .sessionTakenOver
      ? .sessionTakenOver(broker: broker, clientIdentifier: clientIdentifier)
      : .disconnected(broker: broker, disconnect.reasonCode, detail: disconnect.properties.reasonString)
    return fail(failure, reasonCode: nil)
  }

  private mutating func violation(_ violation: ProtocolViolation) -> Action {
    fail(.protocolViolation(broker: configuration.broker, violation), reasonCode: violation.reasonCode)
  }

  private func unexpected(_ packet: Packet) -> ProtocolViolation {
    .unexpectedPacket("\(packet.type)".uppercased())
  }
}
