import NIOCore

/// The records of a session on their way to its store, and how far they have become durable.
///
/// Whatever must not happen before a record is durable remembers the record's number and asks
/// ``isDurable(_:)``. Without a store there are no records, and everything is as durable as it gets.
struct SessionLog {
  private struct Entry {
    var number: UInt64
    var record: SessionRecord
  }

  private var isKept = false
  /// The number of the newest record.
  private(set) var lastNumber: UInt64 = 0
  private var durableNumber: UInt64 = 0
  private var pending: [Entry] = []
  private var committing: [Entry] = []

  var hasPending: Bool { !pending.isEmpty }

  /// The number that all restored records share.
  static let restoredNumber: UInt64 = 1

  mutating func keep() {
    isKept = true
    lastNumber = Self.restoredNumber
    durableNumber = Self.restoredNumber
  }

  /// Returns the number to ask for.
  @discardableResult
  mutating func append(_ record: @autoclosure () -> SessionRecord) -> UInt64 {
    guard isKept else { return 0 }
    lastNumber += 1
    pending.append(Entry(number: lastNumber, record: record()))
    return lastNumber
  }

  func isDurable(_ number: UInt64) -> Bool { number <= durableNumber }

  /// The records that are to be committed next, if none are being committed now.
  mutating func nextGroup() -> ByteBuffer? {
    guard committing.isEmpty, !pending.isEmpty else { return nil }
    swap(&committing, &pending)
    var group = ByteBuffer()
    for entry in committing { entry.record.encode(into: &group) }
    return group
  }

  /// A snapshot of the session takes the place of all records so far.
  mutating func beginSnapshot() {
    committing += pending
    pending = []
  }

  mutating func committed() {
    durableNumber = committing.last?.number ?? durableNumber
    committing = []
  }

  /// What was to be committed was not. New messages are given up, and their numbers returned; everything else
  /// is committed with the next group.
  mutating func failed() -> [UInt64] {
    var refused: [UInt64] = []
    var kept: [Entry] = []
    for entry in committing {
      if case .accepted(let number, _, _) = entry.record {
        refused.append(number)
      } else {
        kept.append(entry)
      }
    }
    committing = []
    pending.insert(contentsOf: kept, at: 0)
    return refused
  }
}
