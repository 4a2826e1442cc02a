package import DoorCore
import GRDB

/// The store within one transaction of ``AlarmStore/transact(_:)``.
package struct StoreTransaction: ~Copyable {
  let database: Database
  let cache: DoorCache

  // MARK: Doors

  /// What is known of a door: `unknown` where it was never heard of, its topic is unreadable or its agent silent.
  package func state(of door: DoorAddress) throws -> DoorState {
    if try silentAgents().contains(door.agent) { return .unknown }
    return try unreadableDoors().contains(door) ? .unknown : try record(of: door)?.state ?? .unknown
  }

  /// The newest transition of a door; nil where none is known.
  package func record(of door: DoorAddress) throws -> Transition? { try row(of: door)?.record }

  /// What is kept of a door; nil where it was never heard of.
  private func row(of door: DoorAddress) throws -> DoorCache.Door? {
    if let row = cache[door] { return row }
    let found = try Row.fetchOne(
      try database.cachedStatement(
        sql: """
          SELECT door.id AS number, history.* FROM door LEFT JOIN history ON history.id = door.newest
          WHERE agent = ? AND door.door = ?
          """), arguments: [door.agent.description, door.door.description])
    guard let found else { return nil }
    var row = DoorCache.Door(number: found["number"])
    if found["journal"] != nil {
      let record = try Transition(row: found)
      row.record = record
      row.highest = try highest(of: row.number, record.journal)
    }
    cache[door] = row
    return row
  }

  private func highest(of door: Int64, _ journal: String) throws -> Int64 {
    try Int64.fetchOne(
      try database.cachedStatement(sql: "SELECT MAX(seq) FROM history WHERE door = ? AND journal = ?"),
      arguments: [door, journal]) ?? 0
  }

  /// The number of a door in the other tables; the door is new where it was never heard of.
  private func number(of door: DoorAddress) throws -> Int64 {
    if let row = try row(of: door) { return row.number }
    try database.execute(
      sql: "INSERT INTO door (agent, door) VALUES (?, ?)",
      arguments: [door.agent.description, door.door.description])
    let number = database.lastInsertedRowID
    cache[door] = DoorCache.Door(number: number)
    return number
  }

  /// What the history holds under the identity of `transition`.
  package func holding(
    of door: DoorAddress, for transition: Transition, record: Transition?
  ) throws -> Intake.Holding {
    guard let row = try row(of: door) else { return .nothing }
    // What is behind all that is known of its journal is neither held nor known to be missing.
    if transition.journal == row.record?.journal, transition.sequence > row.highest { return .nothing }
    // A journal that was put back gives a number a second meaning; every one of them is known.
    let held = try Row.fetchAll(
      try database.cachedStatement(
        sql: "SELECT * FROM history WHERE door = ? AND journal = ? AND seq = ? ORDER BY id DESC"),
      arguments: [row.number, transition.journal, transition.sequence]
    ).map(Transition.init(row:))
    if let newest = held.first { return .held(held.contains(transition) ? transition : newest) }
    let isMissing =
      try Bool.fetchOne(
        database,
        sql: """
          SELECT EXISTS (SELECT 1 FROM missing
            WHERE agent = ? AND door = ? AND journal = ? AND ? BETWEEN first AND last)
          """,
        arguments: [
          door.agent.description, door.door.description, transition.journal, transition.sequence,
        ]) ?? false
    if isMissing { return .missing }
    guard transition.journal != record?.journal else { return .nothing }
    let isSuperseded =
      try Bool.fetchOne(
        database, sql: "SELECT EXISTS (SELECT 1 FROM history WHERE door = ? AND journal = ?)",
        arguments: [row.number, transition.journal]) ?? false
    return isSuperseded ? .superseded : .nothing
  }

  /// Writes a transition into the history, and makes it the door's newest where `isNewest`.
  ///
  /// - Parameter area: the state of the door's area when it happened; nil where it belongs to none.
  package func append(
    _ transition: Transition, of door: DoorAddress, manner: Intake.Manner, area: AreaState?,
    received: Timestamp, isNewest: Bool
  ) throws {
    let number = try number(of: door)
    try database.cachedStatement(
      sql: """
        INSERT INTO history (door, journal, seq, state, since_ms, boot, uptime_ms, clock, cause, missed, simulated,
          received_ms, manner, area_state)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      number, transition.journal, transition.sequence, transition.state.rawValue,
      transition.since.milliseconds, transition.boot, transition.uptimeMilliseconds,
      transition.clock.rawValue, transition.cause.rawValue, transition.missed, transition.simulated,
      received.milliseconds, manner.rawValue, area?.rawValue ?? "",
    ])
    let id = database.lastInsertedRowID
    var row = cache[door] ?? DoorCache.Door(number: number)
    if isNewest {
      try database.cachedStatement(sql: "UPDATE door SET newest = ? WHERE id = ?").execute(arguments: [
        id, number,
      ])
      row.highest =
        transition.journal == row.record?.journal
        ? max(row.highest, transition.sequence) : try highest(of: number, transition.journal)
      row.record = transition
    } else if transition.journal == row.record?.journal {
      row.highest = max(row.highest, transition.sequence)
    }
    cache[door] = row
  }

  /// Notes whether the door's topic holds something unreadable; returns whether that is news.
  package func setUnreadable(_ isUnreadable: Bool, _ door: DoorAddress) throws -> Bool {
    var doors = try unreadableDoors()
    guard doors.contains(door) != isUnreadable else { return false }
    try database.execute(
      sql: isUnreadable
        ? "INSERT OR IGNORE INTO unreadable (agent, door) VALUES (?, ?)"
        : "DELETE FROM unreadable WHERE agent = ? AND door = ?",
      arguments: [door.agent.description, door.door.description])
    if isUnreadable { doors.insert(door) } else { doors.remove(door) }
    cache.unreadable = doors
    return true
  }

  private func unreadableDoors() throws -> Set<DoorAddress> {
    if let doors = cache.unreadable { return doors }
    let doors = Set(
      try Row.fetchAll(database, sql: "SELECT agent, door FROM unreadable").map {
        DoorAddress(agent: try $0.identifier("agent"), door: try $0.identifier("door"))
      })
    cache.unreadable = doors
    return doors
  }

  /// The agents that are not heard any more.
  package func silentAgents() throws -> Set<Identifier> {
    Set(try Row.fetchAll(database, sql: "SELECT agent FROM silent").map { try $0.identifier("agent") })
  }

  /// Notes whether an agent is silent; returns whether that is news.
  package func setSilent(_ isSilent: Bool, _ agent: Identifier) throws -> Bool {
    try database.execute(
      sql: isSilent
        ? "INSERT OR IGNORE INTO silent (agent) VALUES (?)" : "DELETE FROM silent WHERE agent = ?",
      arguments: [agent.description])
    return database.changesCount > 0
  }

  /// The transitions of a door in the order of their happening: that of their arrival, where what was asked
  /// back comes before the one that showed that it was missing. The agent's clock, which jumps, has no say.
  ///
  /// - Parameter start: only those that have arrived since then; nil: all.
  package func history(of door: DoorAddress, since start: Timestamp? = nil) throws -> [HistoryEntry] {
    guard let number = try row(of: door)?.number else { return [] }
    let rows = try Row.fetchAll(
      database, sql: Self.historySQL, arguments: [number, try first(of: number, since: start)])
    return try rows.map(HistoryEntry.init(row:))
  }

  private static let historySQL = """
    SELECT *, CASE manner WHEN 'replayed' THEN COALESCE((
        SELECT MIN(later.id) FROM history AS later
        WHERE later.door = history.door AND later.journal = history.journal AND later.seq > history.seq
          AND later.manner <> 'replayed'
      ), id) ELSE id END AS place
    FROM history WHERE door = ? AND id >= ? ORDER BY place, seq, id
    """

  /// The first row of a door that has arrived since a time. Walks back from the newest, and not through all that
  /// was ever heard: rows are in the order of arrival, which only a clock that was put back disturbs.
  private func first(of door: Int64, since start: Timestamp?) throws -> Int64 {
    guard let start else { return 0 }
    var first = Int64.max
    let rows = try Row.fetchCursor(
      database, sql: "SELECT id, received_ms FROM history WHERE door = ? ORDER BY id DESC", arguments: [door])
    while let row = try rows.next(), row["received_ms"] >= start.milliseconds { first = row["id"] }
    return first
  }
}

/// One line of the history.
package struct HistoryEntry: Sendable, Equatable {
  package var transition: Transition
  package var manner: Intake.Manner
  package var received: Timestamp
  /// The state of the door's area when it happened; nil where it belonged to none.
  package var area: AreaState?
}

extension HistoryEntry {
  fileprivate init(row: Row) throws {
    self.init(
      transition: try Transition(row: row), manner: try row.word("manner"),
      received: Timestamp(milliseconds: row["received_ms"]), area: AreaState(rawValue: row["area_state"]))
  }
}

extension Transition {
  init(row: Row) throws {
    self.init(
      state: try row.word("state"),
      since: Timestamp(milliseconds: row["since_ms"]),
      journal: row["journal"],
      sequence: row["seq"],
      boot: row["boot"],
      uptimeMilliseconds: row["uptime_ms"],
      clock: try row.word("clock"),
      cause: try row.word("cause"),
      missed: row["missed"],
      simulated: row["simulated"])
  }
}

extension Row {
  /// A column that holds one of a few words.
  func word<Word: RawRepresentable>(_ column: String) throws -> Word where Word.RawValue == String {
    let string: String = self[column]
    guard let word = Word(rawValue: string) else { throw UnknownWord(column: column, word: string) }
    return word
  }

  /// The same, where the column can be empty.
  func optionalWord<Word: RawRepresentable>(_ column: String) throws -> Word? where Word.RawValue == String {
    self[column] == nil ? nil : try word(column)
  }

  /// A column that holds an identifier.
  func identifier(_ column: String) throws -> Identifier {
    try Identifier(self[column] as String)
  }
}

/// The database holds a word that this program does not know.
struct UnknownWord: Error, CustomStringConvertible {
  var column: String
  var word: String

  var description: String { "column \(column) holds \"\(word.prefix(40))\", which a newer program wrote" }
}
