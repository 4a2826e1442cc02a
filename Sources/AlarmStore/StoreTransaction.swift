package import DoorCore
import GRDB

/// The store within one transaction of ``AlarmStore/transact(_:)``.
package struct StoreTransaction: ~Copyable {
  let database: Database

  // MARK: Doors

  /// What is known of a door: `unknown` where it was never heard of, its topic is unreadable or its agent silent.
  package func state(of door: DoorAddress) throws -> DoorState {
    let isUnreadable =
      try Bool.fetchOne(
        database, sql: "SELECT EXISTS (SELECT 1 FROM unreadable WHERE agent = ? AND door = ?)",
        arguments: [door.agent.description, door.door.description]) ?? false
    if try silentAgents().contains(door.agent) { return .unknown }
    return isUnreadable ? .unknown : try record(of: door)?.state ?? .unknown
  }

  /// The newest transition of a door; nil where none is known.
  package func record(of door: DoorAddress) throws -> Transition? {
    try Row.fetchOne(
      database,
      sql: """
        SELECT history.* FROM door JOIN history ON history.id = door.newest
        WHERE door.agent = ? AND door.door = ?
        """, arguments: [door.agent.description, door.door.description]
    ).map(Transition.init(row:))
  }

  /// What the history holds under the identity of `transition`.
  package func holding(
    of door: DoorAddress, for transition: Transition, record: Transition?
  ) throws -> Intake.Holding {
    let identity: StatementArguments = [
      door.agent.description, door.door.description, transition.journal, transition.sequence,
    ]
    // A journal that was put back gives a number a second meaning; every one of them is known.
    let held = try Row.fetchAll(
      database,
      sql: "SELECT * FROM history WHERE agent = ? AND door = ? AND journal = ? AND seq = ? ORDER BY id DESC",
      arguments: identity
    ).map(Transition.init(row:))
    if let newest = held.first { return .held(held.contains(transition) ? transition : newest) }
    let isMissing =
      try Bool.fetchOne(
        database,
        sql: """
          SELECT EXISTS (SELECT 1 FROM missing
            WHERE agent = ? AND door = ? AND journal = ? AND ? BETWEEN first AND last)
          """, arguments: identity) ?? false
    if isMissing { return .missing }
    guard transition.journal != record?.journal else { return .nothing }
    let isSuperseded =
      try Bool.fetchOne(
        database,
        sql: "SELECT EXISTS (SELECT 1 FROM history WHERE agent = ? AND door = ? AND journal = ?)",
        arguments: [door.agent.description, door.door.description, transition.journal]) ?? false
    return isSuperseded ? .superseded : .nothing
  }

  /// Writes a transition into the history, and makes it the door's newest where `isNewest`.
  ///
  /// - Parameter area: the state of the door's area when it happened; nil where it belongs to none.
  package func append(
    _ transition: Transition, of door: DoorAddress, manner: Intake.Manner, area: AreaState?,
    received: Timestamp, isNewest: Bool
  ) throws {
    try database.execute(
      sql: """
        INSERT INTO history (agent, door, journal, seq, state, since_ms, boot, uptime_ms, clock, cause, missed,
          simulated, received_ms, manner, mode)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        door.agent.description, door.door.description, transition.journal, transition.sequence,
        transition.state.rawValue, transition.since.milliseconds, transition.boot,
        transition.uptimeMilliseconds, transition.clock.rawValue, transition.cause.rawValue,
        transition.missed,
        transition.simulated, received.milliseconds, manner.rawValue, area?.rawValue ?? "",
      ])
    guard isNewest else { return }
    try database.execute(
      sql: """
        INSERT INTO door (agent, door, newest) VALUES (?, ?, ?)
        ON CONFLICT (agent, door) DO UPDATE SET newest = excluded.newest
        """, arguments: [door.agent.description, door.door.description, database.lastInsertedRowID])
  }

  /// Notes whether the door's topic holds something unreadable; returns whether that is news.
  package func setUnreadable(_ isUnreadable: Bool, _ door: DoorAddress) throws -> Bool {
    try database.execute(
      sql: isUnreadable
        ? "INSERT OR IGNORE INTO unreadable (agent, door) VALUES (?, ?)"
        : "DELETE FROM unreadable WHERE agent = ? AND door = ?",
      arguments: [door.agent.description, door.door.description])
    return database.changesCount > 0
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
  package func history(of door: DoorAddress) throws -> [HistoryEntry] {
    try Row.fetchAll(
      database,
      sql: """
        SELECT *, CASE manner WHEN 'replayed' THEN COALESCE((
            SELECT MIN(later.id) FROM history AS later
            WHERE later.agent = history.agent AND later.door = history.door
              AND later.journal = history.journal AND later.seq > history.seq AND later.manner <> 'replayed'
          ), id) ELSE id END AS place
        FROM history WHERE agent = ? AND door = ? ORDER BY place, seq, id
        """,
      arguments: [door.agent.description, door.door.description]
    ).map(HistoryEntry.init(row:))
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
      received: Timestamp(milliseconds: row["received_ms"]), area: AreaState(rawValue: row["mode"]))
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
