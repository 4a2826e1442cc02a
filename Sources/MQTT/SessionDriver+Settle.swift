import Logging
import MQTTProtocol
import NIOCore

/// Between the machine and the channel.
extension SessionDriver {
  /// Packets are gathered up to this size before they are handed to the channel.
  private static let writeSize = 32 * 1024
  private static let shortestWait = TimeAmount.microseconds(200)

  /// Settles once all that waits for the event loop at present has happened, so that a burst of events makes
  /// one flush.
  func settleSoon() {
    guard !isSettlingSoon else { return }
    isSettlingSoon = true
    eventLoop.assumeIsolated().execute {
      if self.isSettlingSoon { self.settle() }
    }
  }

  /// Brings everything to where it waits for the next event.
  func settle(at now: NIODeadline = .now()) {
    isSettlingSoon = false
    decode(at: now)
    // The handler goes first, if it runs on this event loop: what it leads to goes out with all else.
    if offerWork(at: now) { return settleSoon() }
    write(at: now)
    // Handlers wait where too many acknowledgements do.
    offerWork(at: now)
    commitRecords()
    let standing = machine.standing(at: now)
    metrics.update(standing.queue, at: now)
    scheduleTimer(for: standing.nextDeadline, at: now)
    read(isClosing || standing.canReceive)
    if isDraining, standing.queue.unfinished == 0 || channel == nil { cancel() }
  }

  /// Has the channel read, or not. Told only when it changes: to ask for every read anew would cost two system
  /// calls each time.
  func read(_ isWanted: Bool) {
    guard let channel, isReading != isWanted else { return }
    isReading = isWanted
    do {
      try channel.syncOptions?.setOption(.autoRead, value: isWanted)
    } catch {
      // A channel that has just been closed takes no options, and nothing is read from it either.
      logger.trace("the channel takes no options", metadata: ["error": "\(error)"])
    }
  }

  func decode(at now: NIODeadline) {
    while !isClosing, channel != nil,
      let action = Self.receive(from: &decoder, into: &machine, at: now)
    { perform(action) }
  }

  /// Hands packets to the machine until one asks for something; nil if none of them does. With one access to
  /// decoder and machine for all, since the runtime checks each.
  private static func receive(
    from decoder: inout PacketDecoder, into machine: inout SessionMachine, at now: NIODeadline
  ) -> SessionMachine.Action? {
    while machine.canReceive(at: now) {
      let action: SessionMachine.Action
      do throws(MalformedPacket) {
        guard let packet = try decoder.next() else { return nil }
        action = machine.receive(packet, at: now)
      } catch {
        action = machine.receiveFailed(error)
      }
      if case .none = action { continue }
      return action
    }
    return nil
  }

  func perform(_ action: SessionMachine.Action) {
    switch action {
    case .none: break
    case .connected(let state): connected(state)
    case .unrouted(let topic):
      logger.warning(
        "a message that no route wants is acknowledged and dropped",
        metadata: ["topic": "\(topic)"]
      )
    case .subscriptionsRefused(let refused): warn(of: refused)
    case .authenticate(let challenge, let isFinal): authenticate(challenge, isFinal: isFinal)
    case .close: close()
    }
  }

  private func connected(_ state: ConnectedState) {
    addresses.stood()
    lastFailure = nil
    logger.info(
      "connected",
      metadata: [
        "broker": "\(broker)", "version": "\(state.version)",
        "sessionPresent": "\(state.isSessionPresent)",
      ]
    )
    warn(of: state.refusedSubscriptions)
    states.send(.connected(state))
  }

  private func warn(of refused: [String: ReasonCode]) {
    for (filter, code) in refused {
      logger.warning("the broker refused the subscription to '\(filter)' (\(code)): check its access rules")
    }
  }

  /// Gives messages to a handler that waits for some; false if there is nothing to give, or none waits.
  @discardableResult
  private func offerWork(at now: NIODeadline) -> Bool {
    guard let idle = idleHandler, let batch = machine.nextBatch(at: now) else { return false }
    idleHandler = nil
    idle.resume(returning: Work(batch: batch, handler: handler(of: batch)))
    return true
  }

  /// Writes all that the channel takes, with one flush.
  func write(at now: NIODeadline) {
    var hasWritten = false
    outgoingBytes.clear()
    while true {
      let report = Self.gather(into: &outgoingBytes, from: &machine, canSend: isWritable, at: now)
      if outgoingBytes.readableBytes >= Self.writeSize {
        metrics.sent(outgoingBytes.readableBytes)
        output?.write(NIOAny(outgoingBytes), promise: nil)
        outgoingBytes.clear()
        hasWritten = true
      } else if report == nil {
        break
      }
      if let report { perform(report) }
    }
    if outgoingBytes.readableBytes > 0 {
      metrics.sent(outgoingBytes.readableBytes)
      output?.writeAndFlush(NIOAny(outgoingBytes), promise: nil)
    } else if hasWritten {
      output?.flush()
    }
  }

  /// Encodes packets until there are enough bytes or something else is to be done, which it returns.
  private static func gather(
    into bytes: inout ByteBuffer, from machine: inout SessionMachine, canSend: Bool, at now: NIODeadline
  ) -> SessionMachine.Output? {
    while bytes.readableBytes < writeSize, let output = machine.next(canSend: canSend, at: now) {
      guard case .send(let packet) = output else { return output }
      packet.encode(into: &bytes, version: machine.version)
    }
    return nil
  }

  private func perform(_ report: SessionMachine.Output) {
    switch report {
    case .send: break
    case .finishPublish(let batch, let failure, let code):
      publishers.removeValue(forKey: batch)?.resume(
        returning: failure.map { .failure($0) } ?? .success(code))
    case .finishRequest(let id, let failure):
      requests.removeValue(forKey: id)?.resume(
        returning: failure.map { .failure($0) } ?? .success(.success))
    case .drop(let topic, let error):
      logger.warning(
        "an enqueued message goes nowhere", metadata: ["topic": "\(topic)", "reason": "\(error)"])
    }
  }

  private func scheduleTimer(for next: NIODeadline?, at now: NIODeadline) {
    guard var deadline = next ?? metrics.nextDeadline else { return }
    if let other = metrics.nextDeadline { deadline = min(deadline, other) }
    // Should what is due not get done, the loop must not spin.
    deadline = max(deadline, now + Self.shortestWait)
    // Deadlines mostly move back: a timer that comes too early just looks again.
    if let timer, timer.deadline <= deadline { return }
    timer?.task.cancel()
    let task = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
      self.timer = nil
      self.perform(self.machine.tick(at: .now()))
      self.settle()
    }
    timer = (deadline, task)
  }
}
