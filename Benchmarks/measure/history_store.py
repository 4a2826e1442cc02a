"""A notifier's store with a long history, written as the notifier would have."""

import contextlib
import sqlite3
import time

# The tables of Sources/AlarmStore/Schema.swift that grow with the history. Where a table has other columns by now,
# filling fails.

# One door, numbered `n` from 0, as `peers/doors.c` names them.
DOOR = {
    "id": "n + 1",
    "agent": "'agent-' || (n / :doors_per_agent)",
    "door": "'door-' || (n % :doors_per_agent)",
    "newest": ":count - :doors + n + 1",
}

# One transition, numbered `n` from 0: doors in turn, and each door's own numbers from 1.
TRANSITION = {
    "id": "n + 1",
    "door": "n % :doors + 1",
    "journal": "'5e1f0c77'",
    "seq": "n / :doors + 1",
    "state": "iif(n / :doors % 2, 'open', 'closed')",
    "since_ms": ":first_ms + n * :step_ms",
    "boot": "'9f3c51d2'",
    "uptime_ms": "n * :step_ms",
    "clock": "'synced'",
    "cause": "'edge'",
    "missed": "0",
    "simulated": "0",
    "received_ms": ":first_ms + n * :step_ms + 40",
    "manner": "iif(n < :doors, 'baseline', 'live')",
    "area_state": "'disarmed'",
}


def fill(path, doors, doors_per_agent, count, days):
    """Fills the store that a notifier has begun: `count` transitions over so many days, the last of them now.

    Each door has as many of them as any other.
    """
    span = days * 86_400_000
    values = {
        "doors": doors,
        "doors_per_agent": doors_per_agent,
        "count": count,
        "step_ms": span // count,
        "first_ms": int(time.time() * 1000) - span,
    }
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        # Nobody needs what is half done.
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -500000")
        _fill_table(database, "door", DOOR, doors, values)
        _fill_table(database, "history", TRANSITION, count, values)
        database.execute("PRAGMA journal_mode = WAL")


def _fill_table(database, table, columns, count, values):
    there = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
    if there != set(columns):
        different = ", ".join(sorted(there ^ set(columns)))
        raise ValueError(f"the table {table} has other columns than measure/history_store.py knows: {different}")
    # An index is made faster of what is there than row by row.
    indexes = database.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", [table]
    ).fetchall()
    for name, _ in indexes:
        database.execute(f"DROP INDEX {name}")
    database.execute(
        f"""
        WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :rows)
        INSERT INTO {table} ({", ".join(columns)}) SELECT {", ".join(columns.values())} FROM numbers
        """,
        values | {"rows": count},
    )
    for _, sql in indexes:
        database.execute(sql)
