package import DoorCore
package import Threads

/// A transition that is to be written: everything but its place in the journal.
package struct TransitionDraft: Sendable, Equatable {
  package var state: DoorState
  package var since: Timestamp
  package var boot: String
  package var uptimeMilliseconds: Int64
  package var clock: ClockQuality
  package var cause: TransitionCause
  package var missed: Int
  package var simulated: Bool

  package init(
    state: DoorState, since: Timestamp, boot: String, uptimeMilliseconds: Int64, clock: ClockQuality,
    cause: TransitionCause, missed: Int = 0, simulated: Bool = false
  ) {
    self.state = state
    self.since = since
    self.boot = boot
    self.uptimeMilliseconds = uptimeMilliseconds
    self.clock = clock
    self.cause = cause
    self.missed = missed
    self.simulated = simulated
  }
}

/// The agent's record of every transition, committed to disk before anybody is told.
///
/// After a power cut a sequence number that was ever sent still means the same transition. Sent ones are
/// kept too, so that gaps can be replayed; of each door the oldest sent ones go beyond a limit.
package actor TransitionJournal {
  package struct Entry: Sendable, Equatable {
    /// Grows with each transition, whatever the door.
    package var place: Int64
    package var door: Identifier
    package var transition: Transition
  }

  /// Where the journal waits for the disk; for actors that mostly work with it.
  package nonisolated let thread: SerialThread
  package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// Drawn when the journal was begun.
  package private(set) var id: String

  private static let pruningInterval = 100

  private let keptPerDoor: Int64
  /// Everything up to this place has been acknowledged.
  private var sentThrough: Int64
  /// How many transitions of a door have been acknowledged since what is beyond the limit was last looked for.
  private var acknowledged: [Identifier: Int] = [:]
  /// The newest transition of each door that was asked for, or that it has none: nobody else writes the file while it
  /// is open, and to find one is to look through all that came after it.
  private var newest: [Identifier: Transition?] = [:]
  /// The newest of all, if it was written since the journal was opened.
  private var lastAppended: Entry?
  private let connection: SQLiteConnection
  private let insert: SQLiteStatement
  private let prune: SQLiteStatement
  private let selectNewest: SQLiteStatement
  private let selectUnsent: SQLiteStatement
  private let selectRange: SQLiteStatement
  private let updateSentThrough: SQLiteStatement
  private let replaceArea: SQLiteStatement
  private let selectAreas: SQLiteStatement

  /// Opens the journal at `path`, or begins one there.
  ///
  /// - Parameters:
  ///   - newIdentifier: what a journal that is created now is called; random.
  ///   - keptPerDoor: how many transitions of one door are kept for replay; at least 1, since the next place
  ///     follows from the last.
  package init(
    path: String, newIdentifier: String, keptPerDoor: Int64 = 10_000
  ) throws(JournalError) {
    precondition(keptPerDoor > 0, "the newest transition of a door has to stay")
    guard let thread = SerialThread("journal") else {
      throw .failed(path: path, reason: "the system has no thread left for it")
    }
    self.thread = thread
    self.keptPerDoor = keptPerDoor
    let connection = try SQLiteConnection(path: path)
    // WAL with FULL: one fsync a commit, and a commit survives a power cut.
    // EXCLUSIVE: two agents on one journal would both count on. It also saves the locks of every transaction.
    try connection.execute(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
    try Self.check(connection)
    (id, sentThrough) = try Self.migrate(connection, newIdentifier: newIdentifier)
    self.connection = connection
    insert = try connection.prepare(
      """
      INSERT INTO transition
        (door, seq, state, since_ms, boot, uptime_ms, clock, cause, missed, simulated)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """)
    prune = try connection.prepare(
      """
      DELETE FROM transition WHERE door = ? AND seq <= ? AND id <= (SELECT sent_through FROM journal)
      """)
    let columns = "door, seq, state, since_ms, boot, uptime_ms, clock, cause, missed, simulated, id"
    selectNewest = try connection.prepare(
      "SELECT \(columns) FROM transition WHERE door = ? ORDER BY id DESC LIMIT 1")
    selectUnsent = try connection.prepare(
      "SELECT \(columns) FROM transition WHERE id > ? ORDER BY id LIMIT ?")
    selectRange = try connection.prepare(
      "SELECT \(columns) FROM transition WHERE door = ? AND seq BETWEEN ? AND ? ORDER BY id LIMIT ?")
    updateSentThrough = try connection.prepare("UPDATE journal SET sent_through = ?")
    replaceArea = try connection.prepare("INSERT OR REPLACE INTO area (id, state) VALUES (?, ?)")
    selectAreas = try connection.prepare("SELECT id, state FROM area")
  }

  /// Writes one transition with the next sequence number of its door; it is on the disk when this returns.
  package func append(_ draft: TransitionDraft, of door: Identifier) throws(JournalError) -> Transition {
    let sequence = try (newest(of: door)?.sequence ?? 0) + 1
    // Where this throws, it is looked up again.
    newest.removeValue(forKey: door)
    try insert.run([
      .text(door.description), .integer(sequence), .text(draft.state.rawValue),
      .integer(draft.since.milliseconds), .text(draft.boot), .integer(draft.uptimeMilliseconds),
      .text(draft.clock.rawValue), .text(draft.cause.rawValue), .integer(Int64(draft.missed)),
      .integer(draft.simulated ? 1 : 0),
    ])
    let transition = Transition(
      state: draft.state, since: draft.since, journal: id, sequence: sequence, boot: draft.boot,
      uptimeMilliseconds: draft.uptimeMilliseconds, clock: draft.clock, cause: draft.cause,
      missed: draft.missed, simulated: draft.simulated)
    newest.updateValue(transition, forKey: door)
    lastAppended = Entry(place: connection.lastInsertedRow, door: door, transition: transition)
    return transition
  }

  /// The newest transition of a door; nil where there is none.
  package func newest(of door: Identifier) throws(JournalError) -> Transition? {
    if let known = newest[door] { return known }
    let found = try entries(selectNewest, [.text(door.description)]).first?.transition
    newest.updateValue(found, forKey: door)
    return found
  }

  /// The transitions that nobody has been told of yet, oldest first.
  package func unsent(limit: Int) throws(JournalError) -> [Entry] {
    // Mostly it is what has just been written, or nothing.
    if let lastAppended, lastAppended.place <= sentThrough + 1 {
      return lastAppended.place > sentThrough ? [lastAppended] : []
    }
    return try entries(selectUnsent, [.integer(sentThrough), .integer(Int64(limit))])
  }

  /// How many transitions nobody has been told of yet.
  package func unsentCount() throws(JournalError) -> Int {
    let count = try connection.prepare("SELECT COUNT(*) FROM transition WHERE id > ?")
      .rows([.integer(sentThrough)]) { $0.integer(0) }
    return Int(count.first ?? 0)
  }

  /// The broker has acknowledged them, and everything before them.
  package func markSent(_ entries: [Entry]) throws(JournalError) {
    // Places from before the journal began anew mean other transitions now.
    guard let last = entries.last, last.transition.journal == id, last.place > sentThrough else { return }
    // Now and then is enough for a bound; a door's first acknowledgement after a start is such a time.
    for entry in entries { acknowledged[entry.door, default: Self.pruningInterval] += 1 }
    let due = acknowledged.filter { $0.value >= min(Self.pruningInterval, Int(keptPerDoor)) }.keys
    if due.isEmpty {
      try updateSentThrough.run([.integer(last.place)])
    } else {
      try connection.transaction { () throws(JournalError) in
        try updateSentThrough.run([.integer(last.place)])
        for door in due {
          guard let newest = try newest(of: door) else { continue }
          try prune.run([.text(door.description), .integer(newest.sequence - keptPerDoor)])
        }
      }
    }
    for door in due { acknowledged[door] = 0 }
    sentThrough = last.place
  }

  /// What is left of a range of a door's transitions, oldest first, at most `limit` of them.
  package func transitions(
    of door: Identifier, _ sequences: ClosedRange<Int64>, limit: Int
  ) throws(JournalError) -> [Entry] {
    try entries(
      selectRange,
      [
        .text(door.description), .integer(sequences.lowerBound), .integer(sequences.upperBound),
        .integer(Int64(limit)),
      ])
  }

  // MARK: Beginning anew

  /// Whether a transition that was published shows that this journal is not what it was: it says that it is of this
  /// journal, which has not come so far yet, or which has something else in its place.
  package func isContradicted(by published: Transition, of door: Identifier) throws(JournalError) -> Bool {
    guard published.journal == id else { return false }
    let sequence = published.sequence
    guard let newest = try newest(of: door), sequence <= newest.sequence else { return true }
    if sequence == newest.sequence { return published != newest }
    let kept = try transitions(of: door, sequence...sequence, limit: 1).first?.transition
    return kept.map { $0 != published } ?? false
  }

  /// Is another journal from now on, in which only what nobody has been told of is left, counted from 1: for a file
  /// that was put back from a copy, in which the next numbers would be used for a second time.
  package func beginAnew(as newIdentifier: String) throws(JournalError) {
    try connection.transaction { () throws(JournalError) in
      try connection.execute(
        """
        DELETE FROM transition WHERE id <= (SELECT sent_through FROM journal);
        UPDATE transition SET seq = counted.seq
        FROM (SELECT id, ROW_NUMBER() OVER (PARTITION BY door ORDER BY id) AS seq FROM transition) AS counted
        WHERE counted.id = transition.id;
        """)
      try connection.prepare("UPDATE journal SET id = ?, sent_through = 0").run([.text(newIdentifier)])
    }
    id = newIdentifier
    sentThrough = 0
    lastAppended = nil
    newest = [:]
  }

  // MARK: Areas

  /// Keeps what is known of an area's alarm, for when there is nobody to ask.
  package func note(_ state: AreaState, of area: Identifier) throws(JournalError) {
    try replaceArea.run([.text(area.description), .text(state.rawValue)])
  }

  /// What was last known of every area.
  package func areas() throws(JournalError) -> [Identifier: AreaState] {
    let rows = try selectAreas.rows([]) { (row) throws(JournalError) in (row.text(0), row.text(1)) }
    var areas: [Identifier: AreaState] = [:]
    for (area, state) in rows {
      guard let area = try? Identifier(area), let state = AreaState(rawValue: state) else {
        throw .unusable(path: connection.path, reason: "it has no such area as \(area)")
      }
      areas[area] = state
    }
    return areas
  }

  // MARK: Rows

  private func entries(
    _ statement: SQLiteStatement, _ values: [SQLiteStatement.Value]
  ) throws(JournalError) -> [Entry] {
    try statement.rows(values) { (row) throws(JournalError) in
      guard let door = try? Identifier(row.text(0)), let state = DoorState(rawValue: row.text(2)),
        let clock = ClockQuality(rawValue: row.text(6)), let cause = TransitionCause(rawValue: row.text(7))
      else { throw .unusable(path: connection.path, reason: "transition \(row.integer(10)) makes no sense") }
      return Entry(
        place: row.integer(10),
        door: door,
        transition: Transition(
          state: state,
          since: Timestamp(milliseconds: row.integer(3)),
          journal: id,
          sequence: row.integer(1),
          boot: row.text(4),
          uptimeMilliseconds: row.integer(5),
          clock: clock,
          cause: cause,
          missed: Int(row.integer(8)),
          simulated: row.integer(9) == 1))
    }
  }
}
