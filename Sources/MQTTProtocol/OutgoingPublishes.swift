import NIOCore

/// Identifies the messages of one call of `publish` or `enqueue`.
package struct PublishBatchID: Sendable, Hashable {
  package let number: UInt64

  package init(_ number: UInt64) { self.number = number }
}

/// What the caller of a batch waits for.
package enum PublishMilestone: Sendable, Hashable {
  /// The broker has acknowledged all of it.
  case acknowledged
  /// The queue has it, and the store where there is one.
  case accepted
}

/// How many messages may be unfinished, and how large they may be together.
struct OutgoingLimits {
  var messages: Int
  var bytes: Int
  /// How many may be in flight, whatever the broker allows.
  var window: UInt16
}

/// The messages on their way to the broker: those that wait, and those in flight at quality of service 1 or 2.
///
/// Packet identifiers are given out in a row, so the identifiers in flight are always a contiguous range, and
/// the index of an acknowledged message follows from its identifier.
struct OutgoingPublishes {
  enum Action: Equatable {
    case send(Publish)
    /// PUBREL.
    case release(UInt16, ReasonCode)
    /// The code is the highest of those that report success.
    case finish(PublishBatchID, MQTTError?, ReasonCode = .success)
    /// An accepted message that nobody waits for goes nowhere.
    case drop(topic: String, MQTTError)
  }

  enum Stage: Equatable {
    /// PUBLISH is due or sent.
    case published
    /// PUBREL is due, once this record is durable, or sent.
    case released(gate: UInt64)
  }

  enum Hold {
    case untilPlace
    case until(NIODeadline)
  }

  struct Entry {
    var message: Message
    /// nil: nobody waits for the acknowledgement.
    var batch: PublishBatchID?
    /// The client's own number for it, in the order of acceptance.
    var number: UInt64
    /// The record of its acceptance; 0 if there is none.
    var gate: UInt64 = 0
    var size: Int
    var accepted: NIODeadline
    var expiry: NIODeadline?
    var policy = QueuePolicy.keepAll
    var stage = Stage.published
    /// That of PUBREC.
    var code = ReasonCode.success
    /// It takes one of the places that the broker has on this connection.
    var isInWindow = false
  }

  struct Batch {
    var unfinished: Int
    var failure: MQTTError?
    var code = ReasonCode.success
  }

  /// The identifiers from 1 to this one are for messages; those above for SUBSCRIBE and UNSUBSCRIBE.
  static let identifierCount = 65_279
  /// Between two searches for expired messages.
  private static let expiryPause = TimeAmount.seconds(1)

  static let holdTime = TimeAmount.microseconds(250)

  let limits: OutgoingLimits
  var waiting = CircularBuffer<Entry>()
  /// In order of sending; nil is done with while an earlier one is not.
  var inFlight = CircularBuffer<Entry?>()
  var firstIdentifier: UInt16 = 1
  /// How many of `inFlight` have been sent on this connection, and how many places these take.
  var sentCount = 0
  var windowCount = 0
  /// The window was full: nothing is sent before a quarter of it is free or a moment has passed since the first
  /// place was, so that acknowledgements that come one by one do not make writes of one message each. The rest of
  /// the window keeps the broker busy meanwhile. To wait longer would have the broker's TCP wait for an
  /// acknowledgement that ours sends with the next message.
  var hold: Hold?
  /// PUBRELs that are due, in the order in which PUBREC came.
  var releases = CircularBuffer<(identifier: UInt16, gate: UInt64, code: ReasonCode)>()
  /// Nothing new is sent before this record is durable: it changes the identifiers that follow.
  var sendGate: UInt64 = 0
  var lastNumber: UInt64 = 0
  var batches: [PublishBatchID: Batch] = [:]
  private var acceptances = CircularBuffer<(batch: PublishBatchID, gate: UInt64)>()
  var finished = CircularBuffer<Action>()
  /// When the broker last got us further with what is in flight.
  var lastProgress = NIODeadline.uptimeNanoseconds(0)
  /// When to look for expired messages among those that wait.
  private(set) var nextExpiry: NIODeadline?
  /// None of those that wait expires before this; nil if none expires at all.
  private var earliestExpiry: NIODeadline?
  /// Waiting or in flight, which the limits bound.
  private(set) var unfinishedCount = 0
  private(set) var unfinishedBytes = 0

  init(limits: OutgoingLimits) { self.limits = limits }

  /// For metrics: since when the oldest message is unacknowledged.
  var oldestAccepted: NIODeadline? {
    inFlight.first??.accepted ?? waiting.first?.accepted
  }

  // MARK: Taking messages

  /// Takes all of the messages or, if they would exceed a limit, none.
  mutating func append(
    _ messages: [Message],
    batch: PublishBatchID,
    milestone: PublishMilestone,
    policy: QueuePolicy,
    at now: NIODeadline,
    wallClockOffset: Int64,
    log: inout SessionLog
  ) throws(MQTTError) {
    try makeRoom(for: messages, policy: policy, at: now, log: &log)
    var gate: UInt64 = 0
    for message in messages {
      lastNumber += 1
      var entry = Entry(
        message: message,
        batch: milestone == .acknowledged ? batch : nil,
        number: lastNumber,
        size: message.queuedSize,
        accepted: now
      )
      entry.policy = policy
      if message.hasProperties, let seconds = message.properties.messageExpiryInterval {
        let expiry = now + .seconds(Int64(seconds))
        entry.expiry = expiry
        noteExpiry(expiry)
      }
      if message.qualityOfService > .atMostOnce {
        entry.gate = log.append(
          .accepted(
            number: entry.number, message, expiry: entry.expiry?.wallClock(offset: wallClockOffset)))
        gate = entry.gate
      }
      waiting.append(entry)
      unfinishedBytes += entry.size
    }
    unfinishedCount += messages.count
    switch milestone {
    case .acknowledged: batches[batch] = Batch(unfinished: messages.count)
    case .accepted where log.isDurable(gate): finished.append(.finish(batch, nil))
    case .accepted: acceptances.append((batch, gate))
    }
  }

  /// Frees what the new messages may push out, if that is enough.
  private mutating func makeRoom(
    for messages: [Message], policy: QueuePolicy, at now: NIODeadline, log: inout SessionLog
  ) throws(MQTTError) {
    let bytes = messages.reduce(0) { $0 + $1.queuedSize }
    if policy == .keepLatest, waiting.contains(where: { $0.policy == .keepLatest }) {
      let topics = Set(messages.map(\.topic))
      let isOld = { (entry: Entry) in entry.policy == .keepLatest && topics.contains(entry.message.topic) }
      let old = waiting.filter(isOld)
      if unfinishedCount - old.count + messages.count <= limits.messages,
        unfinishedBytes - old.reduce(0, { $0 + $1.size }) + bytes <= limits.bytes
      {
        withdraw(.superseded, log: &log, where: isOld)
      }
    }
    // Who meets a full queue mostly comes again: to look through all of it each time would take the event loop.
    if !hasRoom(messages.count, bytes), let earliestExpiry, earliestExpiry <= now {
      expire(at: now, log: &log)
    }
    guard hasRoom(messages.count, bytes) else {
      throw .queueFull(limit: limits.messages, byteLimit: limits.bytes)
    }
  }

  private func hasRoom(_ count: Int, _ bytes: Int) -> Bool {
    unfinishedCount + count <= limits.messages && unfinishedBytes + bytes <= limits.bytes
  }

  // MARK: Withdrawing them

  /// Withdraws what is not on the wire. What is in flight goes on, but nobody hears of it.
  mutating func cancel(_ batch: PublishBatchID, log: inout SessionLog) {
    acceptances.removeAll { $0.batch == batch }
    guard batches.removeValue(forKey: batch) != nil else { return }
    withdraw(.cancelled, log: &log) { $0.batch == batch }
  }

  /// Withdraws what was not to wait for another connection.
  mutating func connectionLost(log: inout SessionLog) {
    withdraw(.notConnected, log: &log) { $0.policy == .refuse }
  }

  /// Withdraws what has expired.
  mutating func expire(at now: NIODeadline, log: inout SessionLog) {
    withdraw(.expired, log: &log) { $0.expiry.map { $0 <= now } ?? false }
    earliestExpiry = waiting.lazy.compactMap(\.expiry).min()
    nextExpiry = earliestExpiry.map { max($0, now + Self.expiryPause) }
  }

  /// The store did not take these.
  mutating func refuse(_ numbers: [UInt64], because error: MQTTError, log: inout SessionLog) {
    let numbers = Set(numbers)
    let gates = Set(waiting.lazy.filter { numbers.contains($0.number) }.map(\.gate))
    withdraw(error, isDropTold: false, log: &log) { numbers.contains($0.number) }
    acceptances.removeAll { acceptance in
      guard gates.contains(acceptance.gate) else { return false }
      finished.append(.finish(acceptance.batch, error))
      return true
    }
  }

  /// - Parameter isDropTold: Whether to report those that nobody waits for.
  private mutating func withdraw(
    _ reason: MQTTError, isDropTold: Bool = true, log: inout SessionLog, where isWithdrawn: (Entry) -> Bool
  ) {
    guard waiting.contains(where: isWithdrawn) else { return }
    var kept = CircularBuffer<Entry>(initialCapacity: waiting.count)
    for entry in waiting {
      guard isWithdrawn(entry) else {
        kept.append(entry)
        continue
      }
      if entry.gate != 0 { sendGate = log.append(.withdrawn(number: entry.number)) }
      finish(entry, isDropTold || entry.batch != nil ? reason : nil)
    }
    waiting = kept
  }

  // MARK: The end of a message

  mutating func finish(_ entry: Entry, _ failure: MQTTError?, _ code: ReasonCode = .success) {
    unfinishedCount -= 1
    unfinishedBytes -= entry.size
    guard let id = entry.batch else {
      if let failure { finished.append(.drop(topic: entry.message.topic, failure)) }
      return
    }
    guard var batch = batches[id] else { return }
    batch.unfinished -= 1
    batch.failure = batch.failure ?? failure
    batch.code = max(batch.code, code)
    guard batch.unfinished == 0 else {
      batches[id] = batch
      return
    }
    batches[id] = nil
    finished.append(.finish(id, batch.failure, batch.code))
  }

  /// What there is to report, whether or not there is a connection.
  mutating func nextReport(log: SessionLog) -> Action? {
    if let first = acceptances.first, log.isDurable(first.gate) {
      acceptances.removeFirst()
      return .finish(first.batch, nil)
    }
    return finished.popFirst()
  }

  /// Counts an entry that comes from the store.
  mutating func noteRestored(_ entry: Entry) {
    unfinishedCount += 1
    unfinishedBytes += entry.size
    lastNumber = max(lastNumber, entry.number)
  }

  mutating func noteExpiry(_ expiry: NIODeadline) {
    nextExpiry = min(nextExpiry ?? expiry, expiry)
    earliestExpiry = min(earliestExpiry ?? expiry, expiry)
  }
}

extension Message {
  /// What it counts for in the queue, in bytes: its PUBLISH packet of 5.0.
  var queuedSize: Int { encodedSize(version: .v5) }
}

extension NIODeadline {
  /// Milliseconds since 1970.
  ///
  /// - Parameter offset: What the wall clock is ahead of the clock of deadlines, in milliseconds.
  func wallClock(offset: Int64) -> Int64 { Int64(uptimeNanoseconds / 1_000_000) &+ offset }
}
