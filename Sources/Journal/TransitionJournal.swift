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

  /// Of one door; nobody else writes the file while it is open.
  private struct Count {
    /// The newest number.
    var sequence: Int64
    /// How many were written since the journal was opened.
    var appended = 0
  }

  private let keptPerDoor: Int64
  /// Everything up to this place has been acknowledged.
  private var sentThrough: Int64
  /// The newest of all, if it was written since the journal was opened.
  private var newest: Entry?
  private var counts: [Identifier: Count] = [:]
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
      DELETE FROM transition WHERE door = ?1 AND id <= (SELECT sent_through FROM journal)
        AND seq <= (SELECT MAX(seq) FROM transition WHERE door = ?1) - ?2
      """)
    let columns = "door, seq, state, since_ms, boot, uptime_ms, clock, cause, missed, simulated, id"
    selectNewest = try connection.prepare(
      "SELECT \(columns) FROM transition WHERE door = ? ORDER BY seq DESC LIMIT 1")
    selectUnsent = try connection.prepare(
      "SELECT \(columns) FROM transition WHERE id > ? ORDER BY id LIMIT ?")
    selectRange = try connection.prepare(
      "SELECT \(columns) FROM transition WHERE door = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?")
    updateSentThrough = try connection.prepare("UPDATE journal SET sent_through = ?")
    replaceArea = try connection.prepare("INSERT OR REPLACE INTO area (id, state) VALUES (?, ?)")
    selectAreas = try connection.prepare("SELECT id, state FROM area")
  }

  /// Writes one transition with the next sequence number of its door; it is on the disk when this returns.
  package func append(_ draft: TransitionDraft, of door: Identifier) throws(JournalError) -> Transition {
    // What throws leaves no count behind: it is looked up again.
    var count =
      if let known = counts.removeValue(forKey: door) { known } else {
        Count(sequence: try newestSequence(of: door))
      }
    count.sequence += 1
    let values: [SQLiteStatement.Value] = [
      .text(door.description), .integer(count.sequence), .text(draft.state.rawValue),
      .integer(draft.since.milliseconds), .text(draft.boot), .integer(draft.uptimeMilliseconds),
      .text(draft.clock.rawValue), .text(draft.cause.rawValue), .integer(Int64(draft.missed)),
      .integer(draft.simulated ? 1 : 0),
    ]
    // Now and then is enough for a bound, and what nobody waits for does not delay an alarm.
    if count.appended % Self.pruningInterval == 0 || keptPerDoor < Self.pruningInterval {
      try connection.transaction { () throws(JournalError) in
        try insert.run(values)
        try prune.run([.text(door.description), .integer(keptPerDoor)])
      }
    } else {
      try insert.run(values)
    }
    count.appended += 1
    counts[door] = count
    let transition = Transition(
      state: draft.state, since: draft.since, journal: id, sequence: count.sequence, boot: draft.boot,
      uptimeMilliseconds: draft.uptimeMilliseconds, clock: draft.clock, cause: draft.cause,
      missed: draft.missed, simulated: draft.simulated)
    newest = Entry(place: connection.lastInsertedRow, door: door, transition: transition)
    return transition
  }

  private func newestSequence(of door: Identifier) throws(JournalError) -> Int64 {
    let rows = try connection.prepare("SELECT MAX(seq) FROM transition WHERE door = ?")
      .rows([.text(door.description)]) { $0.integer(0) }
    return rows.first ?? 0
  }

  /// The newest transition of a door; nil where there is none.
  package func newest(of door: Identifier) throws(JournalError) -> Transition? {
    try entries(selectNewest, [.text(door.description)]).first?.transition
  }

  /// The transitions that nobody has been told of yet, oldest first.
  package func unsent(limit: Int) throws(JournalError) -> [Entry] {
    // Mostly it is what has just been written, or nothing.
    if let newest, newest.place <= sentThrough + 1 { return newest.place > sentThrough ? [newest] : [] }
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
    try updateSentThrough.run([.integer(last.place)])
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
    if try sequence > newest(of: door)?.sequence ?? 0 { return true }
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
        -- Below zero first: no number may be there twice, at no moment.
        UPDATE transition SET seq =
          -(SELECT COUNT(*) FROM transition AS other WHERE other.door = transition.door AND other.id <= transition.id);
        UPDATE transition SET seq = -seq;
        """)
      try connection.prepare("UPDATE journal SET id = ?, sent_through = 0").run([.text(newIdentifier)])
    }
    id = newIdentifier
    sentThrough = 0
    newest = nil
    counts = [:]
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
