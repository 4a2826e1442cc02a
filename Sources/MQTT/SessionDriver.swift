import Logging
import MQTTProtocol
import NIOCore

/// Performs on one event loop what the session machine decides.
///
/// Not `Sendable`: all of it runs on `eventLoop`.
final class SessionDriver {
  /// What a handler made of its batch.
  enum Report {
    case handled(DeliveryToken)
    case failed(InboxBatch, any Error)
  }

  /// A batch, and the handler that is to have it.
  struct Work: Sendable {
    var batch: InboxBatch
    var handler: Route.Handler
  }

  /// The reason code is that of the acknowledgement; where there is none, `success`.
  typealias Outcome = Result<ReasonCode, MQTTError>
  typealias Completion = Continuation<Outcome>

  let eventLoop: any EventLoop
  let configuration: MQTTClient.Configuration
  let logger: Logger
  let states: StateBroadcast
  let metrics: ClientMetrics
  var machine: SessionMachine
  var decoder: PacketDecoder

  var addresses: AddressRotation
  var connector: Connector?
  var channel: (any Channel)?
  /// The driver's place in the channel, from which what is written goes out.
  var output: ChannelHandlerContext?
  var isWritable = false
  var networkFailure: ConnectionFailure?
  var lastFailure: ConnectionFailure?
  var outgoingBytes = ByteBuffer()
  var timer: (deadline: NIODeadline, task: Scheduled<Void>)?
  var reconnect: Scheduled<Void>?
  var isSettlingSoon = false
  var isReading = false
  /// DISCONNECT is on its way, or the stream is lost: bytes are read and dropped until the broker closes.
  var isClosing = false
  /// Counts the connections, so that an answer that comes late is not taken for one of the next.
  var connectionNumber = 0

  var isStopping = false
  /// Nothing new is taken; what is under way goes on until it is done.
  var isDraining = false
  var isHandlerFailing = false

  var routes: [RouteID: Route] = [:]
  var fallback: Route.Handler?
  private var lastRoute = -1

  /// The store, once it is open; until then what is asked for waits, in order.
  var store: (any SessionStore)?
  var isStoreOpen: Bool
  var waitingForStore: [(SessionDriver) -> Void] = []
  var commit = CommitState()

  var publishers: [PublishBatchID: Completion] = [:]
  var requests: [RequestID: Completion] = [:]
  var idleHandler: Continuation<Work?>?
  var stopped: Continuation<Void>?

  init(
    configuration: MQTTClient.Configuration,
    logger: Logger,
    states: StateBroadcast,
    metrics: ClientMetrics,
    eventLoop: any EventLoop
  ) {
    self.configuration = configuration
    self.logger = logger
    self.states = states
    self.metrics = metrics
    self.eventLoop = eventLoop
    machine = SessionMachine(configuration: configuration.session)
    decoder = PacketDecoder(version: .v5, maximumPacketSize: configuration.maximumPacketSize)
    addresses = AddressRotation(configuration.addresses)
    store = configuration.sessionStore
    isStoreOpen = configuration.sessionStore == nil
  }

  func start(_ routes: [Route], fallback: Route.Handler?, _ completion: Completion) {
    do throws(MQTTError) {
      try configuration.validate()
      self.fallback = fallback
      machine.hasFallback = fallback != nil
      try machine.start(with: routes.map(register))
    } catch {
      isStopping = true
      finish()
      return completion.resume(returning: .failure(error))
    }
    openStore { outcome in
      if case .success = outcome, !self.isStopping { self.connect() } else { self.finish() }
      completion.resume(returning: outcome)
    }
  }

  /// Gives the route a name, under which its batches find it.
  func register(_ route: Route) -> RouteSubscription {
    lastRoute += 1
    let id = RouteID(lastRoute)
    routes[id] = route
    return route.subscription(id)
  }

  /// No further batches are given out, and no further messages taken.
  func cancel() {
    isStopping = true
    idleHandler?.resume(returning: nil)
    idleHandler = nil
  }

  /// Takes nothing new, and cancels when the broker has acknowledged what is under way, or after the drain time.
  func drain() {
    guard !isDraining, !isStopping else { return }
    isDraining = true
    eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(max(configuration.drainTimeout, .zero))) {
      self.cancel()
    }
    settle()
  }

  /// Ends the connection in good order; resumes when it has ended.
  func stop(_ continuation: Continuation<Void>) {
    isStopping = true
    stopped = continuation
    machine.shutDown()
    if channel == nil {
      finish()
    } else {
      close()
    }
  }

  func finish() {
    reconnect?.cancel()
    connector?.cancel()
    connector = nil
    timer?.task.cancel()
    timer = nil
    for continuation in publishers.values { continuation.resume(returning: .failure(.stopped)) }
    for continuation in requests.values { continuation.resume(returning: .failure(.stopped)) }
    publishers = [:]
    requests = [:]
    let waiting = waitingForStore
    waitingForStore = []
    for request in waiting { request(self) }
    closeStore {
      self.states.send(.stopped(reason: self.lastFailure))
      self.stopped?.resume()
      self.stopped = nil
    }
  }
}
