import MQTTProtocol
import NIOCore

/// A session machine with its clock, so that tests read as a transcript.
final class Session {
  var machine: SessionMachine
  var now = NIODeadline.seconds(1)
  private var lastBatch: UInt64 = 0

  init(_ change: (inout SessionConfiguration) -> Void = { _ in }) throws {
    var configuration = SessionConfiguration(broker: "broker:1883", clientIdentifier: "me")
    configuration.backoff = ReconnectBackoff(initial: .seconds(1), ceiling: .seconds(60))
    change(&configuration)
    machine = SessionMachine(configuration: configuration)
    try machine.subscribe(to: configuration.subscriptions)
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
            reasonCodes: subscribe.subscriptions.map { _ in .grantedAtLeastOnce }
          )
        )
      )
    }
  }

  func tick() -> SessionMachine.Action { machine.tick(at: now) }

  func nextBatch() -> InboxBatch? { machine.nextBatch(at: now) }

  func canReceive() -> Bool { machine.canReceive(at: now) }

  func handled(_ batch: InboxBatch) { machine.handled(batch.token) }

  func failed(_ batch: InboxBatch) -> Int? { machine.failed(batch.token, at: now, fraction: 1) }

  func receive(_ packet: Packet) -> SessionMachine.Action { machine.receive(packet, at: now) }

  func disconnect(fraction: Double = 1) -> SessionMachine.Reconnect {
    machine.connectionClosed(nil, at: now, fraction: fraction)
  }

  @discardableResult
  func publish(_ texts: [String], _ qualityOfService: QualityOfService = .atLeastOnce) throws
    -> PublishBatchID
  {
    lastBatch += 1
    let batch = PublishBatchID(lastBatch)
    try machine.publish(texts.map { Message("t", $0, qualityOfService: qualityOfService) }, batch: batch)
    return batch
  }

  func deliver(_ text: String, topic: String = "t", _ identifier: UInt16?) -> SessionMachine.Action {
    receive(
      .publish(
        Publish(
          Message(topic, text, qualityOfService: identifier == nil ? .atMostOnce : .atLeastOnce),
          packetIdentifier: identifier
        )
      )
    )
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
    default: "\(type)"
    }
  }
}
