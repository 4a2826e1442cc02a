package import NIOCore

/// A client's session with a broker, across connections: what happens, and what is to be done about it.
///
/// Each event is a method that takes the time and returns what the event asks for. What is to be written is
/// pulled with ``next(canSend:at:)`` after every event, for as long as the connection takes it, so nothing
/// piles up behind a slow network except in the bounded queue. What is to be stored is pulled with
/// ``nextGroup()``, and what may only follow when it is durable waits inside.
///
/// It is large: a copy by mistake would cost more than most events do. So it is not copyable, and what computes
/// something from it is `mutating`, even to read: of what is not, the compiler copies all of it for the call.
package struct SessionMachine: ~Copyable {
  /// What a packet or the passing of time asks for.
  package enum Action: Equatable {
    case none
    /// The session is ready: CONNACK has come, and SUBACK if there are routes.
    case connected(ConnectedState)
    /// No route wants a message of this topic; it will be acknowledged.
    case unrouted(topic: String)
    /// The broker refused these filters, which were asked for after the session was ready.
    case subscriptionsRefused([String: ReasonCode])
    /// The broker's step of an authentication, which ``SessionMachine/authenticationAnswered(_:at:)`` answers.
    /// The final one needs no data in the answer.
    case authenticate(ByteBuffer?, isFinal: Bool)
    /// Write what ``SessionMachine/next(canSend:at:)`` has (a DISCONNECT at most), and close.
    case close
  }

  /// What to write or to report, in order.
  package enum Output: Equatable {
    case send(Packet)
    /// The code is the highest that the broker has given for any of the messages.
    case finishPublish(PublishBatchID, MQTTError?, ReasonCode = .success)
    case finishRequest(RequestID, MQTTError?)
    /// A message that was accepted, and whose acknowledgement nobody waits for, goes nowhere.
    case drop(topic: String, MQTTError)
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

  enum Phase {
    case disconnected
    case awaitingConnack(deadline: NIODeadline)
    indirect case awaitingSuback(deadline: NIODeadline, ConnectedState, since: NIODeadline)
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

    var id: RequestID
    var stage = Stage.unsent
  }

  /// So many connections of 5.0 that end without CONNACK make the next try one of 3.1.1.
  private static let unansweredLimit = 2

  let configuration: SessionConfiguration
  /// Whether messages that no route wants are for ``RouteID/fallback``.
  package var hasFallback = false
  /// The broker of the connection, or of the last one.
  var broker: String
  var subscriptions = Subscriptions()
  /// The version to connect with, or of the connection.
  package internal(set) var version: ProtocolVersion
  var phase = Phase.disconnected
  var limits = ServerLimits()
  var outgoing: OutgoingPublishes
  var inbox: Inbox
  var log = SessionLog()
  /// What the wall clock is ahead of the clock of deadlines, in milliseconds. For messages that expire.
  package var wallClockOffset: Int64 = 0
  var keepAlive: KeepAlive
  var authentication: AuthenticationExchange
  var incomingAliases = TopicAliases(limit: 0)
  var outgoingAliases = TopicAliases(limit: 0)
  var fences = CircularBuffer<Fence>()
  /// Requests that have ended, and how.
  var finishedRequests = CircularBuffer<(id: RequestID, failure: MQTTError?)>()
  /// Packets that go before everything else: one CONNECT, AUTH or DISCONNECT.
  var control: Packet?
  /// For SUBACK or UNSUBACK of requests after the session was ready.
  var requestDeadline: NIODeadline?
  package internal(set) var clientIdentifier: String
  private var schedule: ReconnectSchedule
  var hasConnectedBefore = false
  /// The CONNECT of the connection asked for a new session.
  var hasAskedForNewSession = false
  var unansweredConnects = 0
  var isPingDue = false
  var isShutDown = false

  package init(configuration: SessionConfiguration) {
    self.configuration = configuration
    broker = configuration.broker
    version = if case .only(let version) = configuration.versions { version } else { .v5 }
    outgoing = OutgoingPublishes(
      limits: OutgoingLimits(
        messages: configuration.outgoingQueueLimit, bytes: configuration.outgoingQueueByteLimit,
        window: configuration.sendMaximum))
    inbox = Inbox(limit: Int(configuration.receiveMaximum))
    keepAlive = KeepAlive(interval: nil, responseTime: configuration.answerTime, at: .uptimeNanoseconds(0))
    authentication = AuthenticationExchange(method: configuration.authenticationMethod)
    clientIdentifier = configuration.clientIdentifier
    schedule = ReconnectSchedule(
      backoff: configuration.backoff, brokerCount: configuration.brokerCount)
  }

  /// Fixes what to subscribe to, before the first connection. Throws what of the configuration cannot be sent.
  package mutating func start(with routes: [RouteSubscription]) throws(MQTTError) {
    try configuration.validate()
    for route in routes { try subscriptions.add(route) }
  }

  // MARK: The connection

  /// A connection is open: CONNECT goes out.
  ///
  /// - Parameters:
  ///   - broker: As failures are to name it; nil if it is the one before.
  ///   - authenticationData: The client's first step, if there is an authentication method.
  package mutating func connectionOpened(
    to broker: String? = nil, authenticationData: ByteBuffer? = nil, at now: NIODeadline
  ) {
    guard case .disconnected = phase else {
      preconditionFailure("a second connection was opened beside the first")
    }
    self.broker = broker ?? self.broker
    phase = .awaitingConnack(deadline: now + configuration.answerTime)
    keepAlive = KeepAlive(interval: nil, responseTime: configuration.answerTime, at: now)
    let connect = configuration.connect(
      version: version,
      cleanStart: configuration.cleanStart && !hasConnectedBefore,
      clientIdentifier: clientIdentifier,
      authenticationData: authenticationData
    )
    hasAskedForNewSession = connect.cleanStart
    control = .connect(connect)
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
    forgetConnection()
    guard !isShutDown else { return .stop }

    var failure = cause ?? .closed(broker: broker)
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
    let verdict = schedule.connectionEnded(
      failure, orTakenOver: .sessionTakenOver(broker: broker, clientIdentifier: clientIdentifier),
      lifetime: since.map { now - $0 }, isClosedByBroker: isClosedByBroker, fraction: fraction)
    return .wait(verdict.delay, verdict.failure, isRepeated: verdict.isRepeated)
  }

  private mutating func forgetConnection() {
    phase = .disconnected
    control = nil
    isPingDue = false
    requestDeadline = nil
    inbox.connectionLost()
    outgoing.connectionLost(log: &log)
    subscriptions.connectionLost()
    if let caller = authentication.connectionLost() { finishedRequests.append((caller, .notConnected)) }
    for index in fences.indices { fences[index].stage = .unsent }
  }

  /// Whether to try 3.1.1 now, because the broker has refused 5.0 or does not answer it.
  private mutating func fallBack(afterConnack: Bool) -> Bool {
    guard configuration.versions == .newest, configuration.authenticationMethod == nil else { return false }
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
      authentication.abandon()
      phase = .closing(nil, since: nil)
    case .awaitingSuback, .connected:
      control = farewell
      authentication.abandon()
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
    authentication.abandon()
    // Before CONNECT has gone out there is nothing to end.
    let hasConnected = if case .connect = control { false } else { true }
    if let reasonCode, hasConnected, version == .v5 {
      control = .disconnect(Disconnect(reasonCode: reasonCode))
    } else {
      control = nil
    }
    phase = .closing(failure, since: since)
    return .close
  }
}
