import MQTTProtocol
import NIOCore

/// What happens, one event for each step.
extension SessionTarget {
  private static let pauses: [TimeAmount] = [
    .nanoseconds(0), .milliseconds(1), .milliseconds(700), .seconds(3), .seconds(11), .seconds(61), .hours(2),
  ]
  private static let topics = ["a", "b/c", "$SYS/x", "long/long/long", "", "+", "b/\u{0}"]
  private static let filters = ["a", "b/+", "c", "$share/g/c", "#", "c/#/d"]

  func step() throws(BrokenProperty) {
    switch input.choice(of: 24) {
    case 0: if !isConnected, !isShutDown { open() }
    case 1: if isConnected { try endConnection() }
    case 2, 3, 4, 5: try receivePacket()
    case 6: try receiveBytes(input.bytes(input.choice(of: 64)))
    case 7, 8, 9: try publish()
    case 10:
      let id = PublishBatchID(lastNumber - UInt64(input.choice(of: 4)).clamped(to: lastNumber))
      machine.cancelPublish(id)
      publishes[id]?.isCancelled = true
    case 11: if let batch = machine.nextBatch(at: now) { batches.append(batch) }
    case 12: report()
    case 13: try tick()
    case 14: try request()
    case 15: try cancelRequest()
    case 16, 17: try commit()
    case 18: try crash()
    case 19: if isAsked { try answer(input.flag() ? ByteBuffer(bytes: [1]) : nil) }
    case 20: try shutDown()
    case 21: try write(canSend: false)
    default: try write(canSend: true)
    }
  }

  func open() {
    wire.connectionOpened(machine.version)
    decoder = PacketDecoder(version: machine.version, maximumPacketSize: 1024)
    machine.connectionOpened(authenticationData: nil, at: now)
    isConnected = true
    isClosing = false
  }

  private func endConnection() throws(BrokenProperty) {
    isConnected = false
    isClosing = false
    isAsked = false
    heldConnack = nil
    let cause = input.flag() ? ConnectionFailure.connectionLost(broker: "broker", detail: "reset") : nil
    let reconnect = machine.connectionClosed(cause, at: now, fraction: Double(input.choice(of: 3)) / 2)
    try require((reconnect == .stop) == isShutDown, "\(reconnect)")
    try write(canSend: false)
  }

  private func shutDown() throws(BrokenProperty) {
    // Rare, as there is not much to see after it.
    guard input.choice(of: 8) == 7 else { return }
    machine.shutDown()
    isShutDown = true
    if isConnected, !isClosing { try close() }
  }

  // MARK: The broker

  func receiveBytes(_ bytes: [UInt8]) throws(BrokenProperty) {
    guard isConnected, !isClosing else { return }
    decoder.append(ByteBuffer(bytes: bytes))
    while isConnected, !isClosing, machine.canReceive(at: now) {
      let packet: Packet?
      do throws(MalformedPacket) {
        packet = try decoder.next()
      } catch {
        return try perform(machine.receiveFailed(error))
      }
      guard let packet else { return }
      try receive(packet)
    }
  }

  func receive(_ packet: Packet) throws(BrokenProperty) {
    guard isConnected, !isClosing, machine.canReceive(at: now) else { return }
    let action = machine.receive(packet, at: now)
    switch action {
    case .close: break
    case .authenticate(_, true):
      if case .connack(let connack) = packet { heldConnack = connack }
    default: wire.received(packet)
    }
    try perform(action)
  }

  func answer(_ data: ByteBuffer?) throws(BrokenProperty) {
    isAsked = false
    guard isConnected else { return }
    if input.choice(of: 5) == 4 { return try perform(machine.authenticationFailed("no")) }
    let action = machine.authenticationAnswered(data, at: now)
    if isClosing { try require(action == .none, "\(action) after the end") }
    if let connack = heldConnack, !isClosing { wire.accepted(connack) }
    heldConnack = nil
    try perform(action)
  }

  // MARK: The application

  private func publish() throws(BrokenProperty) {
    lastNumber += 1
    let id = PublishBatchID(lastNumber)
    let isLarge = input.choice(of: 8) == 7
    let messages = (0...input.choice(of: 3)).map { number in
      var message = Message(
        topic: input.element(of: Self.topics),
        text: "\(lastNumber).\(number)\(isLarge ? String(repeating: "x", count: 80) : "")",
        qualityOfService: input.element(of: [.atMostOnce, .atLeastOnce, .exactlyOnce]),
        retain: input.choice(of: 8) == 7)
      if input.choice(of: 4) == 3 {
        message.properties = PublishProperties(
          messageExpiryInterval: UInt32(input.byte()), contentType: input.flag() ? "text" : nil)
      }
      return message
    }
    let milestone: PublishMilestone = input.flag() ? .accepted : .acknowledged
    let policy = input.element(of: [QueuePolicy.keepAll, .keepLatest, .refuse])
    do throws(MQTTError) {
      try machine.publish(messages, batch: id, until: milestone, policy: policy, at: now)
      publishes[id] = Waiting()
    } catch {}
  }

  private func report() {
    guard !batches.isEmpty else { return }
    let batch = batches.remove(at: input.choice(of: batches.count))
    if input.flag() {
      machine.handled(batch.token)
    } else {
      _ = machine.failed(batch, at: now, fraction: 1)
    }
  }

  private func request() throws(BrokenProperty) {
    lastNumber += 1
    let id = RequestID(lastNumber)
    let filter = input.element(of: Self.filters)
    do throws(MQTTError) {
      switch input.choice(of: 4) {
      case 0: try machine.fence(id)
      case 1:
        try machine.subscribe(route(filter, .park(after: 2)), id)
        filters.insert(filter)
      case 2:
        try machine.unsubscribe(filter, id)
        filters.remove(filter)
      default: try machine.reauthenticate(id, data: nil, at: now)
      }
      requests[id] = Waiting()
    } catch {}
  }

  private func cancelRequest() throws(BrokenProperty) {
    let id = RequestID(lastNumber - UInt64(input.choice(of: 4)).clamped(to: lastNumber))
    machine.cancelFence(id)
    machine.cancelSubscription(id)
    machine.cancelReauthentication(id)
    requests[id]?.isCancelled = true
  }

  // MARK: Time and the store

  private func tick() throws(BrokenProperty) {
    now = now + input.element(of: Self.pauses)
    try perform(machine.tick(at: now))
    if let batch = machine.nextBatch(at: now) { batches.append(batch) }
    try write(canSend: input.flag())
    // A timer for something that cannot be done now would run hot.
    if let deadline = machine.nextDeadline {
      try require(deadline > now, "the next deadline is past by \(now - deadline)")
    }
  }

  private func commit() throws(BrokenProperty) {
    guard hasStore else { return }
    guard let done = group else {
      isSnapshot = input.choice(of: 6) == 5
      group = isSnapshot ? machine.snapshot() : machine.nextGroup()
      return
    }
    switch input.choice(of: 6) {
    case 0:
      machine.commitFailed("full")
      group = nil
    case 1:
      // What could not be appended is replaced.
      group = machine.snapshot()
      isSnapshot = true
    default:
      keep(done)
      machine.committed()
      group = nil
    }
  }
}

extension UInt64 {
  fileprivate func clamped(to limit: UInt64) -> UInt64 { Swift.min(self, limit) }
}
