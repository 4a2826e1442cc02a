package import NIOCore

/// What of the session outlives the process.
extension SessionMachine {
  /// Takes up what a store has kept, before the first connection. From then on there are records to commit.
  package mutating func restore(_ groups: [ByteBuffer], at now: NIODeadline) throws(MQTTError) {
    var messages = StoredMessages()
    var owner: String?
    for group in groups {
      var reader = PacketReader(group)
      while !reader.isAtEnd {
        let record: SessionRecord
        do throws(MalformedPacket) {
          record = try SessionRecord(from: &reader)
        } catch {
          throw .sessionStore("it holds what is no record of a session (\(error)): move the store away")
        }
        if case .belongs(let identifier) = record { owner = identifier }
        messages.apply(record, at: now, wallClockOffset: wallClockOffset)
        inbox.restore(record)
      }
    }
    if let owner {
      guard clientIdentifier.isEmpty || clientIdentifier == owner else {
        throw .sessionStore(
          "it is that of the client id '\(owner)', not of '\(clientIdentifier)': give each client its own")
      }
      clientIdentifier = owner
    }
    log.keep()
    outgoing.restore(messages)
    if owner == nil, !clientIdentifier.isEmpty {
      log.append(.belongs(clientIdentifier: clientIdentifier))
    }
  }

  /// The records that are to be made durable now; nil if there are none, or others are under way.
  package mutating func nextGroup() -> ByteBuffer? { log.nextGroup() }

  /// Everything that a store has to know, to take the place of all that it keeps. It counts as under way.
  package mutating func snapshot() -> ByteBuffer {
    log.beginSnapshot()
    var group = ByteBuffer()
    var records = outgoing.snapshot(wallClockOffset: wallClockOffset) + inbox.snapshot
    if !clientIdentifier.isEmpty { records.insert(.belongs(clientIdentifier: clientIdentifier), at: 0) }
    for record in records { record.encode(into: &group) }
    return group
  }

  /// What was under way is durable.
  package mutating func committed() { log.committed() }

  /// What was under way is not durable: the messages in it are refused, everything else is to be tried again.
  package mutating func commitFailed(_ reason: String) {
    outgoing.refuse(log.failed(), because: .notStored(reason), log: &log)
  }

  /// Whether records wait for the next group.
  package var hasRecords: Bool { mutating get { log.hasPending } }
}
