package import NIOCore

/// What the application asks for, and what its handlers report.
extension SessionMachine {
  /// Takes messages to publish: all, or none with the reason. Returns whether nothing else is under way.
  @discardableResult
  package mutating func publish(
    _ messages: [Message],
    batch: PublishBatchID,
    until milestone: PublishMilestone = .acknowledged,
    policy: QueuePolicy = .keepAll,
    at now: NIODeadline
  ) throws(MQTTError) -> Bool {
    if policy == .refuse {
      guard case .connected = phase else { throw .notConnected }
    }
    for message in messages {
      try message.validate()
      if hasConnectedBefore { try limits.check(message, version: version) }
    }
    try outgoing.append(
      messages, batch: batch, milestone: milestone, policy: policy, at: now,
      wallClockOffset: wallClockOffset, log: &log)
    return outgoing.unfinishedCount == messages.count
  }

  /// Nobody waits for these messages any longer: those not on the wire are withdrawn.
  package mutating func cancelPublish(_ batch: PublishBatchID) { outgoing.cancel(batch, log: &log) }

  /// How many messages are unfinished, of these on the wire, and since when the oldest is.
  package var queue: (unfinished: Int, inFlight: Int, oldest: NIODeadline?) {
    mutating get { (outgoing.unfinishedCount, outgoing.windowCount, outgoing.oldestAccepted) }
  }

  /// Asks for a PINGREQ whose answer, once the handlers are done with all before it, finishes the fence.
  ///
  /// The fences that wait are bounded like the queue of messages.
  package mutating func fence(_ id: RequestID) throws(MQTTError) {
    guard fences.count < configuration.outgoingQueueLimit else {
      throw .queueFull(limit: configuration.outgoingQueueLimit, byteLimit: .max)
    }
    fences.append(Fence(id: id))
  }

  package mutating func cancelFence(_ id: RequestID) { fences.removeAll { $0.id == id } }

  /// Adds a route; the request ends when the broker has made the subscription, now or on the next connection.
  package mutating func subscribe(_ route: RouteSubscription, _ id: RequestID) throws(MQTTError) {
    try subscriptions.add(route, caller: id)
  }

  /// Removes the route of a filter; the request ends when the broker has ended the subscription.
  package mutating func unsubscribe(_ filter: String, _ id: RequestID) throws(MQTTError) {
    for waiting in try subscriptions.remove(filter, caller: id) {
      finishedRequests.append((waiting, .unsubscribed(filter)))
    }
  }

  package mutating func cancelSubscription(_ id: RequestID) { subscriptions.cancel(id) }

  /// Whether there is room for another packet. If not, nothing more may be read until a handler has taken
  /// messages, or the application has answered a step of an authentication.
  package mutating func canReceive(at now: NIODeadline) -> Bool {
    if inbox.isFull || authentication.isHoldingConnack {
      keepAlive.pauseReading()
      return false
    }
    keepAlive.resumeReading(at: now)
    return true
  }

  /// The messages for a handler; nil while it works, or while there are none.
  package mutating func nextBatch(at now: NIODeadline) -> InboxBatch? { inbox.nextBatch(at: now) }

  /// A handler has finished with its batch, so that it can be acknowledged.
  package mutating func handled(_ token: DeliveryToken) { inbox.handled(token, log: &log) }

  /// A handler has failed.
  package mutating func failed(_ batch: InboxBatch, at now: NIODeadline, fraction: Double) -> FailedDelivery {
    inbox.failed(
      batch.token, policy: subscriptions.policy(of: batch.route), at: now, backoff: configuration.backoff,
      fraction: fraction, log: &log)
  }
}
