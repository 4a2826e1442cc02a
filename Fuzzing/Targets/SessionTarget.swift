import MQTTProtocol
import NIOCore

/// A session machine, and around it a network, a broker, a store and an application, all of which do what the
/// bytes say, within what the client's driver promises the machine.
final class SessionTarget {
  struct Waiting {
    var isCancelled = false
  }

  var input: FuzzInput
  let configuration: SessionConfiguration
  let hasStore: Bool
  var machine: SessionMachine
  var wire: WireModel
  var now = NIODeadline.uptimeNanoseconds(1_000_000_000)

  var isConnected = false
  /// The machine has asked for the connection's end.
  var isClosing = false
  var isShutDown = false
  var decoder = PacketDecoder(version: .v5, maximumPacketSize: 1024)
  /// CONNACK, while the application looks at its last step.
  var heldConnack: Connack?
  /// A step of an authentication waits for the application's answer.
  var isAsked = false

  var stored: [ByteBuffer] = []
  var group: ByteBuffer?
  var isSnapshot = false

  var batches: [InboxBatch] = []
  var publishes: [PublishBatchID: Waiting] = [:]
  var requests: [RequestID: Waiting] = [:]
  var lastNumber: UInt64 = 0
  var lastRoute = 0
  /// What the application wants to be subscribed to.
  var filters: Set<String> = []

  static func check(_ bytes: [UInt8]) throws(BrokenProperty) {
    let target = try SessionTarget(FuzzInput(bytes))
    while !target.input.isAtEnd { try target.step() }
    try target.settle()
  }

  private init(_ input: FuzzInput) throws(BrokenProperty) {
    var input = input
    configuration = Self.configuration(&input)
    hasStore = input.flag()
    self.input = input
    machine = SessionMachine(configuration: configuration)
    wire = WireModel(sendMaximum: configuration.sendMaximum)
    try start()
  }

  private static func configuration(_ input: inout FuzzInput) -> SessionConfiguration {
    var configuration = SessionConfiguration(broker: "broker", clientIdentifier: input.flag() ? "me" : "")
    configuration.versions = input.element(of: [.only(.v5), .only(.v3_1_1), .newest])
    configuration.cleanStart = input.flag()
    configuration.sessionExpiryInterval = input.flag() ? 100 : 0
    configuration.receiveMaximum = UInt16(1 + input.choice(of: 4))
    configuration.sendMaximum = UInt16(1 + input.choice(of: 4))
    configuration.allowsExcessMessages = input.flag()
    configuration.keepAlive = input.element(of: [0, 5, 60])
    configuration.acknowledgementTime = input.flag() ? .seconds(20) : nil
    configuration.topicAliasMaximum = UInt16(input.choice(of: 3))
    configuration.outgoingTopicAliasMaximum = UInt16(input.choice(of: 3))
    configuration.outgoingQueueLimit = 1 + input.choice(of: 8)
    configuration.outgoingQueueByteLimit = input.element(of: [100, 1000, 100_000])
    let hasMethod = input.flag() && configuration.versions != .only(.v3_1_1)
    configuration.authenticationMethod = hasMethod ? "M" : nil
    if input.flag() { configuration.will = Will(Message(topic: "will", text: "gone"), delayInterval: 1) }
    configuration.publishesWillOnStop = input.flag()
    return configuration
  }

  /// Begins a process.
  private func start() throws(BrokenProperty) {
    do throws(MQTTError) {
      machine.hasFallback = lastNumber % 2 == 0
      if hasStore { try machine.restore(stored, at: now) }
      filters = ["a", "b/+", "#"]
      try machine.start(with: [
        route("a", .retry), route("b/+", .refuse(after: 2, .quotaExceeded)), route("#", .park(after: 1)),
      ])
    } catch {
      throw BrokenProperty("the machine does not start: \(error)")
    }
  }

  func route(_ filter: String, _ policy: FailurePolicy) -> RouteSubscription {
    lastRoute += 1
    return RouteSubscription(
      id: RouteID(lastRoute), subscription: Subscription(filter: filter, qualityOfService: .exactlyOnce),
      identifier: lastRoute % 2 == 0 ? UInt32(lastRoute) : nil, failurePolicy: policy)
  }

  /// The process is killed and started again. A group under way may be durable or not.
  func crash() throws(BrokenProperty) {
    guard hasStore else { return }
    if let group, input.flag() { keep(group) }
    group = nil
    batches = []
    publishes = [:]
    requests = [:]
    isConnected = false
    isClosing = false
    isShutDown = false
    isAsked = false
    heldConnack = nil
    machine = SessionMachine(configuration: configuration)
    try start()
  }

  func keep(_ group: ByteBuffer) {
    if isSnapshot { stored = [] }
    stored.append(group)
  }

  // MARK: What the machine wants

  func perform(_ action: SessionMachine.Action) throws(BrokenProperty) {
    switch action {
    case .none, .unrouted, .subscriptionsRefused, .connected: break
    case .authenticate: isAsked = true
    case .close: try close()
    }
  }

  func close() throws(BrokenProperty) {
    try require(isConnected && !isClosing, "closes twice")
    try write(canSend: true)
    isClosing = true
  }

  func write(canSend: Bool) throws(BrokenProperty) {
    while let output = machine.next(canSend: canSend && isConnected && !isClosing, at: now) {
      switch output {
      case .send(let packet): try wire.sent(packet)
      case .finishPublish(let id, let failure, _):
        let known = publishes.removeValue(forKey: id)
        try require(known != nil, "\(id) is finished twice: \(String(describing: failure))")
      case .finishRequest(let id, let failure):
        let known = requests.removeValue(forKey: id)
        try require(known != nil, "\(id) is finished twice: \(String(describing: failure))")
      case .drop: break
      }
    }
    let unfinished = machine.queue.unfinished
    try require(unfinished <= configuration.outgoingQueueLimit, "\(unfinished) messages in the queue")
    try require(machine.queue.inFlight >= 0 && unfinished >= 0, "\(machine.queue)")
  }

  // MARK: The end

  /// With a broker that does everything right, everything is done.
  private func settle() throws(BrokenProperty) {
    guard !isShutDown else { return }
    if isConnected { _ = machine.connectionClosed(nil, at: now, fraction: 0) }
    for batch in batches { machine.handled(batch.token) }
    while let batch = machine.nextBatch(at: now) { machine.handled(batch.token) }
    isAsked = false
    heldConnack = nil
    isClosing = false
    // What a handler failed with is due again.
    now = now + .hours(1)
    open()
    var connack = Connack()
    connack.properties.authenticationMethod =
      machine.version == .v5 ? configuration.authenticationMethod : nil
    try write(canSend: true)
    try receive(.connack(connack))
    if isAsked { try answer(nil) }
    try require(wire.isInSession, "no session")
    for _ in 0..<200 {
      commitAll()
      while let batch = machine.nextBatch(at: now) { machine.handled(batch.token) }
      while let output = machine.next(canSend: true, at: now) {
        switch output {
        case .send(let packet):
          try wire.sent(packet)
          if let answer = Self.answer(to: packet, machine.version) { try receive(answer) }
        case .finishPublish(let id, _, _): publishes[id] = nil
        case .finishRequest(let id, _): requests[id] = nil
        case .drop: break
        }
      }
    }
    try require(!isClosing, "the connection ends")
    try require(wire.filters == filters, "subscribed to \(wire.filters), not to \(filters)")
    try require(machine.queue.unfinished == 0, "\(machine.queue.unfinished) messages are stuck")
    let waiting = publishes.filter { !$0.value.isCancelled }
    try require(waiting.isEmpty, "never finished: \(waiting.keys)")
    let asking = requests.filter { !$0.value.isCancelled }
    try require(asking.isEmpty, "never finished: \(asking.keys)")
  }

  private func commitAll() {
    if group != nil { machine.committed() }
    group = nil
    while machine.nextGroup() != nil { machine.committed() }
  }

  private static func answer(to packet: Packet, _ version: ProtocolVersion) -> Packet? {
    switch packet {
    case .publish(let publish):
      guard let identifier = publish.packetIdentifier else { return nil }
      let answer = PublishAcknowledgement(packetIdentifier: identifier)
      return publish.message.qualityOfService == .atLeastOnce ? .puback(answer) : .pubrec(answer)
    case .pubrel(let release):
      return .pubcomp(PublishAcknowledgement(packetIdentifier: release.packetIdentifier))
    case .subscribe(let subscribe):
      let codes = subscribe.subscriptions.map { _ in ReasonCode.grantedAtLeastOnce }
      return .suback(
        SubscribeAcknowledgement(packetIdentifier: subscribe.packetIdentifier, reasonCodes: codes))
    case .unsubscribe(let unsubscribe):
      return .unsuback(
        SubscribeAcknowledgement(
          packetIdentifier: unsubscribe.packetIdentifier, reasonCodes: version == .v5 ? [.success] : []))
    case .pingreq: return .pingresp
    default: return nil
    }
  }
}
