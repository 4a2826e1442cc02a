/// What the file has to be.
extension TransitionJournal {
  /// Finds at the start what would otherwise be found in the midst of an alarm.
  static func check(_ connection: SQLiteConnection) throws(JournalError) {
    let findings = try connection.prepare("PRAGMA quick_check(1)").rows([]) { $0.text(0) }
    guard findings == ["ok"] else {
      throw .damaged(path: connection.path, reason: findings.first ?? "it cannot be checked")
    }
  }

  private static let schemaVersion: Int64 = 4

  /// Brings the file to the current schema and returns the journal's id and how far it has been told.
  static func migrate(
    _ connection: SQLiteConnection, newIdentifier: String
  ) throws(JournalError) -> (id: String, sentThrough: Int64) {
    try connection.transaction { () throws(JournalError) in
      let version = try connection.prepare("PRAGMA user_version").rows([]) { $0.integer(0) }.first ?? 0
      guard version <= schemaVersion else {
        throw .unusable(path: connection.path, reason: "a newer program wrote it (version \(version))")
      }
      if version < 1 {
        try connection.execute(
          """
          CREATE TABLE journal (id TEXT NOT NULL) STRICT;
          CREATE TABLE transition (
            id INTEGER PRIMARY KEY,
            door TEXT NOT NULL,
            seq INTEGER NOT NULL,
            state TEXT NOT NULL,
            since_ms INTEGER NOT NULL,
            boot TEXT NOT NULL,
            uptime_ms INTEGER NOT NULL,
            clock TEXT NOT NULL,
            cause TEXT NOT NULL,
            missed INTEGER NOT NULL,
            simulated INTEGER NOT NULL,
            sent INTEGER NOT NULL DEFAULT 0,
            UNIQUE (door, seq)
          ) STRICT;
          CREATE INDEX transition_unsent ON transition (id) WHERE sent = 0;
          PRAGMA user_version = 1;
          """)
        try connection.prepare("INSERT INTO journal VALUES (?)").run([.text(newIdentifier)])
      }
      if version < 2 {
        try connection.execute(
          """
          CREATE TABLE area (id TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT;
          PRAGMA user_version = 2;
          """)
      }
      let tables = try connection.prepare(
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name IN ('journal', 'transition', 'area')"
      ).rows([]) { $0.integer(0) }
      guard tables.count == 3 else {
        throw .unusable(path: connection.path, reason: "another program wrote it")
      }
      // Transitions are sent and acknowledged in order: to mark each of them wrote two pages more for every one.
      if version < 3 {
        try connection.execute(
          """
          ALTER TABLE journal ADD COLUMN sent_through INTEGER NOT NULL DEFAULT 0;
          UPDATE journal SET sent_through = COALESCE(
            (SELECT MIN(id) - 1 FROM transition WHERE sent = 0), (SELECT MAX(id) FROM transition), 0);
          DROP INDEX transition_unsent;
          ALTER TABLE transition DROP COLUMN sent;
          PRAGMA user_version = 3;
          """)
      }
      // An index wrote one page more for every transition, of which an alarm waits for one and a card has only so many.
      // What it found is asked for seldom, but for the newest of a door, which is in memory.
      if version < 4 {
        try connection.execute(
          """
          ALTER TABLE transition RENAME TO indexed;
          CREATE TABLE transition (
            id INTEGER PRIMARY KEY,
            door TEXT NOT NULL,
            -- Counts the door's transitions, so that no number is there twice.
            seq INTEGER NOT NULL,
            state TEXT NOT NULL,
            since_ms INTEGER NOT NULL,
            boot TEXT NOT NULL,
            uptime_ms INTEGER NOT NULL,
            clock TEXT NOT NULL,
            cause TEXT NOT NULL,
            missed INTEGER NOT NULL,
            simulated INTEGER NOT NULL
          ) STRICT;
          INSERT INTO transition
          SELECT id, door, seq, state, since_ms, boot, uptime_ms, clock, cause, missed, simulated FROM indexed;
          DROP TABLE indexed;
          PRAGMA user_version = 4;
          """)
      }
      let rows = try connection.prepare("SELECT id, sent_through FROM journal")
        .rows([]) { ($0.text(0), $0.integer(1)) }
      guard let row = rows.first else {
        throw .unusable(path: connection.path, reason: "it has no id")
      }
      return row
    }
  }
}
