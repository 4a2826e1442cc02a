import NIOCore

/// Consecutive messages of one route that its handler gets together.
package struct InboxBatch: Sendable, Equatable {
  package let token: DeliveryToken
  /// The index of the route.
  package let route: Int
  package let messages: [ReceivedMessage]
}

/// Stands for messages up to one, as delivered on one connection. On any other connection it is worth nothing:
/// there the broker delivers what was not acknowledged again, under other packet identifiers.
package struct DeliveryToken: Sendable, Hashable {
  let connection: Int
  let through: UInt64
}

/// The messages from the broker that wait for their handlers, and the acknowledgements they will need.
///
/// Handlers get their messages, and the broker its acknowledgements, in the order of arrival.
struct Inbox {
  private struct Delivery {
    var sequence: UInt64
    /// nil: no route wants it.
    var route: Int?
    var message: ReceivedMessage
    var packetIdentifier: UInt16?
  }

  private struct Handling {
    var first: UInt64
    var batch: InboxBatch
    var failures = 0
    /// nil while the handler works.
    var retryAt: NIODeadline?
  }

  private let limit: Int
  private var queue = CircularBuffer<Delivery>()
  private var handling: Handling?
  private var unacknowledged = CircularBuffer<(sequence: UInt64, packetIdentifier: UInt16)>()
  private var connection = 0
  private(set) var lastSequence: UInt64 = 0
  private var handledThrough: UInt64 = 0

  /// - Parameter limit: How many messages wait at most; then `isFull`.
  init(limit: Int) { self.limit = limit }

  var isFull: Bool { queue.count >= limit }
  var retryAt: NIODeadline? { handling?.retryAt }

  mutating func append(_ message: ReceivedMessage, route: Int?, packetIdentifier: UInt16?) {
    lastSequence += 1
    queue.append(
      Delivery(
        sequence: lastSequence,
        route: route,
        message: message,
        packetIdentifier: packetIdentifier
      )
    )
    if let packetIdentifier { unacknowledged.append((lastSequence, packetIdentifier)) }
    settleUnrouted()
  }

  /// What a handler is to work on now; nil while one works, waits to try again, or there is nothing.
  mutating func nextBatch(at now: NIODeadline) -> InboxBatch? {
    if let current = handling {
      guard let retryAt = current.retryAt, now >= retryAt else { return nil }
      handling?.retryAt = nil
      return current.batch
    }
    guard let first = queue.first, let route = first.route else { return nil }
    var messages: [ReceivedMessage] = []
    var through = first.sequence
    while messages.count < limit, let next = queue.first, next.route == route {
      messages.append(next.message)
      through = next.sequence
      queue.removeFirst()
    }
    let token = DeliveryToken(connection: connection, through: through)
    let batch = InboxBatch(token: token, route: route, messages: messages)
    handling = Handling(first: first.sequence, batch: batch)
    return batch
  }

  /// The handler is done with a batch. One of an earlier connection is dropped.
  mutating func handled(_ token: DeliveryToken) {
    guard token.connection == connection, handling?.batch.token == token else { return }
    handling = nil
    handledThrough = token.through
    settleUnrouted()
  }

  /// The handler failed with a batch, and gets it again after a time.
  ///
  /// Returns how often it has failed with it in a row, or nil for a batch of an earlier connection.
  mutating func failed(
    _ token: DeliveryToken,
    at now: NIODeadline,
    backoff: ReconnectBackoff,
    fraction: Double
  ) -> Int? {
    guard token.connection == connection, handling?.batch.token == token, let failures = handling?.failures
    else { return nil }
    handling?.failures = failures + 1
    handling?.retryAt = now + TimeAmount(backoff.delay(attempt: failures, fraction: fraction))
    return failures + 1
  }

  /// The identifier of the next PUBACK that is due.
  mutating func nextAcknowledgement() -> UInt16? {
    guard let oldest = unacknowledged.first, oldest.sequence <= handledThrough else { return nil }
    unacknowledged.removeFirst()
    return oldest.packetIdentifier
  }

  /// Whether the handlers are done with all up to `sequence`.
  func isSettled(through sequence: UInt64) -> Bool {
    guard let oldest = handling?.first ?? queue.first?.sequence else { return true }
    return oldest > sequence
  }

  /// Forgets what the broker will deliver again. Messages at quality of service 0 stay.
  mutating func connectionLost() {
    connection += 1
    handling = nil
    unacknowledged.removeAll()
    queue.removeAll { $0.packetIdentifier != nil }
  }

  /// Counts messages that no route wants as handled, once all before them are.
  private mutating func settleUnrouted() {
    guard handling == nil else { return }
    while let next = queue.first, next.route == nil {
      handledThrough = next.sequence
      queue.removeFirst()
    }
  }
}
