package import DoorCore
import GRDB

extension StoreTransaction {
  /// So many rows are looked at in one transaction: others wait for it.
  package static let pruningStep = 2_000

  /// Takes out of the history what has arrived before a time, the oldest first. The newest transition of each door stays:
  /// it is what the door's next one is judged by.
  ///
  /// - Returns: whether there may be more to take out.
  package func prune(before time: Timestamp) throws -> Bool {
    let oldest = try Row.fetchAll(
      database, sql: "SELECT id, received_ms FROM history ORDER BY id LIMIT ?", arguments: [Self.pruningStep])
    var removed = 0
    for row in oldest where row["received_ms"] < time.milliseconds {
      try database.cachedStatement(
        sql: "DELETE FROM history WHERE id = ? AND NOT EXISTS (SELECT 1 FROM door WHERE newest = history.id)"
      ).execute(arguments: [row["id"] as Int64])
      removed += database.changesCount
    }
    return removed > 0 && oldest.count == Self.pruningStep
  }
}
