import NIOCore

/// Names a route for as long as the client lives.
package struct RouteID: Sendable, Hashable {
  package let number: Int

  package init(_ number: Int) { self.number = number }

  /// Takes the messages that no other route wants.
  package static let fallback = RouteID(-1)
}

/// What becomes of a message whose handler keeps failing.
package enum FailurePolicy: Sendable, Hashable {
  case retry
  /// After so many failures the broker is told this reason.
  case refuse(after: Int, ReasonCode)
  /// After so many failures the message is handed to the route's parking handler.
  case park(after: Int)

  var limit: Int? {
    switch self {
    case .retry: nil
    case .refuse(let limit, _), .park(let limit): limit
    }
  }
}

/// Consecutive messages of one route that its handler gets together.
package struct InboxBatch: Sendable, Equatable {
  package let token: DeliveryToken
  package let route: RouteID
  package let messages: [ReceivedMessage]
  /// For the parking handler, not for the handler.
  package var isParked = false
}

/// Stands for messages up to one, as delivered on one connection. On any other connection it is worth nothing
/// at quality of service 1: there the broker delivers what was not acknowledged again, under other packet
/// identifiers.
package struct DeliveryToken: Sendable, Hashable {
  let connection: Int
  let through: UInt64
}

/// What a failed batch leads to.
package enum FailedDelivery: Sendable, Equatable {
  /// The batch belongs to an earlier connection: its messages come again.
  case forgotten
  /// It is tried again, after so many failures.
  case retried(failures: Int)
  /// It goes to the parking handler now.
  case parked(failures: Int)
  /// The broker is told this reason, or on 3.1.1 that all is well.
  case refused(failures: Int, ReasonCode)
}

/// The messages from the broker that wait for their handlers, and the acknowledgements they will need.
///
/// Handlers get their messages, and the broker its acknowledgements, in the order of arrival. A message at
/// quality of service 2 is known by its packet identifier from its handling until PUBREL, across connections:
/// when the broker delivers it again, it gets its PUBREC and no handler sees it.
struct Inbox {
  struct Delivery {
    var sequence: UInt64
    /// nil: no handler is to see it.
    var route: RouteID?
    var message: ReceivedMessage
    var packetIdentifier: UInt16?
  }

  struct Handling {
    var deliveries: [Delivery]
    var batch: InboxBatch
    var failures = 0
    /// nil while the handler works.
    var retryAt: NIODeadline?
    /// The broker has begun a new session since.
    var isOfLostSession = false
  }

  struct Unacknowledged {
    var sequence: UInt64
    var packetIdentifier: UInt16
    var qualityOfService: QualityOfService
    var code = ReasonCode.success
    /// The record that has to be durable before PUBREC goes out.
    var gate: UInt64 = 0
  }

  let limit: Int
  var queue = CircularBuffer<Delivery>()
  var handling: Handling?
  var unacknowledged = CircularBuffer<Unacknowledged>()
  /// How many of these are settled: their acknowledgements are due.
  private var settledCount = 0
  /// PUBCOMPs that are due, in the order in which PUBREL came.
  var completions = CircularBuffer<(packetIdentifier: UInt16, gate: UInt64, code: ReasonCode)>()
  /// Handled at quality of service 2, while PUBREL has not come.
  private(set) var handledIdentifiers: Set<UInt16> = []
  /// At quality of service 2, received on this connection while PUBREC has not been sent.
  private var identifiersUnderWay: Set<UInt16> = []
  /// Up to this one, messages are handled one by one: one of them has failed.
  private var singlesThrough: UInt64 = 0
  private var connection = 0
  private(set) var lastSequence: UInt64 = 0
  private var handledThrough: UInt64 = 0
  /// Messages of this connection that the broker counts as unacknowledged.
  private(set) var windowCount = 0

  /// - Parameter limit: How many messages wait at most; then `isFull`.
  init(limit: Int) { self.limit = limit }

  var isFull: Bool { queue.count >= limit }
  var retryAt: NIODeadline? { handling?.retryAt }

  /// Takes a message; false if it breaks the protocol by using an identifier that is in use.
  mutating func append(
    _ message: ReceivedMessage, route: RouteID?, packetIdentifier: UInt16?, log: inout SessionLog
  ) -> Bool {
    var route = route
    if let packetIdentifier, message.qualityOfService == .exactlyOnce {
      // One that is under way here already; some brokers of 3.1.1 repeat themselves.
      guard identifiersUnderWay.insert(packetIdentifier).inserted else { return message.isDuplicate }
      if handledIdentifiers.contains(packetIdentifier) { route = nil }
    }
    lastSequence += 1
    queue.append(
      Delivery(
        sequence: lastSequence,
        route: route,
        message: message,
        packetIdentifier: packetIdentifier
      )
    )
    if let packetIdentifier {
      windowCount += 1
      unacknowledged.append(
        Unacknowledged(
          sequence: lastSequence, packetIdentifier: packetIdentifier,
          qualityOfService: message.qualityOfService))
    }
    settleUnwanted(log: &log)
    return true
  }

  // MARK: Handlers

  /// What a handler is to work on now; nil while one works, waits to try again, or there is nothing, and while
  /// `limit` acknowledgements of what was handled wait for the store or the connection. With a store, no more of
  /// one connection come again after a crash.
  mutating func nextBatch(at now: NIODeadline) -> InboxBatch? {
    if let current = handling {
      guard let retryAt = current.retryAt, now >= retryAt else { return nil }
      handling?.retryAt = nil
      return current.batch
    }
    guard settledCount < limit, let first = queue.first, let route = first.route else { return nil }
    var deliveries: [Delivery] = []
    let most = first.sequence <= singlesThrough ? 1 : limit - settledCount
    while deliveries.count < most, let next = queue.first, next.route == route {
      deliveries.append(next)
      queue.removeFirst()
    }
    return begin(deliveries, route)
  }

  private mutating func begin(_ deliveries: [Delivery], _ route: RouteID) -> InboxBatch {
    let token = DeliveryToken(connection: connection, through: deliveries.last?.sequence ?? 0)
    let batch = InboxBatch(token: token, route: route, messages: deliveries.map(\.message))
    handling = Handling(deliveries: deliveries, batch: batch)
    return batch
  }

  /// The handler is done with a batch. Of one of an earlier connection, only messages at quality of service 2
  /// count: they are the same on every connection of a session.
  mutating func handled(_ token: DeliveryToken, log: inout SessionLog) {
    guard let done = handling, done.batch.token == token else { return }
    handling = nil
    guard token.connection != connection else {
      settle(through: token.through, log: &log)
      return
    }
    guard !done.isOfLostSession else { return }
    for delivery in done.deliveries where delivery.message.qualityOfService == .exactlyOnce {
      guard let identifier = delivery.packetIdentifier else { continue }
      let gate = remember(identifier, log: &log)
      // It may have come again meanwhile.
      for index in queue.indices where queue[index].isExactlyOnce(identifier) { queue[index].route = nil }
      for index in unacknowledged.indices where unacknowledged[index].packetIdentifier == identifier {
        unacknowledged[index].gate = gate
      }
    }
    settleUnwanted(log: &log)
  }

  /// The handler failed with a batch, and gets it again after a time, unless the policy has another way.
  mutating func failed(
    _ token: DeliveryToken,
    policy: FailurePolicy,
    at now: NIODeadline,
    backoff: ReconnectBackoff,
    fraction: Double,
    log: inout SessionLog
  ) -> FailedDelivery {
    guard var failing = handling, failing.batch.token == token else { return .forgotten }
    guard token.connection == connection else {
      handling = nil
      settleUnwanted(log: &log)
      return .forgotten
    }
    failing.failures += 1
    if let limit = policy.limit, !failing.batch.isParked {
      if failing.deliveries.count > 1 {
        // Which of them it was shows when they come one by one.
        singlesThrough = token.through
        for delivery in failing.deliveries.dropFirst().reversed() { queue.prepend(delivery) }
        let first = failing.deliveries[0]
        failing.batch = begin([first], failing.batch.route)
        failing.deliveries = [first]
      } else if failing.failures >= limit {
        return giveUp(failing, policy, log: &log)
      }
    }
    failing.retryAt =
      now + TimeAmount(backoff.delay(attempt: failing.failures - 1, fraction: fraction))
    handling = failing
    return .retried(failures: failing.failures)
  }

  private mutating func giveUp(
    _ failing: Handling, _ policy: FailurePolicy, log: inout SessionLog
  ) -> FailedDelivery {
    guard case .refuse(_, let code) = policy else {
      var parked = failing
      parked.batch.isParked = true
      parked.retryAt = .uptimeNanoseconds(0)
      parked.failures = 0
      handling = parked
      return .parked(failures: failing.failures)
    }
    handling = nil
    let through = failing.batch.token.through
    for index in unacknowledged.indices where unacknowledged[index].sequence == through {
      unacknowledged[index].code = code
    }
    settle(through: through, log: &log)
    return .refused(failures: failing.failures, code)
  }

  // MARK: Acknowledgements

  /// Counts everything up to `sequence` as handled, and what follows that no handler is to see.
  private mutating func settle(through sequence: UInt64, log: inout SessionLog) {
    handledThrough = max(handledThrough, sequence)
    for index in unacknowledged.indices.dropFirst(settledCount) {
      let due = unacknowledged[index]
      guard due.sequence <= handledThrough else { break }
      settledCount += 1
      guard due.qualityOfService == .exactlyOnce, !due.code.isFailure else { continue }
      if !handledIdentifiers.contains(due.packetIdentifier) {
        unacknowledged[index].gate = remember(due.packetIdentifier, log: &log)
      }
    }
    settleUnwanted(log: &log)
  }

  /// Counts messages that no handler is to see as handled, once all before them are.
  private mutating func settleUnwanted(log: inout SessionLog) {
    guard handling == nil, let first = queue.first, first.route == nil else { return }
    var through = first.sequence
    while let next = queue.first, next.route == nil {
      through = next.sequence
      queue.removeFirst()
    }
    settle(through: through, log: &log)
  }

  private mutating func remember(_ identifier: UInt16, log: inout SessionLog) -> UInt64 {
    handledIdentifiers.insert(identifier)
    return log.append(.handled(packetIdentifier: identifier))
  }

  /// PUBREL has come: the identifier is free for another message, and PUBCOMP is due as soon as that is durable.
  mutating func release(_ identifier: UInt16, log: inout SessionLog) {
    guard handledIdentifiers.remove(identifier) != nil else {
      // It may have been forgotten on a connection before this one, and not be durable yet.
      completions.append((identifier, log.lastNumber, .packetIdentifierNotFound))
      return
    }
    completions.append((identifier, log.append(.forgotten(packetIdentifier: identifier)), .success))
  }

  /// Whether a message with this identifier waits for its handler or its PUBREC.
  func isUnderWay(_ identifier: UInt16) -> Bool { identifiersUnderWay.contains(identifier) }

  /// The next PUBACK, PUBREC or PUBCOMP that is due.
  mutating func nextAcknowledgement(log: SessionLog) -> Packet? {
    if let oldest = unacknowledged.first, oldest.sequence <= handledThrough, log.isDurable(oldest.gate) {
      unacknowledged.removeFirst()
      settledCount -= 1
      let acknowledgement = PublishAcknowledgement(
        packetIdentifier: oldest.packetIdentifier, reasonCode: oldest.code)
      guard oldest.qualityOfService == .exactlyOnce else {
        windowCount -= 1
        return .puback(acknowledgement)
      }
      identifiersUnderWay.remove(oldest.packetIdentifier)
      if oldest.code.isFailure { windowCount -= 1 }
      return .pubrec(acknowledgement)
    }
    if let oldest = completions.first, log.isDurable(oldest.gate) {
      completions.removeFirst()
      if oldest.code == .success { windowCount = max(0, windowCount - 1) }
      return .pubcomp(
        PublishAcknowledgement(packetIdentifier: oldest.packetIdentifier, reasonCode: oldest.code))
    }
    return nil
  }

  /// Whether the handlers are done with all up to `sequence`.
  func isSettled(through sequence: UInt64) -> Bool {
    guard let oldest = handling?.deliveries.first?.sequence ?? queue.first?.sequence else { return true }
    return oldest > sequence
  }

  // MARK: Connections and sessions

  /// Forgets what the broker will deliver again. Messages at quality of service 0 stay, if a handler wants them.
  mutating func connectionLost() {
    connection += 1
    if handling?.retryAt != nil { handling = nil }
    unacknowledged.removeAll()
    settledCount = 0
    completions.removeAll()
    identifiersUnderWay.removeAll()
    windowCount = 0
    queue.removeAll { $0.packetIdentifier != nil || $0.route == nil }
  }

  /// The broker has begun a new session, in which the same identifiers mean other messages.
  mutating func sessionLost() {
    handledIdentifiers.removeAll()
    handling?.isOfLostSession = true
  }

  var snapshot: [SessionRecord] { handledIdentifiers.sorted().map { .handled(packetIdentifier: $0) } }

  mutating func restore(_ record: SessionRecord) {
    switch record {
    case .handled(let identifier): handledIdentifiers.insert(identifier)
    case .forgotten(let identifier): handledIdentifiers.remove(identifier)
    case .began: handledIdentifiers.removeAll()
    default: break
    }
  }
}

extension Inbox.Delivery {
  fileprivate func isExactlyOnce(_ identifier: UInt16) -> Bool {
    packetIdentifier == identifier && message.qualityOfService == .exactlyOnce
  }
}
