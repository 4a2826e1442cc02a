package import DoorCore
import FoundationEssentials
import GRDB

extension StoreTransaction {
  /// What the engine of an area remembers; that of a disarmed one where the area is new, which begins so now.
  package func memory(of area: Identifier, now: Timestamp) throws -> AlarmEngine.Memory {
    let kept: AlarmEngine.Memory? = try decoded(
      "SELECT memory FROM area WHERE area = ?", [area.description], what: "the memory of area \(area)")
    if let kept { return kept }
    let new = AlarmEngine.Memory(disarmedSince: now)
    try database.execute(
      sql: "INSERT INTO area (area, memory) VALUES (?, ?)",
      arguments: [area.description, try StoredJSON.text(of: new)])
    return new
  }

  /// Keeps what the engine has become since it was `before`.
  package func save(_ engine: AlarmEngine, before: AlarmEngine) throws {
    guard engine.memory != before.memory else { return }
    try database.execute(
      sql: "INSERT OR REPLACE INTO area (area, memory) VALUES (?, ?)",
      arguments: [engine.area.description, try StoredJSON.text(of: engine.memory)])
    guard engine.state != before.state || engine.mode != before.mode else { return }
    try database.execute(
      sql: "INSERT INTO area_state (area, state, mode, since_ms, bypassed) VALUES (?, ?, ?, ?, ?)",
      arguments: [
        engine.area.description, engine.state.rawValue, engine.mode?.rawValue,
        engine.memory.since.milliseconds, try StoredJSON.text(of: engine.memory.bypassed.keys.sorted()),
      ])
  }

  /// How an area was at a time; disarmed where nothing is known of it. Of several states that began before it the
  /// one that was written last counts, also where the clock was put back in between.
  package func past(of area: Identifier, at time: Timestamp) throws -> AlarmEngine.Past {
    let row = try Row.fetchOne(
      try database.cachedStatement(
        sql: "SELECT * FROM area_state WHERE area = ? AND since_ms <= ? ORDER BY id DESC LIMIT 1"),
      arguments: [area.description, time.milliseconds])
    guard let row else { return AlarmEngine.Past(state: .disarmed, mode: nil, disarmed: nil) }
    let disarmed = try Int64.fetchOne(
      try database.cachedStatement(
        sql:
          "SELECT since_ms FROM area_state WHERE area = ? AND id > ? AND state = 'disarmed' ORDER BY id LIMIT 1"
      ),
      arguments: [area.description, row["id"] as Int64])
    return AlarmEngine.Past(
      state: try row.word("state"), mode: try row.optionalWord("mode"),
      disarmed: disarmed.map(Timestamp.init(milliseconds:)),
      bypassed: try StoredJSON.value(of: row["bypassed"], what: "what was bypassed in area \(area)"))
  }

  // MARK: Open doors

  /// Begins, goes on or ends watching a door that is open.
  package func setOpenDoorWatch(_ watch: OpenDoorWatch?, of door: DoorAddress) throws {
    let place: StatementArguments = [door.agent.description, door.door.description]
    guard let watch else {
      return try database.execute(sql: "DELETE FROM open_door WHERE agent = ? AND door = ?", arguments: place)
    }
    try database.execute(
      sql: "INSERT OR REPLACE INTO open_door (agent, door, watch) VALUES (?, ?, ?)",
      arguments: place + [try StoredJSON.text(of: watch)])
  }

  /// The doors that are open and watched.
  package func openDoorWatches() throws -> [DoorAddress: OpenDoorWatch] {
    var watches: [DoorAddress: OpenDoorWatch] = [:]
    for row in try Row.fetchAll(database, sql: "SELECT * FROM open_door") {
      let door = DoorAddress(agent: try row.identifier("agent"), door: try row.identifier("door"))
      watches[door] = try StoredJSON.value(of: row["watch"], what: "the watch of \(door)")
    }
    return watches
  }

  // MARK: Memories by name

  /// What is remembered under a name; nil where nothing is.
  package func remembered<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value?
  {
    try decoded("SELECT value FROM memory WHERE name = ?", [name], what: "what is remembered as \(name)")
  }

  package func remember(_ value: some Encodable, as name: String) throws {
    try database.execute(
      sql: "INSERT OR REPLACE INTO memory (name, value) VALUES (?, ?)",
      arguments: [name, try StoredJSON.text(of: value)])
  }

  func decoded<Value: Decodable>(_ sql: String, _ arguments: StatementArguments, what: String) throws
    -> Value?
  {
    try String.fetchOne(database, sql: sql, arguments: arguments).map {
      try StoredJSON.value(of: $0, what: what)
    }
  }
}

/// Values that are columns of JSON text.
enum StoredJSON {
  static func text(of value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  static func value<Value: Decodable>(of text: String, what: String) throws -> Value {
    do {
      return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    } catch {
      throw UnreadableValue(what: what)
    }
  }
}

/// The database holds a value that this program cannot read.
struct UnreadableValue: Error, CustomStringConvertible {
  var what: String

  var description: String { "\(what) cannot be read: a newer program wrote it, or the file is damaged" }
}
