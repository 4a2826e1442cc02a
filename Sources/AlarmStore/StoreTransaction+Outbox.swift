package import DoorCore
import GRDB

/// One stage of one alert on its way through one channel.
package struct OutboxItem: Sendable, Equatable {
  package var id: Int64
  package var alert: Alert
  package var stage: AlertStage
  /// How often the alert's cause has come.
  package var count: Int
  /// When it was raised.
  package var raised: Timestamp
  /// When this stage of it was put into the outbox.
  package var written: Timestamp
  /// When its cause was over; nil while it is not.
  package var resolved: Timestamp?

  package init(
    id: Int64, alert: Alert, stage: AlertStage, count: Int = 1, raised: Timestamp, written: Timestamp? = nil,
    resolved: Timestamp? = nil
  ) {
    self.id = id
    self.alert = alert
    self.stage = stage
    self.count = count
    self.raised = raised
    self.written = written ?? raised
    self.resolved = resolved
  }
}

/// What one channel sends at once: one alert, or many that came together.
package struct OutboxMessage: Sendable, Equatable {
  /// At least one, in the order of their coming.
  package var items: [OutboxItem]
  /// Tries so far.
  package var attempts: Int

  /// The same for every try of this message, and no other's.
  package var key: String {
    guard let first = items.first else { return "" }
    let key = first.stage == .raised ? first.alert.id : "\(first.alert.id)/\(first.stage)"
    return items.count > 1 ? "\(key)/and-\(items.count - 1)-more" : key
  }
}

/// What waits for a channel.
package enum OutboxStand: Sendable, Equatable {
  case message(OutboxMessage)
  /// Nothing before then.
  case nothingBefore(Timestamp)
  case nothing
}

extension StoreTransaction {
  /// So many that are due at once become one message that lists them.
  package static let stormSize = 4
  /// One message lists no more.
  private static let messageLimit = 32
  static let isDue = "(due_ms <= :now OR due_ms > :now + wait_ms)"

  /// What one channel is to send next: alarms before the rest, and each of them in the order of their times. Which alerts are
  /// one message is kept, so that every try of it is the same.
  ///
  /// - Parameter skipped: the message that another one is wanted of, where there is one.
  package func next(for channel: Identifier, after skipped: OutboxMessage? = nil, now: Timestamp) throws
    -> OutboxStand
  {
    let skippedIDs = (skipped?.items ?? []).map { "\($0.id)" }.joined(separator: ", ")
    let first = try Row.fetchOne(
      database,
      sql: """
        SELECT id, message FROM outbox
        WHERE channel = :channel AND state = 'waiting' AND \(Self.isDue) AND id NOT IN (\(skippedIDs))
        ORDER BY rank, due_ms, id LIMIT 1
        """, arguments: ["channel": channel.description, "now": now.milliseconds])
    guard let first else {
      let next = try Int64.fetchOne(
        database, sql: "SELECT MIN(due_ms) FROM outbox WHERE channel = ? AND state = 'waiting'",
        arguments: [channel.description])
      return next.map { .nothingBefore(Timestamp(milliseconds: $0)) } ?? .nothing
    }
    let id: Int64 = first["id"]
    let message = try (first["message"] as Int64?) ?? gather(id, channel, without: skippedIDs, now: now)
    return .message(try contents(of: message, or: id))
  }

  /// Makes one message of all of the same rank that is due, where that is much or was held back; returns its id.
  private func gather(
    _ first: Int64, _ channel: Identifier, without skippedIDs: String, now: Timestamp
  ) throws -> Int64? {
    let due = try Row.fetchAll(
      database,
      sql: """
        SELECT id, is_held FROM outbox
        WHERE channel = :channel AND state = 'waiting' AND message IS NULL AND attempts = 0 AND \(Self.isDue)
          AND rank = (SELECT rank FROM outbox WHERE id = :first) AND id NOT IN (\(skippedIDs))
        ORDER BY rank, due_ms, id LIMIT :limit
        """,
      arguments: [
        "channel": channel.description, "now": now.milliseconds, "first": first, "limit": Self.messageLimit,
      ])
    guard let start = due.first(where: { $0["id"] == first }) else { return nil }
    // What was held back is told together, however little it is.
    let isDigest: Bool = start["is_held"]
    let rows = isDigest ? due.filter { $0["is_held"] } : due
    guard rows.count >= (isDigest ? 2 : Self.stormSize) else { return nil }
    for row in rows {
      try database.execute(
        sql: "UPDATE outbox SET message = ? WHERE id = ?", arguments: [first, row["id"] as Int64])
    }
    return first
  }

  func contents(of message: Int64?, or id: Int64) throws -> OutboxMessage {
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT outbox.id AS item, outbox.attempts, outbox.stage, outbox.written_ms, alert.*
        FROM outbox JOIN alert ON alert.id = outbox.alert
        WHERE \(message == nil ? "outbox.id = ?" : "outbox.message = ?") AND outbox.state = 'waiting'
        ORDER BY outbox.id
        """, arguments: [message ?? id])
    return OutboxMessage(
      items: try rows.map { row in
        let stage: String = row["stage"]
        guard let stage = AlertStage(stage) else { throw UnknownWord(column: "stage", word: stage) }
        let record = try AlertRecord(row: row)
        let written = Timestamp(milliseconds: row["written_ms"])
        return OutboxItem(
          id: row["item"], alert: record.alert, stage: stage, count: record.count, raised: record.raised,
          written: max(written, record.raised), resolved: record.resolved)
      },
      attempts: rows.map { $0["attempts"] }.max() ?? 0)
  }

  // MARK: Looking

  /// Every alert, in the order of raising, with the state of its delivery by channel, from the first stage to the last.
  package func alerts() throws -> [(alert: Alert, deliveries: [String: [String]])] {
    try Row.fetchAll(database, sql: "SELECT * FROM alert ORDER BY rowid").map { row in
      let rows = try Row.fetchAll(
        database, sql: "SELECT channel, state FROM outbox WHERE alert = ? ORDER BY id",
        arguments: [row["id"] as String])
      let deliveries = Dictionary(grouping: rows) { $0["channel"] as String }
      return (try Alert(row: row), deliveries.mapValues { $0.map { $0["state"] } })
    }
  }
}
