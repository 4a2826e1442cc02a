package import DoorCore
import GRDB

/// An alert with what has become of it.
package struct AlertRecord: Sendable, Equatable {
  package enum Standing: String, Sendable, CaseIterable {
    /// Not sent yet: the entry delay or the abort window runs.
    case held
    case told
    /// Never sent: it was disarmed in time.
    case withdrawn
  }

  package var alert: Alert
  package var standing: Standing
  package var raised: Timestamp
  /// How often its cause has come while it stood.
  package var count: Int
  package var acknowledged: Timestamp?
  package var acknowledgedBy: String?
  /// From where: a program, a link that was sent through a channel.
  package var acknowledgedFrom: String?
  package var resolved: Timestamp?
  /// Since when no channel has taken it and none is left.
  package var undelivered: Timestamp?
  package var reminders: Int
  var reminded: Timestamp
}

extension StoreTransaction {
  /// Writes an alert down, and a row of the outbox for each channel unless it is held.
  ///
  /// Does nothing, and returns false, where one cause would become two alerts: there is one of this id or one that
  /// foretold it; one for the same condition that is not over; or so many of its kind in a short time that it is counted
  /// with the last of them (``AlertPolicy/flapLimit``).
  package func raise(_ alert: Alert, isHeld: Bool, routing: AlertRouting, now: Timestamp) throws -> Bool {
    if try isForetold(alert) { return false }
    if alert.kind.isCounted, try countWithAnother(alert, now: now) { return false }
    let isOver = alert.condition == nil || alert.isOver
    try database.execute(
      sql: """
        INSERT OR IGNORE INTO alert
          (id, severity, kind, area, subject, agent, door, condition, state, at_ms, is_late, simulated, detail,
            circumstances, raised_ms, standing, resolved_ms, reminded_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        alert.id, alert.severity.rawValue, alert.kind.rawValue, alert.area.description, alert.subject.word,
        alert.subject.party?.description, alert.subject.door?.description, alert.condition?.description,
        alert.state?.rawValue, alert.at.milliseconds, alert.isLate, alert.simulated, alert.detail,
        try alert.circumstances.map { try StoredJSON.text(of: $0) },
        now.milliseconds, isHeld ? "held" : "told", isOver ? now.milliseconds : nil, now.milliseconds,
      ])
    guard database.changesCount > 0 else { return false }
    if !isHeld { try enqueue(alert, routing: routing, now: now) }
    return true
  }

  private func isForetold(_ alert: Alert) throws -> Bool {
    guard let id = alert.foretoldAs else { return false }
    return try Bool.fetchOne(
      database, sql: "SELECT EXISTS (SELECT 1 FROM alert WHERE id = ? AND severity = ? AND raised_ms >= ?)",
      arguments: [id, alert.severity.rawValue, alert.happened?.milliseconds ?? 0]) ?? false
  }

  /// Counts the alert with one that stands for the same, or with the last of those that come again and again.
  private func countWithAnother(_ alert: Alert, now: Timestamp) throws -> Bool {
    let same: StatementArguments = [
      alert.area.description, alert.kind.rawValue, alert.subject.word, alert.subject.party?.description,
      alert.subject.door?.description, alert.severity.rawValue,
    ]
    let isSame = """
      area = ? AND kind = ? AND subject = ? AND agent IS ? AND door IS ? AND severity = ? AND standing <> 'withdrawn'
      """
    if let condition = alert.condition {
      try database.execute(
        sql: "UPDATE alert SET count = count + 1 WHERE \(isSame) AND condition = ? AND resolved_ms IS NULL",
        arguments: same + [condition.description])
      if database.changesCount > 0 { return true }
    }
    let recent = try Int64.fetchAll(
      database, sql: "SELECT rowid FROM alert WHERE \(isSame) AND raised_ms > ? ORDER BY rowid DESC LIMIT ?",
      arguments: same + [
        now.advanced(by: .zero - AlertPolicy.flapWindow).milliseconds, AlertPolicy.flapLimit,
      ])
    guard recent.count == AlertPolicy.flapLimit, let last = recent.first else { return false }
    try database.execute(
      sql: "UPDATE alert SET count = count + 1, resolved_ms = ? WHERE rowid = ?",
      arguments: [alert.condition == nil || alert.isOver ? now.milliseconds : nil, last])
    return true
  }

  /// What was held goes out; returns it.
  package func releaseHeld(of area: Identifier, routing: AlertRouting, now: Timestamp) throws -> [Alert] {
    let alerts = try Row.fetchAll(
      database, sql: "SELECT * FROM alert WHERE area = ? AND standing = 'held' ORDER BY rowid",
      arguments: [area.description]
    ).map { try Alert(row: $0) }
    for alert in alerts {
      try database.execute(
        sql: "UPDATE alert SET standing = 'told', reminded_ms = ? WHERE id = ?",
        arguments: [now.milliseconds, alert.id])
      try enqueue(alert, routing: routing, now: now)
    }
    return alerts
  }

  /// What was held is never sent: it was disarmed in time.
  package func withdrawHeld(of area: Identifier) throws {
    try database.execute(
      sql: "UPDATE alert SET standing = 'withdrawn' WHERE area = ? AND standing = 'held'",
      arguments: [area.description])
  }

  /// A condition is over. Returns the alerts whose end is told.
  package func resolve(
    _ condition: Alert.Condition, in area: Identifier, routing: AlertRouting, now: Timestamp
  ) throws -> [Alert] {
    let rows = try Row.fetchAll(
      database,
      sql: """
        UPDATE alert SET resolved_ms = ?
        WHERE area = ? AND condition = ? AND resolved_ms IS NULL AND standing <> 'withdrawn' RETURNING *
        """, arguments: [now.milliseconds, area.description, condition.description])
    try dropSteps(
      ofAlertsWhere: "area = ? AND condition = ? AND severity <> 'alarm' AND resolved_ms IS NOT NULL",
      [area.description, condition.description], now: now)
    var alerts: [Alert] = []
    for row in rows where row["standing"] == "told" {
      let alert = try Alert(row: row)
      guard alert.kind.tellsResolution else { continue }
      try enqueue(alert, .resolved, routing: routing, now: now)
      alerts.append(alert)
    }
    return alerts
  }

  /// The conditions that alerts stand for which are not over.
  package func standingConditions() throws -> Set<Alert.Condition> {
    Set(
      try String.fetchAll(
        database,
        sql: """
          SELECT DISTINCT condition FROM alert
          WHERE condition IS NOT NULL AND standing <> 'withdrawn' AND resolved_ms IS NULL
          """
      ).map { Alert.Condition($0) })
  }

  /// Somebody knows of what was told of an area; returns how many alerts that were.
  @discardableResult
  package func acknowledge(
    area: Identifier, by person: String?, from source: String? = nil, now: Timestamp
  ) throws -> Int {
    try acknowledge(where: "area = ?", [area.description], by: person, from: source, now: now)
  }

  /// Somebody knows of one alert; returns whether they are the first.
  package func acknowledge(
    alert id: String, by person: String?, from source: String?, now: Timestamp
  ) throws -> Bool {
    try acknowledge(where: "id = ?", [id], by: person, from: source, now: now) > 0
  }

  private func acknowledge(
    where isAbout: String, _ arguments: StatementArguments, by person: String?, from source: String?,
    now: Timestamp
  ) throws -> Int {
    let isNew = "\(isAbout) AND acknowledged_ms IS NULL AND standing = 'told'"
    try dropSteps(ofAlertsWhere: isNew, arguments, now: now)
    try database.execute(
      sql: "UPDATE alert SET acknowledged_ms = ?, acknowledged_by = ?, acknowledged_from = ? WHERE \(isNew)",
      arguments: [now.milliseconds, person, source] + arguments)
    return database.changesCount
  }

  /// An alert with what has become of it; nil where there is none of that id.
  package func alertRecord(_ id: String) throws -> AlertRecord? {
    try Row.fetchOne(database, sql: "SELECT * FROM alert WHERE id = ?", arguments: [id]).map(
      AlertRecord.init(row:))
  }

  /// How many alerts of a kind and subject were raised since a time.
  package func alertCount(
    of kind: Alert.Kind, about subject: Alert.Subject, since start: Timestamp
  ) throws -> Int {
    try Int.fetchOne(
      database,
      sql: """
        SELECT COUNT(*) FROM alert WHERE kind = ? AND subject = ? AND agent IS ? AND door IS ? AND raised_ms >= ?
        """,
      arguments: [
        kind.rawValue, subject.word, subject.party?.description, subject.door?.description,
        start.milliseconds,
      ]) ?? 0
  }

  // MARK: Reminders

  /// How many alerts are looked at for reminders; the oldest first.
  private static let reminderLimit = 1_000

  private static let remindedKinds = Alert.Kind.allCases.filter(\.isReminded)

  /// Reminds of what is due, and returns it with the time of the next reminder; nil where none is to come.
  package func remind(
    by policy: AlertPolicy, routing: AlertRouting, now: Timestamp
  ) throws -> (reminded: [(alert: Alert, number: Int)], next: Timestamp?) {
    var reminded: [(alert: Alert, number: Int)] = []
    var next: Timestamp?
    for record in try standingAlerts(of: Self.remindedKinds, limit: Self.reminderLimit) {
      let due = policy.nextReminder(of: record.alert.severity, sent: record.reminders, last: record.reminded)
      // One that was told in the future was told before the clock was put back.
      if due <= now || record.reminded > now {
        try remind(of: record.alert, number: record.reminders + 1, routing: routing, now: now)
        reminded.append((record.alert, record.reminders + 1))
      }
      let again =
        due > now
        ? due : policy.nextReminder(of: record.alert.severity, sent: record.reminders + 1, last: now)
      next = min(next ?? again, again)
    }
    return (reminded, next)
  }

  /// Reminds of the alert of an id, where there is one that is told; returns it.
  package func remind(of id: String, number: Int, routing: AlertRouting, now: Timestamp) throws -> Alert? {
    let row = try Row.fetchOne(
      database, sql: "SELECT * FROM alert WHERE id = ? AND standing = 'told' AND resolved_ms IS NULL",
      arguments: [id])
    guard let alert = try row.map({ try Alert(row: $0) }) else { return nil }
    try remind(of: alert, number: number, routing: routing, now: now)
    return alert
  }

  private func remind(of alert: Alert, number: Int, routing: AlertRouting, now: Timestamp) throws {
    try database.execute(
      sql: "UPDATE alert SET reminders = ?, reminded_ms = ? WHERE id = ?",
      arguments: [number, now.milliseconds, alert.id])
    try enqueue(alert, .reminder(number), routing: routing, now: now)
  }

  /// Alerts that were told and are not both acknowledged and over.
  private func standingAlerts(of kinds: [Alert.Kind], limit: Int) throws -> [AlertRecord] {
    // That it is not withdrawn says what the index is about; that it is told says which.
    let words = kinds.map { "'\($0.rawValue)'" }.joined(separator: ", ")
    return try Row.fetchAll(
      database,
      sql: """
        SELECT * FROM alert
        WHERE standing <> 'withdrawn' AND (acknowledged_ms IS NULL OR resolved_ms IS NULL) AND kind IN (\(words))
          AND standing = 'told'
        ORDER BY rowid LIMIT ?
        """, arguments: [limit]
    ).map(AlertRecord.init(row:))
  }

  /// Ends whatever is about what is there no more: nobody can, otherwise, and it would be told for ever.
  ///
  /// - Parameter isThere: whether the settings have the area of an alert, and what it is about.
  package func endAlerts(unless isThere: (Alert) -> Bool, now: Timestamp) throws {
    for record in try standingAlerts(of: Alert.Kind.allCases, limit: .max) where !isThere(record.alert) {
      try database.execute(
        sql: """
          UPDATE alert SET acknowledged_ms = coalesce(acknowledged_ms, ?), resolved_ms = coalesce(resolved_ms, ?)
          WHERE id = ?
          """, arguments: [now.milliseconds, now.milliseconds, record.alert.id])
      try dropSteps(ofAlertsWhere: "id = ?", [record.alert.id], now: now)
    }
  }

  /// Every alert, in the order of raising.
  package func alertRecords() throws -> [AlertRecord] {
    try Row.fetchAll(database, sql: "SELECT * FROM alert ORDER BY rowid").map(AlertRecord.init(row:))
  }
}

extension Alert.Subject {
  var word: String {
    switch self {
    case .door: "door"
    case .agent: "agent"
    case .area: "area"
    case .broker: "broker"
    case .channel: "channel"
    }
  }

  /// The agent, or the channel.
  var party: Identifier? { if case .channel(let channel) = self { channel } else { agent } }
}

extension AlertRecord {
  init(row: Row) throws {
    func time(_ column: String) -> Timestamp? {
      (row[column] as Int64?).map(Timestamp.init(milliseconds:))
    }
    self.init(
      alert: try Alert(row: row), standing: try row.word("standing"),
      raised: Timestamp(milliseconds: row["raised_ms"]), count: row["count"],
      acknowledged: time("acknowledged_ms"), acknowledgedBy: row["acknowledged_by"],
      acknowledgedFrom: row["acknowledged_from"], resolved: time("resolved_ms"),
      undelivered: time("undelivered_ms"), reminders: row["reminders"],
      reminded: Timestamp(milliseconds: row["reminded_ms"]))
  }
}

extension Alert {
  init(row: Row) throws {
    let agent = try (row["agent"] as String?).map { try Identifier($0) }
    let door = try (row["door"] as String?).map { try Identifier($0) }
    let subject: Subject
    switch (row["subject"] as String, agent, door) {
    case ("door", let agent?, let door?): subject = .door(DoorAddress(agent: agent, door: door))
    case ("agent", let agent?, _): subject = .agent(agent)
    case ("area", _, _): subject = .area
    case ("broker", _, _): subject = .broker
    case ("channel", let channel?, _): subject = .channel(channel)
    case (let word, _, _): throw UnknownWord(column: "subject", word: word)
    }
    self.init(
      id: row["id"],
      severity: try row.word("severity"),
      kind: try row.word("kind"),
      area: try row.identifier("area"),
      subject: subject,
      condition: (row["condition"] as String?).map(Condition.init),
      isOver: false,
      state: try row.optionalWord("state"),
      at: Timestamp(milliseconds: row["at_ms"]),
      isLate: row["is_late"],
      simulated: row["simulated"],
      detail: row["detail"],
      circumstances: try (row["circumstances"] as String?).map {
        try StoredJSON.value(of: $0, what: "the circumstances of an alert")
      })
  }
}
