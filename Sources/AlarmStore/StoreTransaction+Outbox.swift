package import DoorCore
import GRDB

/// One alert on its way through one channel.
package struct OutboxItem: Sendable, Equatable {
  package var id: Int64
  package var alert: Alert
  /// Tries so far.
  package var attempts: Int
  package var due: Timestamp
}

extension StoreTransaction {
  /// Writes the alert, and a row of the outbox for each channel. Does nothing, and returns false, where there
  /// is an alert of this id or one that foretold it: one cause is one alert.
  package func raise(_ alert: Alert, through channels: [Identifier], now: Timestamp) throws -> Bool {
    let isForetold =
      try Bool.fetchOne(
        database, sql: "SELECT EXISTS (SELECT 1 FROM alert WHERE id = ? AND severity = ?)",
        arguments: [alert.foretoldAs, alert.severity.rawValue]) ?? false
    if isForetold { return false }
    try database.execute(
      sql: """
        INSERT OR IGNORE INTO alert
          (id, severity, kind, area, agent, door, state, at_ms, is_late, simulated, detail, raised_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        alert.id, alert.severity.rawValue, alert.kind.rawValue, alert.area.description,
        alert.subject.agent.description, alert.subject.door?.description, alert.state?.rawValue,
        alert.at.milliseconds, alert.isLate, alert.simulated, alert.detail, now.milliseconds,
      ])
    guard database.changesCount > 0 else { return false }
    for channel in channels {
      try database.execute(
        sql: "INSERT INTO outbox (alert, channel, due_ms) VALUES (?, ?, ?)",
        arguments: [alert.id, channel.description, now.milliseconds])
    }
    return true
  }

  /// What waits for one channel, the earliest due first.
  package func waiting(for channel: Identifier, limit: Int) throws -> [OutboxItem] {
    try Row.fetchAll(
      database,
      sql: """
        SELECT outbox.id AS item, outbox.attempts, outbox.due_ms, alert.*
        FROM outbox JOIN alert ON alert.id = outbox.alert
        WHERE channel = ? AND outbox.state = 'waiting' ORDER BY due_ms, outbox.id LIMIT ?
        """, arguments: [channel.description, limit]
    ).map { row in
      OutboxItem(
        id: row["item"], alert: try Alert(row: row), attempts: row["attempts"],
        due: Timestamp(milliseconds: row["due_ms"]))
    }
  }

  /// The receiver has it; `answer` is what it said.
  package func markDelivered(_ item: OutboxItem, answer: String, now: Timestamp) throws {
    try end(item, as: "delivered", answer: answer, now: now)
  }

  /// The receiver will never take it; `answer` says why.
  package func markRefused(_ item: OutboxItem, answer: String, now: Timestamp) throws {
    try end(item, as: "refused", answer: answer, now: now)
  }

  /// A try failed and there will be another.
  package func postpone(_ item: OutboxItem, until due: Timestamp, answer: String) throws {
    try database.execute(
      sql: "UPDATE outbox SET attempts = attempts + 1, due_ms = ?, answer = ? WHERE id = ?",
      arguments: [due.milliseconds, answer, item.id])
  }

  /// Every alert, in the order of raising, with the state of its delivery by channel.
  package func alerts() throws -> [(alert: Alert, deliveries: [String: String])] {
    try Row.fetchAll(database, sql: "SELECT * FROM alert ORDER BY rowid").map { row in
      let rows = try Row.fetchAll(
        database, sql: "SELECT channel, state FROM outbox WHERE alert = ?", arguments: [row["id"] as String])
      let deliveries = rows.map { ($0["channel"] as String, $0["state"] as String) }
      return (try Alert(row: row), Dictionary(uniqueKeysWithValues: deliveries))
    }
  }

  private func end(_ item: OutboxItem, as state: String, answer: String, now: Timestamp) throws {
    try database.execute(
      sql: "UPDATE outbox SET state = ?, attempts = attempts + 1, answer = ?, ended_ms = ? WHERE id = ?",
      arguments: [state, answer, now.milliseconds, item.id])
  }
}

extension Alert {
  fileprivate init(row: Row) throws {
    let state: String? = row["state"]
    let agent = try row.identifier("agent")
    let door = try (row["door"] as String?).map { try Identifier($0) }
    self.init(
      id: row["id"],
      severity: try row.word("severity"),
      kind: try row.word("kind"),
      area: try row.identifier("area"),
      subject: door.map { .door(DoorAddress(agent: agent, door: $0)) } ?? .agent(agent),
      state: state.flatMap(DoorState.init(rawValue:)),
      at: Timestamp(milliseconds: row["at_ms"]),
      isLate: row["is_late"],
      simulated: row["simulated"],
      detail: row["detail"])
  }
}
