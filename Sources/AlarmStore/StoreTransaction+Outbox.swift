package import DoorCore
import GRDB

/// One stage of one alert on its way through one channel.
package struct OutboxItem: Sendable, Equatable {
  package var id: Int64
  package var alert: Alert
  package var stage: AlertStage
  /// How often the alert's cause has come.
  package var count: Int
  /// When its cause was over; nil while it is not.
  package var resolved: Timestamp?
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
  /// What is due at a time, and what is due so much later that it must have been written before the clock was put back:
  /// troubles wait for a morning at most, alarms for nothing, and tries for the longest back-off.
  private static let isDue = """
    (due_ms <= :now OR due_ms > :now + 86400000 OR (attempts > 0 AND due_ms > :now + 600000)
      OR (attempts = 0 AND EXISTS (SELECT 1 FROM alert WHERE alert.id = outbox.alert AND severity = 'alarm')))
    """

  /// What one channel is to send next. Which alerts are one message is kept, so that every try of it is the same.
  package func next(for channel: Identifier, now: Timestamp) throws -> OutboxStand {
    let first = try Row.fetchOne(
      database,
      sql: """
        SELECT id, message FROM outbox WHERE channel = :channel AND state = 'waiting' AND \(Self.isDue)
        ORDER BY due_ms, id LIMIT 1
        """, arguments: ["channel": channel.description, "now": now.milliseconds])
    guard let first else {
      let next = try Int64.fetchOne(
        database, sql: "SELECT MIN(due_ms) FROM outbox WHERE channel = ? AND state = 'waiting'",
        arguments: [channel.description])
      return next.map { .nothingBefore(Timestamp(milliseconds: $0)) } ?? .nothing
    }
    let id: Int64 = first["id"]
    let message = try (first["message"] as Int64?) ?? gather(id, channel, now: now)
    return .message(try contents(of: message, or: id))
  }

  /// Makes one message of all that is due, where that is much; returns its id.
  private func gather(_ first: Int64, _ channel: Identifier, now: Timestamp) throws -> Int64? {
    let due = try Int64.fetchAll(
      database,
      sql: """
        SELECT id FROM outbox
        WHERE channel = :channel AND state = 'waiting' AND message IS NULL AND \(Self.isDue)
        ORDER BY due_ms, id LIMIT :limit
        """,
      arguments: ["channel": channel.description, "now": now.milliseconds, "limit": Self.messageLimit])
    guard due.count >= Self.stormSize, due.contains(first) else { return nil }
    for id in due {
      try database.execute(sql: "UPDATE outbox SET message = ? WHERE id = ?", arguments: [first, id])
    }
    return first
  }

  private func contents(of message: Int64?, or id: Int64) throws -> OutboxMessage {
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT outbox.id AS item, outbox.attempts, outbox.stage, alert.*
        FROM outbox JOIN alert ON alert.id = outbox.alert
        WHERE \(message == nil ? "outbox.id = ?" : "outbox.message = ?") AND outbox.state = 'waiting'
        ORDER BY outbox.id
        """, arguments: [message ?? id])
    return OutboxMessage(
      items: try rows.map { row in
        let stage: String = row["stage"]
        guard let stage = AlertStage(stage) else { throw UnknownWord(column: "stage", word: stage) }
        let record = try AlertRecord(row: row)
        return OutboxItem(
          id: row["item"], alert: record.alert, stage: stage, count: record.count, resolved: record.resolved)
      },
      attempts: rows.map { $0["attempts"] }.max() ?? 0)
  }

  /// The receiver has it; `answer` is what it said.
  package func markDelivered(_ message: OutboxMessage, answer: String, now: Timestamp) throws {
    try end(message, as: "delivered", answer: answer, now: now)
  }

  /// The receiver will never take it; `answer` says why.
  package func markRefused(_ message: OutboxMessage, answer: String, now: Timestamp) throws {
    try end(message, as: "refused", answer: answer, now: now)
  }

  /// A try failed and there will be another.
  package func postpone(_ message: OutboxMessage, until due: Timestamp, answer: String) throws {
    for item in message.items {
      try database.execute(
        sql: "UPDATE outbox SET attempts = attempts + 1, due_ms = ?, answer = ? WHERE id = ?",
        arguments: [due.milliseconds, answer, item.id])
    }
  }

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

  /// Has one stage of an alert sent through every channel.
  func enqueue(_ alert: Alert, _ stage: AlertStage, _ routing: AlertRouting, now: Timestamp) throws {
    let due = alert.severity == .alarm ? now : max(now, routing.quietUntil ?? now)
    for channel in routing.channels {
      try database.execute(
        sql: "INSERT OR IGNORE INTO outbox (alert, channel, stage, due_ms) VALUES (?, ?, ?, ?)",
        arguments: [alert.id, channel.description, stage.description, due.milliseconds])
    }
  }

  private func end(_ message: OutboxMessage, as state: String, answer: String, now: Timestamp) throws {
    for item in message.items {
      try database.execute(
        sql: "UPDATE outbox SET state = ?, attempts = attempts + 1, answer = ?, ended_ms = ? WHERE id = ?",
        arguments: [state, answer, now.milliseconds, item.id])
    }
  }
}
