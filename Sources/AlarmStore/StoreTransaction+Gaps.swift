package import DoorCore
import GRDB

/// Sequence numbers of one door that are missing from the history.
package struct Gap: Sendable, Equatable {
  package var door: DoorAddress
  package var journal: String
  package var sequences: ClosedRange<Int64>
  /// How often the agent was asked for them.
  package var asked: Int

  package var count: Int64 { sequences.upperBound - sequences.lowerBound + 1 }
}

extension StoreTransaction {
  /// An agent that was asked so often does not have what is missing.
  package static let askLimit = 10

  /// Notes that `sequences` are missing.
  package func openGap(
    _ sequences: ClosedRange<Int64>, of door: DoorAddress, journal: String, asked: Int = 0
  ) throws {
    try database.execute(
      sql:
        "INSERT OR REPLACE INTO missing (agent, door, journal, first, last, asked) VALUES (?, ?, ?, ?, ?, ?)",
      arguments: [
        door.agent.description, door.door.description, journal, sequences.lowerBound, sequences.upperBound,
        asked,
      ])
  }

  /// Takes one number out of the gap that it lies in.
  package func closeGap(at sequence: Int64, of door: DoorAddress, journal: String) throws {
    let place: StatementArguments = [door.agent.description, door.door.description, journal]
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT first, last, asked FROM missing
        WHERE agent = ? AND door = ? AND journal = ? AND ? BETWEEN first AND last
        """, arguments: place + [sequence])
    for row in rows {
      let first: Int64 = row["first"]
      let last: Int64 = row["last"]
      try database.execute(
        sql: "DELETE FROM missing WHERE agent = ? AND door = ? AND journal = ? AND first = ?",
        arguments: place + [first])
      let asked: Int = row["asked"]
      if first < sequence { try openGap(first...(sequence - 1), of: door, journal: journal, asked: asked) }
      if sequence < last { try openGap((sequence + 1)...last, of: door, journal: journal, asked: asked) }
    }
  }

  /// Whether an agent can be asked for something.
  package func hasGaps(ofAgent agent: Identifier) throws -> Bool {
    try Bool.fetchOne(
      database, sql: "SELECT EXISTS (SELECT 1 FROM missing WHERE agent = ? AND asked < ?)",
      arguments: [agent.description, Self.askLimit]) ?? false
  }

  /// The gaps for which an agent is asked now, at most `limit` of them, those first that it was asked for least. Counts
  /// the asking: what an agent does not have is not asked for for ever.
  package func gapsToAsk(ofAgent agent: Identifier, limit: Int) throws -> [Gap] {
    let rows = try Row.fetchAll(
      database,
      sql: "SELECT * FROM missing WHERE agent = ? AND asked < ? ORDER BY asked, door, journal, first LIMIT ?",
      arguments: [agent.description, Self.askLimit, limit])
    let gaps = try rows.map { try Gap(row: $0) }
    for gap in gaps {
      try openGap(gap.sequences, of: gap.door, journal: gap.journal, asked: gap.asked + 1)
    }
    return gaps
  }

  /// The gaps that an agent was asked for often enough: each is returned once, and stays missing.
  package func giveUpGaps(ofAgent agent: Identifier) throws -> [Gap] {
    try Row.fetchAll(
      database, sql: "UPDATE missing SET asked = asked + 1 WHERE agent = ? AND asked = ? RETURNING *",
      arguments: [agent.description, Self.askLimit]
    ).map { try Gap(row: $0) }
  }

  /// All that is missing, of one door or of all.
  package func gaps(of door: DoorAddress? = nil) throws -> [Gap] {
    try Row.fetchAll(
      database,
      sql:
        "SELECT * FROM missing WHERE (agent = ? AND door = ?) OR ? IS NULL ORDER BY agent, door, journal, first",
      arguments: [door?.agent.description, door?.door.description, door?.agent.description]
    ).map { try Gap(row: $0) }
  }
}

extension Gap {
  fileprivate init(row: Row) throws {
    self.init(
      door: DoorAddress(agent: try row.identifier("agent"), door: try row.identifier("door")),
      journal: row["journal"], sequences: (row["first"] as Int64)...(row["last"] as Int64),
      asked: row["asked"])
  }
}
