package import DoorCore
import GRDB

/// Sequence numbers of one door that are missing from the history.
package struct Gap: Sendable, Equatable {
  package var door: DoorAddress
  package var journal: String
  package var sequences: ClosedRange<Int64>
}

extension StoreTransaction {
  /// Notes that `sequences` are missing.
  package func openGap(_ sequences: ClosedRange<Int64>, of door: DoorAddress, journal: String) throws {
    try database.execute(
      sql: "INSERT OR REPLACE INTO missing (agent, door, journal, first, last) VALUES (?, ?, ?, ?, ?)",
      arguments: [
        door.agent.description, door.door.description, journal, sequences.lowerBound, sequences.upperBound,
      ])
  }

  /// Takes one number out of the gap that it lies in.
  package func closeGap(at sequence: Int64, of door: DoorAddress, journal: String) throws {
    let place: StatementArguments = [door.agent.description, door.door.description, journal]
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT first, last FROM missing
        WHERE agent = ? AND door = ? AND journal = ? AND ? BETWEEN first AND last
        """, arguments: place + [sequence])
    for row in rows {
      let first: Int64 = row["first"]
      let last: Int64 = row["last"]
      try database.execute(
        sql: "DELETE FROM missing WHERE agent = ? AND door = ? AND journal = ? AND first = ?",
        arguments: place + [first])
      if first < sequence { try openGap(first...(sequence - 1), of: door, journal: journal) }
      if sequence < last { try openGap((sequence + 1)...last, of: door, journal: journal) }
    }
  }

  /// The gaps of one agent's doors, at most `limit` of them.
  package func gaps(ofAgent agent: Identifier, limit: Int) throws -> [Gap] {
    try Row.fetchAll(
      database, sql: "SELECT * FROM missing WHERE agent = ? ORDER BY door, journal, first LIMIT ?",
      arguments: [agent.description, limit]
    ).map { row in
      Gap(
        door: DoorAddress(agent: try row.identifier("agent"), door: try row.identifier("door")),
        journal: row["journal"],
        sequences: (row["first"] as Int64)...(row["last"] as Int64))
    }
  }
}
