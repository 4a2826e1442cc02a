import NIOCore

/// What of the messages outlives the process.
extension OutgoingPublishes {
  /// The records that stand for all messages at quality of service 1 and 2 as they are now.
  func snapshot(wallClockOffset: Int64) -> [SessionRecord] {
    var records: [SessionRecord] = [.began(firstIdentifier: firstIdentifier)]
    for entry in inFlight {
      guard let entry else {
        records.append(.completedEarly)
        continue
      }
      records.append(entry.record(wallClockOffset: wallClockOffset))
      if entry.stage != .published { records.append(.released(number: entry.number)) }
    }
    for entry in waiting where entry.message.qualityOfService > .atMostOnce {
      records.append(entry.record(wallClockOffset: wallClockOffset))
    }
    return records
  }

  /// Takes up what the store has. All of it counts as sent: it cannot be told from what was not.
  mutating func restore(_ stored: StoredMessages) {
    firstIdentifier = stored.firstIdentifier
    for slot in stored.slots {
      switch slot {
      case .withdrawn: continue
      case .completed where inFlight.count < Self.identifierCount: inFlight.append(nil)
      case .completed: continue
      case .message(let entry):
        noteRestored(entry)
        // Beyond the identifiers that there are, none can have been sent.
        if inFlight.count < Self.identifierCount, waiting.isEmpty {
          inFlight.append(entry)
        } else {
          waiting.append(entry)
          if let expiry = entry.expiry { noteExpiry(expiry) }
        }
      }
    }
    trim()
  }
}

extension OutgoingPublishes.Entry {
  fileprivate func record(wallClockOffset: Int64) -> SessionRecord {
    .accepted(number: number, message, expiry: expiry?.wallClock(offset: wallClockOffset))
  }
}

/// The messages of a store, put together from its records.
struct StoredMessages {
  enum Slot {
    case message(OutgoingPublishes.Entry)
    /// Done with, while one before it is not.
    case completed
    /// It never had an identifier.
    case withdrawn
  }

  private(set) var firstIdentifier: UInt16 = 1
  /// In the order of acceptance, which is that of the identifiers.
  private(set) var slots: [Slot] = []
  private var indices: [UInt64: Int] = [:]

  mutating func apply(_ record: SessionRecord, at now: NIODeadline, wallClockOffset: Int64) {
    switch record {
    case .began(let identifier):
      firstIdentifier = identifier
      for (index, slot) in slots.enumerated() {
        if case .completed = slot { slots[index] = .withdrawn }
      }
    case .accepted(let number, let message, let expiry):
      indices[number] = slots.count
      var entry = OutgoingPublishes.Entry(
        message: message, batch: nil, number: number, gate: SessionLog.restoredNumber,
        size: message.queuedSize, accepted: now)
      entry.expiry = expiry.map { NIODeadline(wallClock: $0, offset: wallClockOffset) }
      slots.append(.message(entry))
    case .withdrawn(let number): replace(number, by: .withdrawn)
    case .completed(let number): replace(number, by: .completed)
    case .completedEarly: slots.append(.completed)
    case .released(let number):
      guard let index = indices[number], case .message(var entry) = slots[index],
        entry.message.qualityOfService == .exactlyOnce
      else { return }
      entry.stage = .released(gate: SessionLog.restoredNumber)
      slots[index] = .message(entry)
    case .belongs, .handled, .forgotten: break
    }
  }

  /// Of a message that the store never took there is nothing to replace.
  private mutating func replace(_ number: UInt64, by slot: Slot) {
    guard let index = indices.removeValue(forKey: number) else { return }
    slots[index] = slot
  }
}

extension NIODeadline {
  /// The deadline at a wall clock time in milliseconds since 1970; one long past is the earliest there is.
  init(wallClock: Int64, offset: Int64) {
    let milliseconds = max(0, wallClock &- offset)
    self = .uptimeNanoseconds(UInt64(min(milliseconds, .max / 1_000_000)) * 1_000_000)
  }
}
