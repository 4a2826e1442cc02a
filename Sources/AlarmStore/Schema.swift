import GRDB

/// The tables, as a row of migrations that only ever grows.
enum Schema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1: doors, history, areas, outbox") { database in
      try database.execute(
        sql: """
          -- Every transition once, in the order of its arrival.
          CREATE TABLE history (
            id INTEGER PRIMARY KEY,
            agent TEXT NOT NULL,
            door TEXT NOT NULL,
            journal TEXT NOT NULL,
            seq INTEGER NOT NULL,
            state TEXT NOT NULL,
            since_ms INTEGER NOT NULL,
            boot TEXT NOT NULL,
            uptime_ms INTEGER NOT NULL,
            clock TEXT NOT NULL,
            cause TEXT NOT NULL,
            missed INTEGER NOT NULL,
            simulated INTEGER NOT NULL,
            received_ms INTEGER NOT NULL,
            manner TEXT NOT NULL,
            mode TEXT NOT NULL
          ) STRICT;
          -- Not unique: an agent's journal that was put back gives a number a second meaning.
          CREATE INDEX history_identity ON history (agent, door, journal, seq);

          -- The newest transition of each door.
          CREATE TABLE door (
            agent TEXT NOT NULL,
            door TEXT NOT NULL,
            newest INTEGER NOT NULL REFERENCES history (id),
            PRIMARY KEY (agent, door)
          ) STRICT, WITHOUT ROWID;

          -- Doors whose topic holds something that is no door's state.
          CREATE TABLE unreadable (
            agent TEXT NOT NULL,
            door TEXT NOT NULL,
            PRIMARY KEY (agent, door)
          ) STRICT, WITHOUT ROWID;

          -- Agents that are not heard any more.
          CREATE TABLE silent (agent TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;

          -- Sequence numbers that were skipped and are asked back from the agent.
          CREATE TABLE missing (
            agent TEXT NOT NULL,
            door TEXT NOT NULL,
            journal TEXT NOT NULL,
            first INTEGER NOT NULL,
            last INTEGER NOT NULL,
            PRIMARY KEY (agent, door, journal, first)
          ) STRICT, WITHOUT ROWID;

          -- Every setting of every area's arm mode; the last one of an area holds.
          CREATE TABLE arming (
            id INTEGER PRIMARY KEY,
            area TEXT NOT NULL,
            mode TEXT NOT NULL,
            since_ms INTEGER NOT NULL,
            is_triggered INTEGER NOT NULL DEFAULT 0
          ) STRICT;
          CREATE INDEX arming_area ON arming (area, since_ms);

          CREATE TABLE alert (
            id TEXT NOT NULL PRIMARY KEY,
            severity TEXT NOT NULL,
            kind TEXT NOT NULL,
            area TEXT NOT NULL,
            agent TEXT NOT NULL,
            door TEXT,
            state TEXT,
            at_ms INTEGER NOT NULL,
            is_late INTEGER NOT NULL,
            simulated INTEGER NOT NULL,
            detail TEXT,
            raised_ms INTEGER NOT NULL
          ) STRICT;

          -- One row for each alert and channel, written with the alert.
          CREATE TABLE outbox (
            id INTEGER PRIMARY KEY,
            alert TEXT NOT NULL REFERENCES alert (id),
            channel TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'waiting',
            attempts INTEGER NOT NULL DEFAULT 0,
            due_ms INTEGER NOT NULL,
            answer TEXT,
            ended_ms INTEGER,
            UNIQUE (alert, channel)
          ) STRICT;
          CREATE INDEX outbox_due ON outbox (channel, due_ms) WHERE state = 'waiting';
          """)
    }
    return migrator
  }
}
