import MQTTProtocol
import NIOCore

/// A session machine with its clock, so that tests read as a transcript.
final class Session {
  var machine: SessionMachine
  var now = NIODeadline.seconds(1)
  private var lastBatch: UInt64 = 0

  /// - Parameters:
  ///   - routes: Filters, each of which becomes a route at quality of service 2; the first is `RouteID(0)`.
  ///   - stored: What a store has kept; without it there is no store.
  init(
    routes: [String] = [],
    stored: [ByteBuffer]? = nil,
    _ change: (inout SessionConfiguration) -> Void = { _ in }
  ) throws {
    var configuration = SessionConfiguration(broker: "broker:1883", clientIdentifier: "me")
    // A session that outlives the program is there to be taken up.
    configuration.cleanStart = stored == nil
    configuration.backoff = ReconnectBackoff(initial: .seconds(1), ceiling: .seconds(60))
    change(&configuration)
    machine = SessionMachine(configuration: configuration)
    if let stored { try machine.restore(stored, at: now) }
    try machine.start(with: routes.enumerated().map { RouteSubscription(RouteID($0), $1) })
  }

  /// All that the machine wants to write now.
  func written() -> [Packet] {
    outputs().compactMap { if case .send(let packet) = $0 { packet } else { nil } }
  }

  func outputs(canSend: Bool = true) -> [SessionMachine.Output] {
    var outputs: [SessionMachine.Output] = []
    while let output = machine.next(canSend: canSend, at: now) { outputs.append(output) }
    return outputs
  }

  /// Opens a connection as far as the broker's answers to CONNECT and SUBSCRIBE; drops what is written.
  func connect(sessionPresent: Bool = false, _ properties: ConnackProperties = .init()) {
    machine.connectionOpened(at: now)
    _ = machine.next(canSend: true, at: now)
    let action = receive(.connack(Connack(sessionPresent: sessionPresent, properties: properties)))
    if case .none = action {
      guard case .send(.subscribe(let subscribe)) = machine.next(canSend: true, at: now) else { return }
      _ = receive(
        .suback(
          SubscribeAcknowledgement(
            packetIdentifier: subscribe.packetIdentifier,
            reasonCodes: subscribe.subscriptions.map { _ in .grantedExactlyOnce }
          )
        )
      )
    }
  }

  func tick() -> SessionMachine.Action { machine.tick(at: now) }

  func nextBatch() -> InboxBatch? { machine.nextBatch(at: now) }

  func canReceive() -> Bool { machine.canReceive(at: now) }

  func handled(_ batch: InboxBatch) { machine.handled(batch.token) }

  func failed(_ batch: InboxBatch) -> FailedDelivery { machine.failed(batch, at: now, fraction: 1) }

  func receive(_ packet: Packet) -> SessionMachine.Action { machine.receive(packet, at: now) }

  func disconnect(fraction: Double = 1) -> SessionMachine.Reconnect {
    machine.connectionClosed(nil, at: now, fraction: fraction)
  }

  @discardableResult
  func publish(
    _ texts: [String],
    topic: String = "t",
    _ qualityOfService: QualityOfService = .atLeastOnce,
    until milestone: PublishMilestone = .acknowledged,
    policy: QueuePolicy = .keepAll,
    expiry: UInt32? = nil
  ) throws -> PublishBatchID {
    lastBatch += 1
    let batch = PublishBatchID(lastBatch)
    let messages = texts.map { text in
      var message = Message(topic, text, qualityOfService: qualityOfService)
      message.properties.messageExpiryInterval = expiry
      return message
    }
    try machine.publish(messages, batch: batch, until: milestone, policy: policy, at: now)
    return batch
  }

  /// Makes durable what is to be, and returns it.
  @discardableResult
  func commit() -> [ByteBuffer] {
    var groups: [ByteBuffer] = []
    while let group = machine.nextGroup() {
      groups.append(group)
      machine.committed()
    }
    return groups
  }

  /// A PUBLISH; without an identifier at quality of service 0.
  func deliver(
    _ text: String, topic: String = "t", _ identifier: UInt16?, exactlyOnce: Bool = false,
    isDuplicate: Bool = false
  ) -> SessionMachine.Action {
    let qualityOfService: QualityOfService =
      identifier == nil ? .atMostOnce : exactlyOnce ? .exactlyOnce : .atLeastOnce
    return receive(
      .publish(
        Publish(
          Message(topic, text, qualityOfService: qualityOfService), isDuplicate: isDuplicate,
          packetIdentifier: identifier)))
  }

  func pubrec(_ identifier: UInt16, _ code: ReasonCode = .success) -> SessionMachine.Action {
    receive(.pubrec(PublishAcknowledgement(packetIdentifier: identifier, reasonCode: code)))
  }

  func pubrel(_ identifier: UInt16) -> SessionMachine.Action {
    receive(.pubrel(PublishAcknowledgement(packetIdentifier: identifier)))
  }

  func pubcomp(_ identifier: UInt16, _ code: ReasonCode = .success) -> SessionMachine.Action {
    receive(.pubcomp(PublishAcknowledgement(packetIdentifier: identifier, reasonCode: code)))
  }

  func acknowledge(_ identifier: UInt16, _ code: ReasonCode = .success) {
    _ = receive(.puback(PublishAcknowledgement(packetIdentifier: identifier, reasonCode: code)))
  }
}

extension Packet {
  /// The message's text, packet identifier and DUP, as in `2 hello` or `2+ hello`.
  var line: String {
    switch self {
    case .publish(let publish):
      "\(publish.packetIdentifier ?? 0)\(publish.isDuplicate ? "+" : "") \(String(buffer: publish.payload))"
    case .puback(let acknowledgement): "ack \(acknowledgement.packetIdentifier)"
    case .pubrec(let acknowledgement), .pubrel(let acknowledgement), .pubcomp(let acknowledgement):
      "\(type) \(acknowledgement.packetIdentifier)"
    default: "\(type)"
    }
  }
}

extension RouteSubscription {
  init(_ id: RouteID, _ filter: String) {
    self.init(id: id, subscription: Subscription(filter: filter, qualityOfService: .exactlyOnce))
  }
}

extension InboxBatch {
  var texts: [String] { messages.map(\.text) }
}
