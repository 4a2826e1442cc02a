// Journal: the agent's durable record of every transition, in SQLite.
import CSQLite

/// What went wrong with the journal's file, and what to do about it.
package enum JournalError: Error, Sendable, Equatable, CustomStringConvertible {
  case cannotOpen(path: String, reason: String)
  /// Another program has it open.
  case inUse(path: String)
  case diskFull(path: String)
  case failed(path: String, reason: String)
  /// The file is no whole database any more.
  case damaged(path: String, reason: String)
  /// The file holds what no version of this program has written.
  case unusable(path: String, reason: String)

  package var description: String {
    switch self {
    case .cannotOpen(let path, let reason):
      "the journal \(path) cannot be opened: \(reason); its folder must exist and belong to the agent's user"
    case .inUse(let path):
      "the journal \(path) is in use: only one agent at a time can have it; `fuser \(path)` says which program does"
    case .diskFull(let path):
      "the disk of the journal \(path) is full: make room there; what happens meanwhile waits in memory"
    case .failed(let path, let reason):
      "the journal \(path) cannot be written or read: \(reason)"
    case .damaged(let path, let reason):
      "the journal \(path) is damaged: \(reason); the agent sets it aside when it is started again"
    case .unusable(let path, let reason):
      "the journal \(path) is no journal of this agent's: \(reason); move it aside and start the agent again"
    }
  }
}

/// A connection to one SQLite database; used by one owner at a time.
final class SQLiteConnection {
  let path: String
  private let handle: OpaquePointer

  init(path: String) throws(JournalError) {
    self.path = path
    var handle: OpaquePointer?
    let code = sqlite3_open_v2(
      path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nil)
    guard code == SQLITE_OK, let handle else {
      let reason = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
      sqlite3_close_v2(handle)
      throw .cannotOpen(path: path, reason: reason)
    }
    self.handle = handle
    sqlite3_extended_result_codes(handle, 1)
    // An agent that is just ending may still have it.
    sqlite3_busy_timeout(handle, 2_000)
  }

  deinit {
    sqlite3_close_v2(handle)
  }

  /// Runs statements that return nothing of interest.
  func execute(_ sql: String) throws(JournalError) {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw error(code) }
  }

  /// The id of the row that was inserted last.
  var lastInsertedRow: Int64 { sqlite3_last_insert_rowid(handle) }

  func prepare(_ sql: String) throws(JournalError) -> SQLiteStatement {
    var statement: OpaquePointer?
    let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
    guard code == SQLITE_OK, let statement else { throw error(code) }
    return SQLiteStatement(handle: statement, connection: self)
  }

  /// Runs `body` in one transaction that is committed when it returns and undone when it throws.
  func transaction<Value>(_ body: () throws(JournalError) -> Value) throws(JournalError) -> Value {
    try execute("BEGIN IMMEDIATE")
    do {
      let value = try body()
      try execute("COMMIT")
      return value
    } catch {
      // A full disk has often undone it already; then there is nothing left to undo.
      if sqlite3_get_autocommit(handle) == 0 { try execute("ROLLBACK") }
      throw error
    }
  }

  func error(_ code: Int32) -> JournalError {
    let reason = String(cString: sqlite3_errmsg(handle))
    switch code & 0xff {
    case SQLITE_FULL: return .diskFull(path: path)
    case SQLITE_BUSY: return .inUse(path: path)
    case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY: return .cannotOpen(path: path, reason: reason)
    case SQLITE_CORRUPT, SQLITE_NOTADB: return .damaged(path: path, reason: reason)
    default: return .failed(path: path, reason: "\(reason) (SQLite code \(code))")
    }
  }
}

/// A prepared statement that is run again and again.
final class SQLiteStatement {
  private let handle: OpaquePointer
  // Keeps the connection open for as long as the statement is.
  private let connection: SQLiteConnection

  fileprivate init(handle: OpaquePointer, connection: SQLiteConnection) {
    self.handle = handle
    self.connection = connection
  }

  deinit {
    sqlite3_finalize(handle)
  }

  enum Value {
    case integer(Int64)
    case text(String)
  }

  /// Runs the statement with `values` for its parameters, in order.
  func run(_ values: [Value] = []) throws(JournalError) {
    _ = try rows(values) { _ in }
  }

  /// Runs the statement and makes a value of every row.
  func rows<Row>(_ values: [Value], _ make: (borrowing SQLiteRow) throws(JournalError) -> Row)
    throws(JournalError)
    -> [Row]
  {
    defer {
      sqlite3_reset(handle)
      sqlite3_clear_bindings(handle)
    }
    for (index, value) in values.enumerated() {
      let code: Int32
      switch value {
      case .integer(let integer): code = sqlite3_bind_int64(handle, Int32(index + 1), integer)
      case .text(let text):
        // SQLITE_TRANSIENT, a C macro that Swift does not import: SQLite keeps a copy of its own.
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        code = sqlite3_bind_text(handle, Int32(index + 1), text, Int32(text.utf8.count), transient)
      }
      guard code == SQLITE_OK else { throw connection.error(code) }
    }
    var rows: [Row] = []
    while true {
      let code = sqlite3_step(handle)
      if code == SQLITE_DONE { return rows }
      guard code == SQLITE_ROW else { throw connection.error(code) }
      rows.append(try make(SQLiteRow(statement: handle)))
    }
  }
}

/// The row on which a statement stands.
struct SQLiteRow: ~Copyable {
  fileprivate let statement: OpaquePointer

  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

  func text(_ column: Int32) -> String {
    sqlite3_column_text(statement, column).map { String(cString: $0) } ?? ""
  }
}
