// AlarmStore: the notifier's durable truth, in SQLite through GRDB.
import DoorCore
import GRDB

/// Why the store did not do what was asked, and what to do about it.
package enum AlarmStoreError: Error, Sendable, Equatable, CustomStringConvertible {
  case cannotOpen(path: String, reason: String)
  /// Another program is opening it, or one beside it, and does not come to an end.
  case inUse(path: String)
  case diskFull(path: String)
  case failed(path: String, reason: String)
  /// The file is not what was written.
  case damaged(path: String, reason: String)

  package var description: String {
    switch self {
    case .cannotOpen(let path, let reason):
      "the store \(path) cannot be opened: \(reason); its folder must exist and belong to the notifier's user"
    case .inUse(let path):
      "the store \(path) is in use: another program has been opening it for five seconds; "
        + "`fuser -v \(StoreFolder(of: path).path)` says which"
    case .diskFull(let path):
      "the disk of the store \(path) is full: make room there; the broker keeps what arrives meanwhile"
    case .failed(let path, let reason):
      "the store \(path) failed: \(reason)"
    case .damaged(let path, let reason):
      "the store \(path) is damaged: \(reason); put a backup in its place, or move it away for a new one to be begun"
    }
  }
}

/// Owns the database. Its methods are whole transactions: what one of them did is on the disk when it returns,
/// and nothing of it is there when it throws.
package struct AlarmStore: Sendable {
  private let path: String
  private let database: DatabaseQueue
  private let cache = DoorCache()

  /// Opens the store at `path`, or begins one there, and brings it to the current schema.
  package init(path: String) throws(AlarmStoreError) {
    var configuration = Configuration()
    configuration.journalMode = .wal
    configuration.busyMode = .timeout(5)
    self.path = path
    do {
      // Neither the change to WAL nor GRDB's steps can be made by two programs at once.
      database = try StoreFolder(of: path).alone {
        let database = try DatabaseQueue(path: path, configuration: configuration)
        // A commit survives a power cut. GRDB's own choice for WAL is NORMAL, which does not; it makes it after
        // `prepareDatabase`, so this comes after that again, on the one connection that a queue has.
        try database.inDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        if try database.read(Schema.migrator.hasBeenSuperseded) {
          throw StoreDamage(reason: "a newer program wrote it")
        }
        try Schema.migrator.migrate(database)
        return database
      }
    } catch {
      let described = Self.describe(error, path: path)
      if case .failed(_, let reason) = described { throw .cannotOpen(path: path, reason: reason) }
      throw described
    }
  }

  /// Runs `body` in one transaction.
  package func transact<Value: Sendable>(
    _ body: @escaping @Sendable (borrowing StoreTransaction) throws -> Value
  ) async throws(AlarmStoreError) -> Value {
    do {
      return try await database.writeWithoutTransaction { [cache] database in
        do {
          var value: Value?
          try database.inTransaction(.immediate) {
            value = try body(StoreTransaction(database: database, cache: cache))
            return .commit
          }
          guard let value else { preconditionFailure("A transaction that was committed has its value.") }
          return value
        } catch {
          // Before the next transaction: what was read or written in this one may not be so.
          cache.forget()
          throw error
        }
      }
    } catch {
      throw Self.describe(error, path: path)
    }
  }

  static func describe(_ error: any Error, path: String) -> AlarmStoreError {
    if let damage = error as? StoreDamage { return .damaged(path: path, reason: damage.reason) }
    if let error = error as? AlarmStoreError { return error }
    if error is UnreadableValue || error is UnknownWord || error is IdentifierError {
      return .damaged(path: path, reason: "\(error)")
    }
    switch (error as? DatabaseError)?.resultCode {
    case .SQLITE_FULL?: return .diskFull(path: path)
    case .SQLITE_CORRUPT?, .SQLITE_NOTADB?: return .damaged(path: path, reason: reason(error))
    default: return .failed(path: path, reason: reason(error))
    }
  }

  private static func reason(_ error: any Error) -> String {
    guard let error = error as? DatabaseError else { return String(describing: error) }
    // The statement and its arguments stay out: they can hold what a person wrote.
    return "\(error.message ?? "unknown") (SQLite code \(error.extendedResultCode.rawValue))"
  }
}
