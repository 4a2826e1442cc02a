import NIOCore

/// Messages on the wire.
extension OutgoingPublishes {
  /// What an acknowledgement of the broker turns out to be.
  enum Acknowledged {
    case expected
    /// It acknowledges nothing that was sent on this connection, as can happen after a reconnect.
    case unknown
    /// It belongs to another quality of service.
    case mismatched
  }

  /// Begins a connection: what is in flight is sent again, in its order and before anything else, under the
  /// same identifiers, or anew if the broker has forgotten the session.
  mutating func connected(sessionPresent: Bool, at now: NIODeadline, log: inout SessionLog) {
    sentCount = 0
    windowCount = 0
    hold = nil
    releases.removeAll()
    lastProgress = now
    for index in inFlight.indices { inFlight[index]?.isInWindow = false }
    guard !sessionPresent else { return }
    firstIdentifier = identifier(at: inFlight.count)
    sendGate = log.append(.began(firstIdentifier: firstIdentifier))
    for entry in inFlight.reversed() {
      guard let entry else { continue }
      guard entry.stage == .published else {
        // The broker had taken it over; to publish it anew could deliver it twice.
        if entry.gate != 0 { sendGate = log.append(.withdrawn(number: entry.number)) }
        finish(entry, .sessionLost(topic: entry.message.topic))
        continue
      }
      waiting.prepend(entry)
      if let expiry = entry.expiry { noteExpiry(expiry) }
    }
    inFlight.removeAll()
  }

  /// What is to be done next; nil until another event.
  ///
  /// - Parameter server: What the broker takes; nil while nothing can be sent.
  mutating func next(
    server: ServerLimits?, version: ProtocolVersion, at now: NIODeadline, log: inout SessionLog
  ) -> Action? {
    if let report = nextReport(log: log) { return report }
    guard let server else { return nil }
    if let release = releases.first, log.isDurable(release.gate) {
      releases.removeFirst()
      return .release(release.identifier, release.code)
    }
    let window = min(server.receiveMaximum, limits.window)
    if isHolding(window, at: now) { return nil }
    if sentCount < inFlight.count {
      if let action = nextRepeated(window, server, version, at: now, log: &log) { return action }
      guard sentCount == inFlight.count else { return nil }
    }
    while let index = waiting.indices.first, log.isDurable(max(waiting[index].gate, sendGate)) {
      if waiting[index].message.qualityOfService > .atMostOnce {
        guard windowCount < window else {
          hold = .untilPlace
          return nil
        }
        guard inFlight.count < Self.identifierCount else { return nil }
      }
      if let action = sendFirst(server, version, at: now, log: &log) { return action }
      if let report = finished.popFirst() { return report }
    }
    return nil
  }

  /// Whether to wait for more places: see ``hold``.
  private mutating func isHolding(_ window: UInt16, at now: NIODeadline) -> Bool {
    switch hold {
    case nil: return false
    case .untilPlace where windowCount >= window: return true
    case .untilPlace where windowCount > window - window / 4:
      hold = .until(now + Self.holdTime)
      return true
    case .until(let deadline) where windowCount > window - window / 4 && now < deadline: return true
    case .untilPlace, .until:
      hold = nil
      return false
    }
  }

  /// When the hold ends, if nothing ends it before.
  var holdDeadline: NIODeadline? { if case .until(let deadline) = hold { deadline } else { nil } }

  /// Sends the first message that waits; nil if it cannot be sent, and has been finished.
  private mutating func sendFirst(
    _ server: ServerLimits, _ version: ProtocolVersion, at now: NIODeadline, log: inout SessionLog
  ) -> Action? {
    var entry = waiting.removeFirst()
    if let failure = entry.failure(server, version, at: now) {
      if entry.gate != 0 { sendGate = log.append(.withdrawn(number: entry.number)) }
      finish(entry, failure)
      return nil
    }
    var publish = Publish(entry.expiry == nil ? entry.message : entry.message(at: now))
    guard entry.message.qualityOfService > .atMostOnce else {
      finish(entry, nil)
      return .send(publish)
    }
    if windowCount == 0 { lastProgress = now }
    publish.packetIdentifier = identifier(at: inFlight.count)
    entry.isInWindow = true
    sentCount += 1
    windowCount += 1
    inFlight.append(entry)
    return .send(publish)
  }

  private mutating func nextRepeated(
    _ window: UInt16, _ server: ServerLimits, _ version: ProtocolVersion, at now: NIODeadline,
    log: inout SessionLog
  ) -> Action? {
    while sentCount < inFlight.count {
      let position = inFlight.index(inFlight.startIndex, offsetBy: sentCount)
      guard let entry = inFlight[position] else {
        sentCount += 1
        continue
      }
      let identifier = identifier(at: sentCount)
      switch entry.stage {
      case .released(let gate):
        guard log.isDurable(gate) else { return nil }
        sentCount += 1
        return .release(identifier, .success)
      case .published:
        do throws(MQTTError) { try server.check(entry.message, version: version) } catch {
          // The broker takes less than it did on the connection before.
          end(position, entry, error, log: &log)
          continue
        }
        guard windowCount < window, log.isDurable(max(entry.gate, sendGate)) else { return nil }
        inFlight[position]?.isInWindow = true
        sentCount += 1
        windowCount += 1
        return .send(Publish(entry.message(at: now), isDuplicate: true, packetIdentifier: identifier))
      }
    }
    return nil
  }

  // MARK: Acknowledgements

  /// Takes a PUBACK.
  mutating func acknowledge(
    _ answer: PublishAcknowledgement, at now: NIODeadline, log: inout SessionLog
  ) -> Acknowledged {
    guard let (position, entry) = sent(answer.packetIdentifier) else { return .unknown }
    guard entry.message.qualityOfService == .atLeastOnce else { return .mismatched }
    complete(position, entry, answer, at: now, log: &log)
    return .expected
  }

  /// Takes a PUBREC: PUBREL is due, as soon as it is durable that PUBLISH must not be sent again.
  mutating func received(
    _ answer: PublishAcknowledgement, at now: NIODeadline, log: inout SessionLog
  ) -> Acknowledged {
    let identifier = answer.packetIdentifier
    guard let (position, entry) = sent(identifier) else {
      // A message that is still to be sent again must not be released before: it would be a new one then.
      if !answer.reasonCode.isFailure, inFlight(identifier) == nil {
        releases.append((identifier, 0, .packetIdentifierNotFound))
      }
      return .unknown
    }
    guard entry.message.qualityOfService == .exactlyOnce else { return .mismatched }
    guard !answer.reasonCode.isFailure else {
      complete(position, entry, answer, at: now, log: &log)
      return .expected
    }
    inFlight[position]?.code = answer.reasonCode
    var gate: UInt64 = 0
    if case .released(let known) = entry.stage {
      gate = known
    } else {
      gate = log.append(.released(number: entry.number))
      inFlight[position]?.stage = .released(gate: gate)
    }
    lastProgress = now
    releases.append((identifier, gate, .success))
    return .expected
  }

  /// Takes a PUBCOMP.
  mutating func completed(
    _ answer: PublishAcknowledgement, at now: NIODeadline, log: inout SessionLog
  ) -> Acknowledged {
    guard let (position, entry) = sent(answer.packetIdentifier) else { return .unknown }
    guard entry.message.qualityOfService == .exactlyOnce, entry.stage != .published else {
      return .mismatched
    }
    var answer = answer
    // "Packet identifier not found" says that the broker was done with it before.
    if answer.reasonCode == .packetIdentifierNotFound { answer.reasonCode = .success }
    if answer.reasonCode == .success { answer.reasonCode = entry.code }
    complete(position, entry, answer, at: now, log: &log)
    return .expected
  }

  private typealias Place = (position: CircularBuffer<Entry?>.Index, entry: Entry)

  /// The message with this identifier, if it was sent on this connection.
  private func sent(_ identifier: UInt16) -> Place? { find(identifier, amongFirst: sentCount) }

  /// The message with this identifier, on whatever connection it was sent.
  private func inFlight(_ identifier: UInt16) -> Place? { find(identifier, amongFirst: inFlight.count) }

  private func find(_ identifier: UInt16, amongFirst limit: Int) -> Place? {
    let count = Self.identifierCount
    guard (1...count).contains(Int(identifier)) else { return nil }
    let index = (Int(identifier) - Int(firstIdentifier) + count) % count
    guard index < limit else { return nil }
    let position = inFlight.index(inFlight.startIndex, offsetBy: index)
    return inFlight[position].map { (position, $0) }
  }

  private mutating func complete(
    _ position: CircularBuffer<Entry?>.Index, _ entry: Entry, _ answer: PublishAcknowledgement,
    at now: NIODeadline, log: inout SessionLog
  ) {
    if entry.isInWindow { windowCount -= 1 }
    lastProgress = now
    let code = answer.reasonCode
    let failure =
      code.isFailure
      ? MQTTError.refused(topic: entry.message.topic, code, detail: answer.properties.reasonString) : nil
    end(position, entry, failure, code.isFailure ? .success : code, log: &log)
  }

  private mutating func end(
    _ position: CircularBuffer<Entry?>.Index, _ entry: Entry, _ failure: MQTTError?,
    _ code: ReasonCode = .success, log: inout SessionLog
  ) {
    inFlight[position] = nil
    if entry.gate != 0 { log.append(.completed(number: entry.number)) }
    finish(entry, failure, code)
    trim()
  }

  /// Lets go of the identifiers at the front that are done with.
  mutating func trim() {
    while let oldest = inFlight.first, oldest == nil {
      inFlight.removeFirst()
      firstIdentifier = identifier(at: 1)
      sentCount = max(0, sentCount - 1)
    }
  }

  func identifier(at index: Int) -> UInt16 {
    UInt16((Int(firstIdentifier) - 1 + index) % Self.identifierCount + 1)
  }
}

extension OutgoingPublishes.Entry {
  /// Why it cannot be sent; nil if it can.
  func failure(_ server: ServerLimits, _ version: ProtocolVersion, at now: NIODeadline) -> MQTTError? {
    if let expiry, expiry <= now { return .expired }
    do throws(MQTTError) { try server.check(message, version: version) } catch { return error }
    return nil
  }

  /// The message with what is left of its time, a second at least.
  func message(at now: NIODeadline) -> Message {
    guard let expiry else { return message }
    var message = message
    let nanoseconds = max(0, (expiry - now).nanoseconds)
    message.properties.messageExpiryInterval = UInt32(
      clamping: max(1, (nanoseconds + 999_999_999) / 1_000_000_000))
    return message
  }
}
