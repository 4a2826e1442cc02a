package import DoorCore
import GRDB

extension StoreTransaction {
  /// The engine of an area as it was left; a disarmed one where the area is new.
  package func engine(of area: Identifier, now: Timestamp) throws -> AlarmEngine {
    let row = try Row.fetchOne(
      database, sql: "SELECT * FROM arming WHERE area = ? ORDER BY id DESC LIMIT 1",
      arguments: [area.description])
    guard let row else { return AlarmEngine(area: area, mode: .disarmed, since: now, isTriggered: false) }
    return AlarmEngine(
      area: area, mode: try row.word("mode"), since: Timestamp(milliseconds: row["since_ms"]),
      isTriggered: row["is_triggered"])
  }

  /// Keeps what the engine has become since it was `before`.
  package func save(_ engine: AlarmEngine, before: AlarmEngine) throws {
    if engine.mode != before.mode {
      try database.execute(
        sql: "INSERT INTO arming (area, mode, since_ms, is_triggered) VALUES (?, ?, ?, ?)",
        arguments: [
          engine.area.description, engine.mode.rawValue, engine.since.milliseconds, engine.isTriggered,
        ])
    } else if engine.isTriggered != before.isTriggered {
      try database.execute(
        sql: """
          UPDATE arming SET is_triggered = ? WHERE id = (SELECT MAX(id) FROM arming WHERE area = ?)
          """, arguments: [engine.isTriggered, engine.area.description])
    }
  }

  /// How the area was armed at a time; disarmed where nothing is known of it. The last command counts, also
  /// where the clock was put back before it.
  package func mode(of area: Identifier, at time: Timestamp) throws -> AlarmEngine.ArmMode {
    let row = try Row.fetchOne(
      database,
      sql: "SELECT mode FROM arming WHERE area = ? AND since_ms <= ? ORDER BY id DESC LIMIT 1",
      arguments: [area.description, time.milliseconds])
    return try row?.word("mode") ?? .disarmed
  }
}
