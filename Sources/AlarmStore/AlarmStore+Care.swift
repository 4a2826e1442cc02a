package import DoorCore
import GRDB
import Glibc

/// What a store was found to hold.
package struct StoreReport: Sendable, Equatable {
  package var doors: Int
  package var transitions: Int
  /// Transitions that are missing, by the door that they are missing of.
  package var missing: [DoorAddress: Int64]
  package var alerts: Int
  /// Alerts that are not both acknowledged and over.
  package var standingAlerts: Int
  /// Messages that no channel has taken yet.
  package var waiting: Int
  /// Alerts that no channel has taken, and that nobody knows of.
  package var undelivered: Int
}

extension AlarmStore {
  /// Copies the store at `path` to a new file, also while another process writes to it: what was committed when the
  /// copying began, and on the disk when this returns.
  package static func backUp(_ path: String, to copy: String) async throws(AlarmStoreError) {
    guard access(copy, F_OK) != 0 else {
      throw .cannotOpen(path: copy, reason: "there is such a file already")
    }
    let part = copy + ".part"
    unlink(part)
    try await withQueue(path) { queue in
      // It reads in a transaction of its own.
      try await queue.writeWithoutTransaction { try $0.execute(sql: "VACUUM INTO ?", arguments: [part]) }
    }
    guard sync(part), rename(part, copy) == 0, sync(StoreFolder(of: copy).path) else {
      throw .failed(path: copy, reason: String(cString: strerror(errno)))
    }
  }

  /// Reads all that the store at `path` holds.
  ///
  /// - Throws: ``AlarmStoreError/damaged(path:reason:)`` where something of it is not as it was written.
  package static func check(_ path: String) async throws(AlarmStoreError) -> StoreReport {
    try await withQueue(path) { queue in try await queue.read { try report($0) } }
  }

  private static func report(_ database: Database) throws -> StoreReport {
    let problems = try String.fetchAll(database, sql: "PRAGMA integrity_check(3)")
    guard problems == ["ok"] else { throw StoreDamage(reason: problems.joined(separator: "; ")) }
    guard try Row.fetchOne(database, sql: "PRAGMA foreign_key_check") == nil else {
      throw StoreDamage(reason: "rows refer to others that are not there")
    }
    if try Schema.migrator.hasBeenSuperseded(database) {
      throw StoreDamage(reason: "a newer program wrote it")
    }
    guard try Schema.migrator.hasCompletedMigrations(database) else {
      throw StoreDamage(reason: "an older program wrote it: the notifier's start brings it up to date")
    }
    return try StoreTransaction(database: database, cache: DoorCache()).report()
  }

  private static func withQueue<Value: Sendable>(
    _ path: String, _ body: (DatabaseQueue) async throws -> Value
  ) async throws(AlarmStoreError) -> Value {
    guard access(path, R_OK) == 0 else {
      throw .cannotOpen(path: path, reason: String(cString: strerror(errno)))
    }
    do {
      var configuration = Configuration()
      configuration.readonly = true
      configuration.busyMode = .timeout(5)
      return try await body(try DatabaseQueue(path: path, configuration: configuration))
    } catch {
      throw describe(error, path: path)
    }
  }

  private static func sync(_ path: String) -> Bool {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    return fsync(file) == 0
  }
}

/// Something in the database is not as it was written.
struct StoreDamage: Error {
  var reason: String
}

extension StoreTransaction {
  /// Counts what there is, and reads whatever has a form of its own.
  fileprivate func report() throws -> StoreReport {
    func count(_ sql: String) throws -> Int { try Int.fetchOne(database, sql: sql) ?? 0 }
    for area in try Row.fetchAll(database, sql: "SELECT area FROM area") {
      _ = try memory(of: try area.identifier("area"), now: Timestamp(milliseconds: 0))
    }
    _ = try openDoorWatches()
    _ = try alertRecords()
    var missing: [DoorAddress: Int64] = [:]
    for gap in try gaps() { missing[gap.door, default: 0] += gap.count }
    return StoreReport(
      doors: try count("SELECT COUNT(*) FROM door"), transitions: try count("SELECT COUNT(*) FROM history"),
      missing: missing, alerts: try count("SELECT COUNT(*) FROM alert"),
      standingAlerts: try count(
        """
        SELECT COUNT(*) FROM alert WHERE standing = 'told' AND (acknowledged_ms IS NULL OR resolved_ms IS NULL)
        """),
      waiting: try count("SELECT COUNT(*) FROM outbox WHERE state = 'waiting'"),
      undelivered: try undeliveredCount())
  }
}

extension StoreReport {
  /// For a person.
  package var lines: [String] {
    var lines = [
      "whole: \(transitions) transitions of \(doors) doors, \(alerts) alerts",
      "\(standingAlerts) alerts are not acknowledged or not over, \(waiting) messages wait for their channel",
    ]
    if undelivered > 0 { lines.append("\(undelivered) alerts have reached nobody") }
    return lines + missing.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value) missed" }
  }
}
