package import NIOCore

/// A client's session with a broker, across connections: what happens, and what is to be done about it.
///
/// Each event is a method that takes the time and returns what the event asks for. What is to be written is
/// pulled with ``next(canSend:at:)`` after every event, for as long as the connection takes it, so nothing
/// piles up behind a slow network except in the bounded queue.
package struct SessionMachine {
  /// What a packet or the passing of time asks for.
  package enum Action: Equatable {
    case none
    /// The session is ready: CONNACK has come, and SUBACK if there are routes.
    case connected(ConnectedState)
    /// No route wants a message of this topic; it will be acknowledged.
    case unrouted(topic: String)
    /// Write what ``SessionMachine/next(canSend:at:)`` has (a DISCONNECT at most), and close.
    case close
  }

  /// What to write or to report, in order.
  package enum Output: Equatable {
    case send(Packet)
    case finishPublish(PublishBatchID, MQTTError?)
    case finishFence(FenceID)
  }

  /// What follows the end of a connection.
  package enum Reconnect: Equatable {
    /// `isRepeated` if the connection before ended for the same reason.
    case wait(Duration, ConnectionFailure, isRepeated: Bool)
    /// The broker does not speak 5.0: connect at once with 3.1.1.
    case atOnceWithOlderVersion
    /// `shutDown` has ended it.
    case stop
  }

  package struct FenceID: Sendable, Hashable {
    package let number: UInt64

    package init(_ number: UInt64) { self.number = number }
  }

  enum Phase {
    case disconnected
    case awaitingConnack(deadline: NIODeadline)
    case awaitingSuback(deadline: NIODeadline, ConnectedState, since: NIODeadline)
    case connected(since: NIODeadline)
    /// A DISCONNECT may still be written; whatever comes is ignored. No failure: shut down.
    case closing(ConnectionFailure?, since: NIODeadline?)
  }

  struct Fence {
    enum Stage: Equatable {
      case unsent
      case awaitingPing(Int)
      case awaitingHandlers(through: UInt64)
    }

    var id: FenceID
    var stage = Stage.unsent
  }

  /// Publishes count from 1, so SUBSCRIBE is never mistaken for one of them.
  static let subscribeIdentifier = UInt16(OutgoingPublishes.identifierCount + 1)
  /// So many connections of 5.0 that end without CONNACK make the next try one of 3.1.1.
  private static let unansweredLimit = 2

  private(set) var configuration: SessionConfiguration
  /// Those of the configuration's subscriptions, in the same order.
  private(set) var filters: [TopicFilter] = []
  /// The version to connect with, or of the connection.
  package internal(set) var version = ProtocolVersion.v5
  var phase = Phase.disconnected
  var limits = ServerLimits()
  var outgoing: OutgoingPublishes
  var inbox: Inbox
  var keepAlive: KeepAlive
  var fences = CircularBuffer<Fence>()
  /// Packets that go before everything else: one CONNECT, SUBSCRIBE or DISCONNECT.
  var control: Packet?
  var clientIdentifier: String
  private var schedule: ReconnectSchedule
  var hasConnectedBefore = false
  var unansweredConnects = 0
  private var isPingDue = false
  private var isShutDown = false

  package init(configuration: SessionConfiguration) {
    self.configuration = configuration
    outgoing = OutgoingPublishes(limit: configuration.outgoingQueueLimit)
    inbox = Inbox(limit: Int(configuration.receiveMaximum))
    keepAlive = KeepAlive(interval: nil, responseTime: configuration.answerTime, at: .uptimeNanoseconds(0))
    clientIdentifier = configuration.clientIdentifier
    schedule = ReconnectSchedule(backoff: configuration.backoff)
  }

  /// Fixes what to subscribe to, before the first connection. Throws what of the configuration cannot be sent.
  package mutating func subscribe(to subscriptions: [Subscription]) throws(MQTTError) {
    configuration.subscriptions = subscriptions
    try configuration.validate()
    filters = subscriptions.compactMap { TopicFilter($0.filter) }
  }

  // MARK: The connection

  /// A connection is open: CONNECT goes out.
  package mutating func connectionOpened(at now: NIODeadline) {
    guard case .disconnected = phase else {
      preconditionFailure("a second connection was opened beside the first")
    }
    phase = .awaitingConnack(deadline: now + configuration.answerTime)
    keepAlive = KeepAlive(interval: nil, responseTime: configuration.answerTime, at: now)
    control = .connect(
      configuration.connect(
        version: version,
        cleanStart: configuration.cleanStart && !hasConnectedBefore,
        clientIdentifier: clientIdentifier
      )
    )
  }

  /// The connection has ended, or was not made.
  ///
  /// - Parameters:
  ///   - cause: What the network says, nil if the broker just closed it.
  ///   - fraction: A random number from 0 to 1, for the back-off.
  package mutating func connectionClosed(
    _ cause: ConnectionFailure?,
    at now: NIODeadline,
    fraction: Double
  ) -> Reconnect {
    let ended = phase
    phase = .disconnected
    control = nil
    isPingDue = false
    inbox.connectionLost()
    for index in fences.indices { fences[index].stage = .unsent }
    guard !isShutDown else { return .stop }

    var failure = cause ?? .closed(broker: configuration.broker)
    var since: NIODeadline?
    var isClosedByBroker = true
    switch ended {
    case .disconnected: isClosedByBroker = false
    case .awaitingConnack:
      if fallBack(afterConnack: false) { return .atOnceWithOlderVersion }
    case .awaitingSuback(_, _, let connected): since = connected
    case .connected(let connected): since = connected
    case .closing(let reason, let connected):
      if case .versionNotSupported = reason, fallBack(afterConnack: true) { return .atOnceWithOlderVersion }
      failure = reason ?? failure
      since = connected
      isClosedByBroker = false
    }
    let lifetime = since.map { now - $0 }
    if schedule.isTakeoverLikely(lifetime: lifetime, closedByBroker: isClosedByBroker) {
      failure = .sessionTakenOver(broker: configuration.broker, clientIdentifier: clientIdentifier)
    }
    let isRepeated = schedule.isRepeated(failure, lifetime: lifetime)
    return .wait(
      schedule.delay(after: failure, lifetime: lifetime, fraction: fraction),
      failure,
      isRepeated: isRepeated
    )
  }

  /// Whether to try 3.1.1 now, because the broker has refused 5.0 or does not answer it.
  private mutating func fallBack(afterConnack: Bool) -> Bool {
    unansweredConnects += 1
    switch version {
    case .v5:
      guard afterConnack || unansweredConnects >= Self.unansweredLimit else { return false }
      version = .v3_1_1
      return true
    case .v3_1_1:
      // That did not help, so it was no question of the version.
      version = .v5
      unansweredConnects = 0
      return false
    }
  }

  /// Ends the session's connection in good order: the acknowledgements that are due go out, then DISCONNECT.
  package mutating func shutDown() {
    isShutDown = true
    switch phase {
    case .disconnected, .closing: break
    case .awaitingConnack:
      control = nil
      phase = .closing(nil, since: nil)
    case .awaitingSuback, .connected:
      control = farewell
      phase = .closing(nil, since: nil)
    }
  }

  /// The last packet of a connection in good order; nil where its absence is what makes the will appear.
  private var farewell: Packet? {
    guard configuration.will != nil, configuration.publishesWillOnStop else {
      return .disconnect(Disconnect())
    }
    return version == .v5 ? .disconnect(Disconnect(reasonCode: .disconnectWithWill)) : nil
  }

  /// Ends the connection because of `failure`, which DISCONNECT tells a broker of 5.0.
  mutating func fail(_ failure: ConnectionFailure, reasonCode: ReasonCode?) -> Action {
    var since: NIODeadline?
    switch phase {
    case .disconnected, .closing: return .none
    case .awaitingConnack: break
    case .awaitingSuback(_, _, let connected): since = connected
    case .connected(let connected): since = connected
    }
    if let reasonCode, since != nil, version == .v5 {
      control = .disconnect(Disconnect(reasonCode: reasonCode))
    } else {
      control = nil
    }
    phase = .closing(failure, since: since)
    return .close
  }

  // MARK: Time

  /// When ``tick(at:)`` has something to do, unless other events come first.
  package var nextDeadline: NIODeadline? {
    var deadlines = [inbox.retryAt]
    switch phase {
    case .closing: return nil
    case .disconnected: break
    case .awaitingConnack(let deadline), .awaitingSuback(let deadline, _, _): deadlines.append(deadline)
    case .connected: deadlines.append(keepAlive.nextDeadline)
    }
    return deadlines.compactMap { $0 }.min()
  }

  package mutating func tick(at now: NIODeadline) -> Action {
    switch phase {
    case .disconnected, .closing: return .none
    case .awaitingConnack(let deadline):
      guard now >= deadline else { return .none }
      return fail(.timedOut(broker: configuration.broker, waitingFor: "CONNACK"), reasonCode: nil)
    case .awaitingSuback(let deadline, _, _):
      guard now >= deadline else { return .none }
      return fail(.timedOut(broker: configuration.broker, waitingFor: "SUBACK"), reasonCode: .protocolError)
    case .connected:
      switch keepAlive.check(at: now) {
      case .fine: return .none
      case .ping:
        isPingDue = true
        return .none
      case .timedOut:
        return fail(.keepAliveTimeout(broker: configuration.broker), reasonCode: .keepAliveTimeout)
      }
    }
  }

  // MARK: Output

  /// The next thing to do: to write, if `canSend`, or to report. nil until another event.
  package mutating func next(canSend: Bool, at now: NIODeadline) -> Output? {
    if let id = nextFinishedFence() { return .finishFence(id) }
    guard canSend, let packet = nextPacket(at: now) else {
      guard case .finish(let batch, let failure) = outgoing.next(limits: nil, version: version) else {
        return nil
      }
      return .finishPublish(batch, failure)
    }
    switch packet {
    case .finish(let batch, let failure): return .finishPublish(batch, failure)
    case .packet(let packet):
      keepAlive.sent(at: now)
      return .send(packet)
    }
  }

  private enum Step {
    case packet(Packet)
    case finish(PublishBatchID, MQTTError?)
  }

  private mutating func nextPacket(at now: NIODeadline) -> Step? {
    switch phase {
    case .disconnected: return nil
    case .awaitingConnack: break
    case .closing(let failure, _):
      // In good order the broker gets its acknowledgements first.
      if failure == nil, control != nil, let identifier = inbox.nextAcknowledgement() {
        return .packet(.puback(PublishAcknowledgement(packetIdentifier: identifier)))
      }
    case .awaitingSuback, .connected:
      if control == nil, let step = nextSessionPacket(at: now) { return step }
    }
    defer { control = nil }
    return control.map { .packet($0) }
  }

  private mutating func nextSessionPacket(at now: NIODeadline) -> Step? {
    if let identifier = inbox.nextAcknowledgement() {
      return .packet(.puback(PublishAcknowledgement(packetIdentifier: identifier)))
    }
    if case .connected = phase, isPingDue || fences.contains(where: { $0.stage == .unsent }) {
      isPingDue = false
      let ping = keepAlive.sentPing(at: now)
      for index in fences.indices where fences[index].stage == .unsent {
        fences[index].stage = .awaitingPing(ping)
      }
      return .packet(.pingreq)
    }
    switch outgoing.next(limits: limits, version: version) {
    case .send(let publish): return .packet(.publish(publish))
    case .finish(let batch, let failure): return .finish(batch, failure)
    case nil: return nil
    }
  }

  private mutating func nextFinishedFence() -> FenceID? {
    guard let first = fences.first, case .awaitingHandlers(let through) = first.stage,
      inbox.isSettled(through: through)
    else { return nil }
    return fences.removeFirst().id
  }
}
