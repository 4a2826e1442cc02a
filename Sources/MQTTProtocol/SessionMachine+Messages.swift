package import NIOCore

/// What the application asks for, and what its handlers report.
extension SessionMachine {
  /// Takes messages to publish: all, or none with the reason.
  package mutating func publish(_ messages: [Message], batch: PublishBatchID) throws(MQTTError) {
    for message in messages {
      try message.validate()
      if hasConnectedBefore { try limits.check(message, version: version) }
    }
    try outgoing.append(messages, batch: batch)
  }

  /// Nobody waits for these messages any longer: those not on the wire are withdrawn.
  package mutating func cancelPublish(_ batch: PublishBatchID) { outgoing.cancel(batch) }

  /// Asks for a PINGREQ whose answer, once the handlers are done with all before it, finishes the fence.
  ///
  /// The fences that wait are bounded like the queue of messages.
  package mutating func fence(_ id: FenceID) throws(MQTTError) {
    guard fences.count < configuration.outgoingQueueLimit else {
      throw .queueFull(limit: configuration.outgoingQueueLimit)
    }
    fences.append(Fence(id: id))
  }

  package mutating func cancelFence(_ id: FenceID) { fences.removeAll { $0.id == id } }

  /// Whether there is room for another packet. If not, nothing more may be read until a handler has taken
  /// messages.
  package mutating func canReceive(at now: NIODeadline) -> Bool {
    if inbox.isFull {
      keepAlive.pauseReading()
      return false
    }
    keepAlive.resumeReading(at: now)
    return true
  }

  /// The messages for a handler; nil while it works, or while there are none.
  package mutating func nextBatch(at now: NIODeadline) -> InboxBatch? { inbox.nextBatch(at: now) }

  /// A handler has finished with its batch, so that it can be acknowledged.
  package mutating func handled(_ token: DeliveryToken) { inbox.handled(token) }

  /// A handler has failed; it gets the batch again later, unless the connection ends before.
  ///
  /// Returns how often it has failed in a row, nil if the batch belongs to an earlier connection.
  package mutating func failed(_ token: DeliveryToken, at now: NIODeadline, fraction: Double) -> Int? {
    inbox.failed(token, at: now, backoff: configuration.backoff, fraction: fraction)
  }
}
