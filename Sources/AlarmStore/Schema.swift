import GRDB

/// The tables, as a row of migrations that only ever grows.
enum Schema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1: doors, history, areas, outbox") { database in
      try database.execute(sql: doorsAndAlerts)
    }
    migrator.registerMigration("2: engines, and the life of alerts") { database in
      try database.execute(sql: doorNumbers)
      try database.execute(sql: engines)
      try database.execute(sql: alertLife)
    }
    migrator.registerMigration("3: steps and receipts") { database in
      try database.execute(sql: stepsAndReceipts)
    }
    return migrator
  }

  private static let doorsAndAlerts = """
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
    """

  private static let doorNumbers = """
    -- Every door that was ever heard of, and the newest transition of it.
    CREATE TABLE new_door (
      id INTEGER PRIMARY KEY,
      agent TEXT NOT NULL,
      door TEXT NOT NULL,
      newest INTEGER,
      UNIQUE (agent, door)
    ) STRICT;
    INSERT INTO new_door (agent, door) SELECT DISTINCT agent, door FROM history;
    UPDATE new_door SET newest = (
      SELECT newest FROM door WHERE door.agent = new_door.agent AND door.door = new_door.door);

    -- Every transition once, in the order of its arrival.
    CREATE TABLE new_history (
      id INTEGER PRIMARY KEY,
      door INTEGER NOT NULL REFERENCES door (id),
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
      -- The state of the door's area when it happened; empty where it belonged to none.
      area_state TEXT NOT NULL
    ) STRICT;
    INSERT INTO new_history
      SELECT history.id, new_door.id, journal, seq, state, since_ms, boot, uptime_ms, clock, cause, missed,
        simulated, received_ms, manner, mode
      FROM history JOIN new_door ON new_door.agent = history.agent AND new_door.door = history.door;

    DROP TABLE door;
    DROP TABLE history;
    ALTER TABLE new_door RENAME TO door;
    ALTER TABLE new_history RENAME TO history;
    -- Not unique: an agent's journal that was put back gives a number a second meaning.
    CREATE INDEX history_identity ON history (door, journal, seq);
    -- By the order of arrival.
    CREATE INDEX history_door ON history (door);
    """

  private static let engines = """
    -- What the engine of each area remembers, as it writes it.
    CREATE TABLE area (area TEXT NOT NULL PRIMARY KEY, memory TEXT NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO area (area, memory)
      SELECT area, json_object(
        'phase', CASE
          WHEN mode = 'disarmed' THEN json('{"disarmed":{}}')
          WHEN is_triggered THEN json('{"triggered":{"mode":"armed_away"}}')
          ELSE json('{"armed":{"mode":"armed_away"}}') END,
        'since', since_ms, 'bypassed', json('{}'), 'trips', json('{}'),
        'is_alarm_told', json(iif(is_triggered, 'true', 'false')))
      FROM arming WHERE id IN (SELECT MAX(id) FROM arming GROUP BY area);

    -- Every state that an area has been in, from when on; the last one of an area holds.
    CREATE TABLE area_state (
      id INTEGER PRIMARY KEY,
      area TEXT NOT NULL,
      state TEXT NOT NULL,
      mode TEXT,
      since_ms INTEGER NOT NULL,
      -- The doors that were bypassed, as a list.
      bypassed TEXT NOT NULL DEFAULT '[]'
    ) STRICT;
    CREATE INDEX area_state_area ON area_state (area, since_ms);
    INSERT INTO area_state (id, area, state, mode, since_ms)
      SELECT id, area, mode, nullif(mode, 'disarmed'), since_ms FROM arming;
    DROP TABLE arming;
    """

  private static let alertLife = """
    CREATE TABLE new_alert (
      id TEXT NOT NULL PRIMARY KEY,
      severity TEXT NOT NULL,
      kind TEXT NOT NULL,
      area TEXT NOT NULL,
      -- door, agent, area or broker
      subject TEXT NOT NULL,
      agent TEXT,
      door TEXT,
      -- What lasts as long as the cause; none where it is over as soon as it has happened.
      condition TEXT,
      state TEXT,
      at_ms INTEGER NOT NULL,
      is_late INTEGER NOT NULL,
      simulated INTEGER NOT NULL,
      detail TEXT,
      raised_ms INTEGER NOT NULL,
      -- held: not sent yet; told; withdrawn: never sent
      standing TEXT NOT NULL,
      -- How often its cause has come while it stood.
      count INTEGER NOT NULL DEFAULT 1,
      acknowledged_ms INTEGER,
      acknowledged_by TEXT,
      resolved_ms INTEGER,
      reminders INTEGER NOT NULL DEFAULT 0,
      reminded_ms INTEGER NOT NULL
    ) STRICT;
    -- What was told before alerts had a life is over.
    INSERT INTO new_alert
      SELECT id, severity, kind, area, iif(door IS NULL, 'agent', 'door'), agent, door, NULL, state, at_ms, is_late,
        simulated, detail, raised_ms, 'told', 1, raised_ms, NULL, raised_ms, 0, raised_ms
      FROM alert;

    CREATE TABLE new_outbox (
      id INTEGER PRIMARY KEY,
      alert TEXT NOT NULL REFERENCES alert (id),
      channel TEXT NOT NULL,
      -- raised, resolved, or reminder and its number
      stage TEXT NOT NULL,
      state TEXT NOT NULL DEFAULT 'waiting',
      -- Rows of one message that tells of many alerts have its first row's id.
      message INTEGER,
      attempts INTEGER NOT NULL DEFAULT 0,
      due_ms INTEGER NOT NULL,
      answer TEXT,
      ended_ms INTEGER,
      UNIQUE (alert, channel, stage)
    ) STRICT;
    INSERT INTO new_outbox (id, alert, channel, stage, state, attempts, due_ms, answer, ended_ms)
      SELECT id, alert, channel, 'raised', state, attempts, due_ms, answer, ended_ms FROM outbox;

    DROP TABLE outbox;
    DROP TABLE alert;
    ALTER TABLE new_alert RENAME TO alert;
    ALTER TABLE new_outbox RENAME TO outbox;
    CREATE INDEX outbox_due ON outbox (channel, due_ms) WHERE state = 'waiting';
    CREATE INDEX alert_standing ON alert (area, condition)
      WHERE standing <> 'withdrawn' AND (acknowledged_ms IS NULL OR resolved_ms IS NULL);
    CREATE INDEX alert_condition ON alert (condition, area)
      WHERE condition IS NOT NULL AND standing <> 'withdrawn' AND resolved_ms IS NULL;
    CREATE INDEX alert_recent ON alert (area, kind, raised_ms);

    -- Who has commanded what, and what came of it.
    CREATE TABLE command (
      id INTEGER PRIMARY KEY,
      at_ms INTEGER NOT NULL,
      area TEXT NOT NULL,
      person TEXT,
      source TEXT NOT NULL,
      command TEXT NOT NULL,
      outcome TEXT NOT NULL
    ) STRICT;

    -- Doors that are open, until they are warned of.
    CREATE TABLE open_door (
      agent TEXT NOT NULL,
      door TEXT NOT NULL,
      watch TEXT NOT NULL,
      PRIMARY KEY (agent, door)
    ) STRICT, WITHOUT ROWID;

    -- How often a gap was asked back.
    ALTER TABLE missing ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;

    -- What else is remembered, each by one name: schedules, the guard of the codes.
    CREATE TABLE memory (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    """

  private static let stepsAndReceipts = """
    -- How it was around when the alert was raised.
    ALTER TABLE alert ADD COLUMN circumstances TEXT;
    -- From where it was acknowledged.
    ALTER TABLE alert ADD COLUMN acknowledged_from TEXT;
    -- Since when no channel has taken it and none is left.
    ALTER TABLE alert ADD COLUMN undelivered_ms INTEGER;

    -- 0: at once; further steps are taken while nobody acknowledges.
    ALTER TABLE outbox ADD COLUMN step INTEGER NOT NULL DEFAULT 0;
    -- 0: alarms, which go first; 1: the rest.
    ALTER TABLE outbox ADD COLUMN rank INTEGER NOT NULL DEFAULT 1;
    -- How long it may wait for its time; what is due later than that was written before the clock was put back.
    ALTER TABLE outbox ADD COLUMN wait_ms INTEGER NOT NULL DEFAULT 0;
    -- When it was written; 0 where that was before this column was.
    ALTER TABLE outbox ADD COLUMN written_ms INTEGER NOT NULL DEFAULT 0;
    -- Whether quiet hours have held it back.
    ALTER TABLE outbox ADD COLUMN is_held INTEGER NOT NULL DEFAULT 0;
    -- How long the receiver took for its last answer.
    ALTER TABLE outbox ADD COLUMN took_ms INTEGER;
    UPDATE outbox SET
      rank = iif((SELECT severity FROM alert WHERE alert.id = outbox.alert) = 'alarm', 0, 1),
      wait_ms = iif((SELECT severity FROM alert WHERE alert.id = outbox.alert) = 'alarm', 600000, 86400000);

    CREATE INDEX outbox_message ON outbox (message) WHERE message IS NOT NULL;
    DROP INDEX outbox_due;
    CREATE INDEX outbox_due ON outbox (channel, rank, due_ms) WHERE state = 'waiting';
    """
}
