package import DoorCore
import GRDB

/// Who has commanded what, and what came of it.
package struct CommandRecord: Sendable, Equatable {
  package var at: Timestamp
  package var area: Identifier
  /// nil where nobody said who they are.
  package var person: String?
  /// From where it came, in the sender's words.
  package var source: String
  package var command: String
  package var outcome: String

  package init(
    at: Timestamp, area: Identifier, person: String?, source: String, command: String, outcome: String
  ) {
    self.at = at
    self.area = area
    self.person = person
    self.source = source
    self.command = command
    self.outcome = outcome
  }
}

extension StoreTransaction {
  /// So many commands are kept: whoever may send them cannot fill the disk with them.
  package static let commandLimit: Int64 = 100_000

  /// Keeps a command, and lets go of the oldest beyond ``commandLimit``.
  package func noteCommand(_ record: CommandRecord) throws {
    try database.execute(
      sql: "INSERT INTO command (at_ms, area, person, source, command, outcome) VALUES (?, ?, ?, ?, ?, ?)",
      arguments: [
        record.at.milliseconds, record.area.description, record.person, record.source, record.command,
        record.outcome,
      ])
    try database.execute(
      sql: "DELETE FROM command WHERE id <= ?", arguments: [database.lastInsertedRowID - Self.commandLimit])
  }

  /// The latest commands, the newest first.
  package func commands(limit: Int) throws -> [CommandRecord] {
    try Row.fetchAll(database, sql: "SELECT * FROM command ORDER BY id DESC LIMIT ?", arguments: [limit]).map
    {
      CommandRecord(
        at: Timestamp(milliseconds: $0["at_ms"]), area: try $0.identifier("area"), person: $0["person"],
        source: $0["source"], command: $0["command"], outcome: $0["outcome"])
    }
  }
}
