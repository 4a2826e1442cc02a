package import DoorCore
import GRDB

/// How one try of a message ended.
package struct DeliveryReceipt: Sendable, Equatable {
  /// What the receiver has said, or why there is nothing of it.
  package var answer: String
  package var at: Timestamp
  /// How long it took.
  package var duration: Duration

  package init(answer: String, at: Timestamp, duration: Duration) {
    self.answer = answer
    self.at = at
    self.duration = duration
  }
}

/// One row of the outbox as it stands.
package struct DeliveryRecord: Sendable, Equatable {
  package enum Standing: String, Sendable {
    case waiting, delivered, refused
    /// Somebody knew before its step began.
    case dropped
  }

  package var channel: Identifier
  package var stage: AlertStage
  package var step: Int
  package var standing: Standing
  package var attempts: Int
  /// The last one; nil before the first try.
  package var receipt: DeliveryReceipt?
}

extension StoreTransaction {
  /// A message is about to be tried for the first time: from now on it is always the same one, also after a crash in the
  /// middle of the try, and nobody who knows by now keeps it from being sent.
  package func begin(_ message: OutboxMessage) throws {
    guard message.items.count == 1, let item = message.items.first else { return }
    try database.execute(
      sql: "UPDATE outbox SET message = id WHERE id = ? AND message IS NULL", arguments: [item.id])
  }

  // MARK: How it ended

  /// The receiver has it.
  package func markDelivered(_ message: OutboxMessage, _ receipt: DeliveryReceipt) throws {
    try end(message, as: .delivered, receipt)
  }

  /// The receiver will never take it. Where no other channel has it or is about to, the next step begins at once; after the
  /// last one every channel is tried that was not yet.
  ///
  /// - Parameter channels: all that there are.
  /// - Returns: the alerts that no channel has taken and none is left for.
  package func markRefused(
    _ message: OutboxMessage, _ receipt: DeliveryReceipt, channels: [Identifier]
  ) throws -> [Alert] {
    try end(message, as: .refused, receipt)
    return try message.items.filter { item in
      try isUndeliverable(item, channels: channels, now: receipt.at)
    }.map(\.alert)
  }

  private func isUndeliverable(_ item: OutboxItem, channels: [Identifier], now: Timestamp) throws -> Bool {
    // What takes the place of one that was not due yet, as of a channel that there is no more, has as much time.
    let place = try Row.fetchOne(
      database,
      sql: "SELECT step, iif(\(Self.isDue), :now, due_ms) AS due, is_held FROM outbox WHERE id = :id",
      arguments: ["now": now.milliseconds, "id": item.id])
    guard let place else { return false }
    let due: Int64 = place["due"]
    let same: StatementArguments = ["alert": item.alert.id, "stage": item.stage.description]
    let isSame = "alert = :alert AND stage = :stage"
    let isUnderWay = try Bool.fetchOne(
      database,
      sql: """
        SELECT EXISTS (SELECT 1 FROM outbox WHERE \(isSame)
          AND (state = 'delivered' OR state = 'waiting' AND (step <= :step OR \(Self.isDue))))
        """, arguments: same + ["step": place["step"] as Int, "now": now.milliseconds])
    if isUnderWay == true { return false }
    try database.execute(
      sql: """
        UPDATE outbox SET due_ms = :due, wait_ms = :wait WHERE \(isSame) AND state = 'waiting' AND step = (
          SELECT MIN(step) FROM outbox WHERE \(isSame) AND state = 'waiting')
        """, arguments: same + ["due": due, "wait": Self.wait(until: due, from: now)])
    if database.changesCount > 0 { return false }
    let last = Place(step: 1_000, due: Timestamp(milliseconds: due), now: now, isHeld: place["is_held"])
    var isTried = false
    for channel in channels { isTried = try insert(item.alert, item.stage, channel, last) || isTried }
    if isTried { return false }
    try database.execute(
      sql: "UPDATE alert SET undelivered_ms = :now WHERE id = :alert AND undelivered_ms IS NULL",
      arguments: ["now": now.milliseconds, "alert": item.alert.id])
    return true
  }

  /// A try failed, and there will be another.
  ///
  /// - Parameter due: nil where it stays the first of its channel.
  package func postpone(
    _ message: OutboxMessage, until due: Timestamp? = nil, _ receipt: DeliveryReceipt
  ) throws {
    for item in message.items {
      try database.execute(
        sql: """
          UPDATE outbox SET attempts = attempts + 1, answer = ?, ended_ms = ?, took_ms = ?,
            due_ms = coalesce(?, due_ms), wait_ms = coalesce(?, wait_ms)
          WHERE id = ?
          """,
        arguments: [
          receipt.answer, receipt.at.milliseconds, receipt.duration.wholeMilliseconds, due?.milliseconds,
          due?.elapsed(since: receipt.at).wholeMilliseconds, item.id,
        ])
    }
  }

  private func end(_ message: OutboxMessage, as standing: DeliveryRecord.Standing, _ receipt: DeliveryReceipt)
    throws
  {
    for item in message.items {
      try database.execute(
        sql: """
          UPDATE outbox SET state = ?, attempts = attempts + 1, answer = ?, ended_ms = ?, took_ms = ? WHERE id = ?
          """,
        arguments: [
          standing.rawValue, receipt.answer, receipt.at.milliseconds, receipt.duration.wholeMilliseconds,
          item.id,
        ])
    }
  }

  // MARK: What is to be sent

  /// Where a row stands in time.
  private struct Place {
    var step: Int
    var due: Timestamp
    var now: Timestamp
    var isHeld = false
  }

  /// Has an alert that was raised sent by its steps.
  func enqueue(_ alert: Alert, routing: AlertRouting, now: Timestamp) throws {
    let start = routing.start(of: alert, raised: now)
    for (number, step) in routing.steps(for: alert).enumerated() {
      for channel in step.channels {
        let at = Place(step: number, due: start.advanced(by: step.after), now: now, isHeld: start > now)
        _ = try insert(alert, .raised, channel, at)
      }
    }
  }

  /// Has a later stage sent to whoever was told of the alert before, or was to be.
  func enqueue(_ alert: Alert, _ stage: AlertStage, routing: AlertRouting, now: Timestamp) throws {
    let told = try String.fetchAll(
      database,
      sql: """
        SELECT channel FROM outbox
        WHERE alert = :alert AND stage = 'raised' AND (state = 'delivered' OR state = 'waiting' AND
          (step = 0 OR \(Self.isDue)))
        """, arguments: ["alert": alert.id, "now": now.milliseconds])
    let channels = routing.channels.filter { told.contains($0.description) }
    let start = routing.start(of: alert, raised: now)
    for channel in channels.isEmpty ? routing.channels : channels {
      _ = try insert(alert, stage, channel, Place(step: 0, due: start, now: now, isHeld: start > now))
    }
  }

  /// Writes a row, where there is none or one that was dropped; returns whether it did.
  private func insert(
    _ alert: Alert, _ stage: AlertStage, _ channel: Identifier, _ at: Place
  ) throws -> Bool {
    try database.execute(
      sql: """
        INSERT INTO outbox (alert, channel, stage, step, rank, due_ms, wait_ms, is_held, written_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (alert, channel, stage) DO UPDATE
          SET state = 'waiting', step = excluded.step, due_ms = excluded.due_ms, wait_ms = excluded.wait_ms,
            is_held = excluded.is_held, ended_ms = NULL
          WHERE state = 'dropped'
        """,
      arguments: [
        alert.id, channel.description, stage.description, at.step, alert.severity == .alarm ? 0 : 1,
        at.due.milliseconds, Self.wait(until: at.due.milliseconds, from: at.now), at.isHeld,
        at.now.milliseconds,
      ])
    return database.changesCount > 0
  }

  /// Whoever asks for what is due may have looked at the clock before the row was written, but not long before.
  private static let longestGlance: Int64 = 60_000

  /// How long a row may wait.
  private static func wait(until due: Int64, from now: Timestamp) -> Int64 {
    due > now.milliseconds ? due - now.milliseconds + longestGlance : 0
  }

  /// Somebody knows: the steps that have not begun are not taken. What was tried, or is a part of a message that is, goes on:
  /// each try of a message is the same. So does what stands in for all steps before it, which were refused.
  ///
  /// - Parameter isAbout: which alerts, as a condition on the table `alert`.
  func dropSteps(ofAlertsWhere isAbout: String, _ arguments: StatementArguments, now: Timestamp) throws {
    try database.execute(
      sql: """
        UPDATE outbox SET state = 'dropped', ended_ms = ? WHERE state = 'waiting' AND step > 0 AND attempts = 0
          AND message IS NULL AND alert IN (SELECT id FROM alert WHERE \(isAbout))
          AND EXISTS (SELECT 1 FROM outbox AS earlier
            WHERE earlier.alert = outbox.alert AND earlier.stage = outbox.stage AND earlier.step < outbox.step
              AND earlier.state IN ('waiting', 'delivered'))
        """, arguments: [now.milliseconds] + arguments)
  }

  /// What waits for channels that there are no more is given to those that there are.
  ///
  /// - Returns: how many rows that were.
  package func redirect(to channels: [Identifier], now: Timestamp) throws -> Int {
    let names = channels.map { "'\($0)'" }.joined(separator: ", ")
    let rows = try Row.fetchAll(
      database, sql: "SELECT id FROM outbox WHERE state = 'waiting' AND channel NOT IN (\(names)) ORDER BY id"
    )
    for row in rows {
      let message = try contents(of: nil, or: row["id"])
      let receipt = DeliveryReceipt(answer: "there is no such channel any more", at: now, duration: .zero)
      _ = try markRefused(message, receipt, channels: channels)
    }
    return rows.count
  }

  // MARK: Looking

  /// How many alerts no channel has taken, with none left, and nobody knows of.
  package func undeliveredCount() throws -> Int {
    try Int.fetchOne(
      database,
      sql: "SELECT COUNT(*) FROM alert WHERE undelivered_ms IS NOT NULL AND acknowledged_ms IS NULL") ?? 0
  }

  /// What has become of one alert's messages.
  package func deliveries(of alert: String) throws -> [DeliveryRecord] {
    try Row.fetchAll(database, sql: "SELECT * FROM outbox WHERE alert = ? ORDER BY id", arguments: [alert])
      .map { row in
        let stage: String = row["stage"]
        guard let stage = AlertStage(stage) else { throw UnknownWord(column: "stage", word: stage) }
        let receipt = (row["answer"] as String?).map {
          DeliveryReceipt(
            answer: $0, at: Timestamp(milliseconds: row["ended_ms"] ?? 0),
            duration: .milliseconds(row["took_ms"] ?? 0))
        }
        return DeliveryRecord(
          channel: try row.identifier("channel"), stage: stage, step: row["step"],
          standing: try row.word("state"), attempts: row["attempts"], receipt: receipt)
      }
  }
}
