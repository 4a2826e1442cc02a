import TestSupport
import Testing

@testable import Journal

@Suite("SQLite")
struct SQLiteTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  @Test("gives back the numbers and the text that it was given")
  func values() throws {
    let connection = try SQLiteConnection(path: folder.file("a.sqlite"))
    try connection.execute("CREATE TABLE t (n INTEGER, s TEXT)")
    let insert = try connection.prepare("INSERT INTO t VALUES (?, ?)")
    try insert.run([.integer(.min), .text("")])
    try insert.run([.integer(.max), .text("Tür '門'")])
    let rows = try connection.prepare("SELECT n, s FROM t ORDER BY n").rows([]) {
      ($0.integer(0), $0.text(1))
    }
    #expect(rows.map(\.0) == [.min, .max])
    #expect(rows.map(\.1) == ["", "Tür '門'"])
  }

  @Test("forgets the values of one run before the next")
  func bindings() throws {
    let connection = try SQLiteConnection(path: folder.file("a.sqlite"))
    try connection.execute("CREATE TABLE t (n INTEGER)")
    let insert = try connection.prepare("INSERT INTO t VALUES (?)")
    try insert.run([.integer(7)])
    try insert.run()
    let rows = try connection.prepare("SELECT n IS NULL FROM t ORDER BY rowid").rows([]) { $0.integer(0) }
    #expect(rows == [0, 1])
  }

  @Test("names the file and what went wrong with it")
  func errors() throws {
    let path = folder.file("a.sqlite")
    let connection = try SQLiteConnection(path: path)
    #expect(throws: JournalError.failed(path: path, reason: "no such table: t (SQLite code 1)")) {
      try connection.prepare("SELECT * FROM t")
    }
    #expect(
      throws: JournalError.failed(path: path, reason: "near \"nonsense\": syntax error (SQLite code 1)")
    ) {
      try connection.execute("nonsense")
    }
  }

  @Test("says that the disk is full, and undoes what did not fit")
  func full() throws {
    let path = folder.file("a.sqlite")
    let connection = try SQLiteConnection(path: path)
    try connection.execute("CREATE TABLE t (s TEXT); PRAGMA max_page_count = 4;")
    let insert = try connection.prepare("INSERT INTO t VALUES (?)")
    let error = #expect(throws: JournalError.self) {
      try connection.transaction { () throws(JournalError) in
        try insert.run([.text(String(repeating: "x", count: 100_000))])
      }
    }
    #expect(
      error?.description
        == "the disk of the journal \(path) is full: make room there; what happens meanwhile waits in memory"
    )
    try connection.transaction { () throws(JournalError) in try insert.run([.text("small")]) }
    #expect(try connection.prepare("SELECT s FROM t").rows([]) { $0.text(0) } == ["small"])
  }
}
