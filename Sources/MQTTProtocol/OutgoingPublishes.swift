import NIOCore

/// Identifies the messages of one call of `publish`.
package struct PublishBatchID: Sendable, Hashable {
  package let number: UInt64

  package init(_ number: UInt64) { self.number = number }
}

/// The messages on their way to the broker: those that wait, and those in flight at quality of service 1.
///
/// Packet identifiers are given out in a row, so the identifiers in flight are always a contiguous range, and
/// the index of an acknowledged message follows from its identifier.
struct OutgoingPublishes {
  enum Action: Equatable {
    case send(Publish)
    case finish(PublishBatchID, MQTTError?)
  }

  /// The identifiers 1 to 65,534 are for messages; 65,535 is that of SUBSCRIBE.
  static let identifierCount = 65_534

  private struct Entry {
    var message: Message
    var batch: PublishBatchID
  }

  private struct Batch {
    var unfinished: Int
    var failure: MQTTError?
  }

  private let limit: Int
  private var waiting = CircularBuffer<Entry>()
  /// In order of sending; nil is acknowledged while an earlier one is not.
  private var inFlight = CircularBuffer<Entry?>()
  private var firstIdentifier: UInt16 = 1
  /// How many of `inFlight` have been sent on this connection, and how many of these are unacknowledged.
  private var sentCount = 0
  private var sentUnacknowledged = 0
  private var batches: [PublishBatchID: Batch] = [:]
  private var finished = CircularBuffer<(PublishBatchID, MQTTError?)>()
  /// Waiting or in flight, which `limit` bounds.
  private(set) var unfinishedCount = 0

  init(limit: Int) { self.limit = limit }

  /// Takes all of the messages or, if they would exceed the limit, none.
  mutating func append(_ messages: [Message], batch: PublishBatchID) throws(MQTTError) {
    guard unfinishedCount + messages.count <= limit else { throw .queueFull(limit: limit) }
    for message in messages { waiting.append(Entry(message: message, batch: batch)) }
    unfinishedCount += messages.count
    batches[batch] = Batch(unfinished: messages.count)
  }

  /// Withdraws what is not on the wire. What is in flight goes on, but nobody hears of it.
  mutating func cancel(_ batch: PublishBatchID) {
    guard batches.removeValue(forKey: batch) != nil else { return }
    let before = waiting.count
    waiting.removeAll { $0.batch == batch }
    unfinishedCount -= before - waiting.count
  }

  /// Begins a connection: what is in flight is sent again, in its order and before anything else, under the
  /// same identifiers, or anew if the broker has forgotten the session.
  mutating func connected(sessionPresent: Bool) {
    sentCount = 0
    sentUnacknowledged = 0
    guard !sessionPresent else { return }
    firstIdentifier = identifier(at: inFlight.count)
    for entry in inFlight.reversed() {
      if let entry { waiting.prepend(entry) }
    }
    inFlight.removeAll()
  }

  /// What is to do next; nil until something has been appended or acknowledged.
  ///
  /// - Parameter limits: nil while nothing can be sent.
  mutating func next(limits: ServerLimits?, version: ProtocolVersion) -> Action? {
    if let (batch, failure) = finished.popFirst() { return .finish(batch, failure) }
    guard let limits else { return nil }
    if let publish = nextRepeated(limits) { return .send(publish) }
    while sentCount == inFlight.count, let entry = waiting.first {
      do {
        try limits.check(entry.message, version: version)
      } catch {
        waiting.removeFirst()
        finish(entry, error)
        if let (batch, failure) = finished.popFirst() { return .finish(batch, failure) }
        continue
      }
      guard entry.message.qualityOfService > .atMostOnce else {
        waiting.removeFirst()
        finish(entry, nil)
        return .send(Publish(entry.message))
      }
      guard isWindowOpen(limits), inFlight.count < Self.identifierCount else { return nil }
      waiting.removeFirst()
      inFlight.append(entry)
      sentCount += 1
      sentUnacknowledged += 1
      return .send(Publish(entry.message, packetIdentifier: identifier(at: inFlight.count - 1)))
    }
    return nil
  }

  /// Takes a PUBACK. One that acknowledges nothing sent on this connection is ignored.
  mutating func acknowledge(_ identifier: UInt16, _ reasonCode: ReasonCode) {
    guard (1...Self.identifierCount).contains(Int(identifier)) else { return }
    let count = Self.identifierCount
    let index = (Int(identifier) - Int(firstIdentifier) + count) % count
    guard index < sentCount else { return }
    let position = inFlight.index(inFlight.startIndex, offsetBy: index)
    guard let entry = inFlight[position] else { return }
    inFlight[position] = nil
    sentUnacknowledged -= 1
    finish(entry, reasonCode.isFailure ? .refused(topic: entry.message.topic, reasonCode) : nil)
    while let oldest = inFlight.first, oldest == nil {
      inFlight.removeFirst()
      firstIdentifier = self.identifier(at: 1)
      sentCount = max(0, sentCount - 1)
    }
  }

  private mutating func nextRepeated(_ limits: ServerLimits) -> Publish? {
    while sentCount < inFlight.count {
      guard let entry = inFlight[inFlight.index(inFlight.startIndex, offsetBy: sentCount)] else {
        sentCount += 1
        continue
      }
      guard isWindowOpen(limits) else { return nil }
      defer {
        sentCount += 1
        sentUnacknowledged += 1
      }
      return Publish(entry.message, isDuplicate: true, packetIdentifier: identifier(at: sentCount))
    }
    return nil
  }

  private func isWindowOpen(_ limits: ServerLimits) -> Bool { sentUnacknowledged < limits.receiveMaximum }

  private func identifier(at index: Int) -> UInt16 {
    UInt16((Int(firstIdentifier) - 1 + index) % Self.identifierCount + 1)
  }

  private mutating func finish(_ entry: Entry, _ failure: MQTTError?) {
    unfinishedCount -= 1
    guard var batch = batches[entry.batch] else { return }
    batch.unfinished -= 1
    batch.failure = batch.failure ?? failure
    guard batch.unfinished == 0 else {
      batches[entry.batch] = batch
      return
    }
    batches[entry.batch] = nil
    finished.append((entry.batch, batch.failure))
  }
}
