import DoorCore
import Foundation
import TestSupport
import Testing

@testable import Journal

@Suite("The agent's journal")
struct TransitionJournalTests {
  private let folder: TemporaryFolder
  private let front: Identifier
  private let back: Identifier

  init() throws {
    folder = try TemporaryFolder()
    front = try Identifier("front")
    back = try Identifier("back")
  }

  private var path: String { folder.file("journal.sqlite") }

  private func open(_ newIdentifier: String = "5e1f0c77", kept: Int64 = 10_000) throws -> TransitionJournal {
    try TransitionJournal(path: path, newIdentifier: newIdentifier, keptPerDoor: kept)
  }

  private func draft(_ state: DoorState, at second: Int64 = 0) -> TransitionDraft {
    TransitionDraft(
      state: state,
      since: Timestamp(milliseconds: second * 1_000),
      boot: "9f3c51d2",
      uptimeMilliseconds: 734_112,
      clock: .synced,
      cause: .edge
    )
  }

  // MARK: Counting

  @Test("counts the transitions of each door from 1, under its own name")
  func counts() async throws {
    let journal = try open()
    #expect(try await journal.append(draft(.closed), of: front).sequence == 1)
    #expect(try await journal.append(draft(.open), of: front).sequence == 2)
    #expect(try await journal.append(draft(.closed), of: back).sequence == 1)
    let third = try await journal.append(draft(.closed), of: front)
    #expect(third.sequence == 3)
    #expect(third.journal == "5e1f0c77")
  }

  @Test("does not count what could not be written, and goes on")
  func refused() async throws {
    do {
      _ = try open()
      let connection = try SQLiteConnection(path: path)
      try connection.execute(
        """
        CREATE TRIGGER refusal BEFORE INSERT ON transition WHEN NEW.since_ms = 13000
        BEGIN SELECT RAISE(ABORT, 'not this one'); END;
        """)
    }
    let journal = try open()
    for sequence in 1...3 as ClosedRange<Int64> {
      let error = await #expect(throws: JournalError.self) {
        try await journal.append(draft(.open, at: 13), of: front)
      }
      #expect(error?.description.contains("not this one") == true)
      #expect(try await journal.append(draft(.open), of: front).sequence == sequence)
    }
    #expect(try await journal.unsent(limit: 10).map(\.transition.sequence) == [1, 2, 3])
  }

  @Test("keeps everything that a transition says", arguments: DoorState.allCases, TransitionCause.allCases)
  func content(_ state: DoorState, _ cause: TransitionCause) async throws {
    let journal = try open()
    let draft = TransitionDraft(
      state: state,
      since: Timestamp(milliseconds: -1),
      boot: "b'; DROP TABLE transition; --",
      uptimeMilliseconds: .max,
      clock: .unsynced,
      cause: cause,
      missed: 3,
      simulated: true
    )
    let expected = Transition(
      state: state,
      since: Timestamp(milliseconds: -1),
      journal: "5e1f0c77",
      sequence: 1,
      boot: "b'; DROP TABLE transition; --",
      uptimeMilliseconds: .max,
      clock: .unsynced,
      cause: cause,
      missed: 3,
      simulated: true
    )
    #expect(try await journal.append(draft, of: front) == expected)
    #expect(try await journal.newest(of: front) == expected)
  }

  @Test("knows the newest transition of each door, and none of a door that it never heard of")
  func newest() async throws {
    let journal = try open()
    #expect(try await journal.newest(of: front) == nil)
    _ = try await journal.append(draft(.closed), of: front)
    let second = try await journal.append(draft(.open), of: front)
    #expect(try await journal.newest(of: front) == second)
    #expect(try await journal.newest(of: back) == nil)
  }

  // MARK: Telling

  @Test("hands out what nobody was told of, in the order of its happening over all doors")
  func unsent() async throws {
    let journal = try open()
    let one = try await journal.append(draft(.closed), of: front)
    let two = try await journal.append(draft(.closed), of: back)
    let three = try await journal.append(draft(.open), of: front)
    let all = try await journal.unsent(limit: 10)
    #expect(all.map(\.transition) == [one, two, three])
    #expect(all.map(\.door) == [front, back, front])
    #expect(try await journal.unsent(limit: 2) == Array(all.prefix(2)))

    try await journal.markSent(Array(all.prefix(2)))
    #expect(try await journal.unsent(limit: 10) == Array(all.suffix(1)))
    try await journal.markSent(all)
    #expect(try await journal.unsent(limit: 10).isEmpty)
    try await journal.markSent([])
  }

  @Test("replays a range of a door, the oldest first, sent or not")
  func range() async throws {
    let journal = try open()
    for second in 0..<10 { _ = try await journal.append(draft(.open, at: Int64(second)), of: front) }
    _ = try await journal.append(draft(.open), of: back)
    try await journal.markSent(try await journal.unsent(limit: 5))
    #expect(
      try await journal.transitions(of: front, 3...6, limit: 100).map(\.transition.sequence) == [3, 4, 5, 6]
    )
    #expect(try await journal.transitions(of: front, 3...6, limit: 2).map(\.transition.sequence) == [3, 4])
    #expect(
      try await journal.transitions(of: front, 9...(.max), limit: 100).map(\.transition.sequence) == [9, 10]
    )
    #expect(try await journal.transitions(of: front, 11...20, limit: 100).isEmpty)
    #expect(try await journal.transitions(of: try Identifier("none"), 1...9, limit: 100).isEmpty)
  }

  // MARK: Over a restart

  @Test("keeps its name, its count and what was not told when it is opened again")
  func reopening() async throws {
    do {
      let journal = try open("5e1f0c77")
      for state in [DoorState.closed, .open, .closed] {
        _ = try await journal.append(draft(state), of: front)
      }
      try await journal.markSent(try await journal.unsent(limit: 2))
    }
    let journal = try open("another0")
    #expect(await journal.id == "5e1f0c77")
    #expect(try await journal.newest(of: front)?.sequence == 3)
    #expect(try await journal.unsent(limit: 10).map(\.transition.sequence) == [3])
    #expect(try await journal.append(draft(.open), of: front).sequence == 4)
    #expect(try await journal.unsent(limit: 10).map(\.transition.sequence) == [3, 4])
  }

  @Test("has a new name where its file is new")
  func newFile() async throws {
    #expect(try await open("5e1f0c77").id == "5e1f0c77")
    let other = try TransitionJournal(path: folder.file("other.sqlite"), newIdentifier: "0badcafe")
    #expect(await other.id == "0badcafe")
  }

  @Test(
    "takes up what earlier versions have written",
    arguments: [
      ("", [1, 2]),
      (
        """
        CREATE TABLE area (id TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT; PRAGMA user_version = 2;
        UPDATE transition SET sent = 1 WHERE seq = 1
        """, [2]
      ),
      ("UPDATE transition SET sent = 1 WHERE seq = 1", [2]),
      ("UPDATE transition SET sent = 1; DELETE FROM transition WHERE seq = 2", []),
      (
        """
        CREATE TABLE area (id TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT;
        ALTER TABLE journal ADD COLUMN sent_through INTEGER NOT NULL DEFAULT 0; UPDATE journal SET sent_through = 1;
        DROP INDEX transition_unsent; ALTER TABLE transition DROP COLUMN sent; PRAGMA user_version = 3;
        """, [2]
      ),
    ] as [(String, [Int64])])
  func migration(_ told: String, _ unsent: [Int64]) async throws {
    do {
      let connection = try SQLiteConnection(path: path)
      try connection.execute(
        """
        CREATE TABLE journal (id TEXT NOT NULL) STRICT;
        CREATE TABLE transition (
          id INTEGER PRIMARY KEY, door TEXT NOT NULL, seq INTEGER NOT NULL, state TEXT NOT NULL,
          since_ms INTEGER NOT NULL, boot TEXT NOT NULL, uptime_ms INTEGER NOT NULL, clock TEXT NOT NULL,
          cause TEXT NOT NULL, missed INTEGER NOT NULL, simulated INTEGER NOT NULL,
          sent INTEGER NOT NULL DEFAULT 0, UNIQUE (door, seq)
        ) STRICT;
        CREATE INDEX transition_unsent ON transition (id) WHERE sent = 0;
        PRAGMA user_version = 1;
        INSERT INTO journal VALUES ('0ld10ld1');
        """)
      try connection.execute(
        """
        INSERT INTO transition VALUES (1, 'front', 1, 'open', 7, 'b', 8, 'synced', 'edge', 0, 0, 0);
        INSERT INTO transition VALUES (2, 'front', 2, 'closed', 9, 'b', 10, 'synced', 'edge', 0, 0, 0);
        """)
      try connection.execute(told)
    }
    let journal = try open()
    #expect(await journal.id == "0ld10ld1")
    #expect(try await journal.unsent(limit: 10).map(\.transition.sequence) == unsent)
    #expect(try await journal.unsentCount() == unsent.count)
    #expect(try await journal.areas().isEmpty)
    #expect(try await journal.append(draft(.open), of: front).sequence == (unsent.last ?? 1) + 1)
  }

  // MARK: Beginning anew

  @Test("is contradicted by a transition of its own that it has not come to, or that it has otherwise")
  func contradiction() async throws {
    let journal = try open()
    let first = try await journal.append(draft(.closed), of: front)
    let second = try await journal.append(draft(.open), of: front)
    #expect(try await !journal.isContradicted(by: first, of: front))
    #expect(try await !journal.isContradicted(by: second, of: front))
    var other = second
    other.sequence = 3
    #expect(try await journal.isContradicted(by: other, of: front), "it is ahead")
    other = second
    other.since = Timestamp(milliseconds: 1)
    #expect(try await journal.isContradicted(by: other, of: front), "it is something else")
    #expect(try await journal.isContradicted(by: first, of: back), "nothing is known of this door")
    other.journal = "another0"
    other.sequence = 9
    #expect(try await !journal.isContradicted(by: other, of: front), "that is none of its own")
  }

  @Test("begins anew with what nobody has been told of, counted from 1, under another name for good")
  func beginningAnew() async throws {
    do {
      let journal = try open()
      for second in 0..<5 {
        _ = try await journal.append(draft(.open, at: Int64(second)), of: second % 2 == 0 ? front : back)
      }
      let told = try await journal.unsent(limit: 2)
      try await journal.markSent(told)
      let untold = try await journal.unsent(limit: 10)
      try await journal.beginAnew(as: "0badcafe")
      #expect(await journal.id == "0badcafe")
      let left = try await journal.unsent(limit: 10)
      #expect(left.map(\.transition.since.milliseconds) == [2_000, 3_000, 4_000])
      #expect(left.map(\.door) == [front, back, front])
      #expect(left.map(\.transition.sequence) == [1, 1, 2])
      #expect(left.allSatisfy { $0.transition.journal == "0badcafe" })
      // An acknowledgement that was under way means the old numbers.
      try await journal.markSent(untold)
      #expect(try await journal.unsent(limit: 10) == left)
    }
    let again = try open()
    #expect(await again.id == "0badcafe")
    #expect(try await again.append(draft(.closed), of: front).sequence == 3)
  }

  // MARK: Areas

  @Test("keeps what was last known of an area")
  func areas() async throws {
    let (home, shop) = (try Identifier("home"), try Identifier("shop"))
    do {
      let journal = try open()
      try await journal.note(.armedAway, of: home)
      try await journal.note(.disarmed, of: shop)
      try await journal.note(.triggered, of: home)
    }
    #expect(try await open().areas() == [home: .triggered, shop: .disarmed])
  }

  @Test("has nothing of a transaction that was not committed: a killed agent leaves none of it")
  func uncommitted() async throws {
    let kept = try await open().append(draft(.closed), of: front)
    do {
      let killed = try SQLiteConnection(path: path)
      try killed.execute(
        """
        BEGIN IMMEDIATE;
        INSERT INTO transition (door, seq, state, since_ms, boot, uptime_ms, clock, cause, missed, simulated)
        VALUES ('front', 2, 'open', 0, 'b', 0, 'synced', 'edge', 0, 0);
        """
      )
    }
    let again = try open()
    #expect(try await again.newest(of: front) == kept)
    #expect(try await again.append(draft(.open), of: front).sequence == 2)
  }

  @Test("undoes a transaction whose body throws, and goes on")
  func throwingTransaction() throws {
    let connection = try SQLiteConnection(path: folder.file("plain.sqlite"))
    try connection.execute("CREATE TABLE t (x)")
    #expect(throws: JournalError.self) {
      try connection.transaction { () throws(JournalError) in
        try connection.execute("INSERT INTO t VALUES (1)")
        try connection.execute("INSERT INTO nowhere VALUES (1)")
      }
    }
    try connection.transaction { () throws(JournalError) in try connection.execute("INSERT INTO t VALUES (2)")
    }
    #expect(try connection.prepare("SELECT x FROM t").rows([]) { $0.integer(0) } == [2])
  }

  @Test("writes ahead: SQLite's WAL")
  func durability() throws {
    _ = try open()
    let connection = try SQLiteConnection(path: path)
    #expect(try connection.prepare("PRAGMA journal_mode").rows([]) { $0.text(0) } == ["wal"])
  }

  // MARK: Bounded

  @Test("lets the oldest of a door go beyond its limit, and never one that nobody was told of")
  func pruning() async throws {
    let journal = try open(kept: 3)
    for _ in 0..<2 { _ = try await journal.append(draft(.open), of: front) }
    try await journal.markSent(try await journal.unsent(limit: 10))
    _ = try await journal.append(draft(.open), of: back)
    for _ in 3...12 { _ = try await journal.append(draft(.open), of: front) }
    func kept() async throws -> [Int64] {
      try await journal.transitions(of: front, 1...100, limit: 100).map(\.transition.sequence)
    }
    #expect(try await kept() == Array(1...12))
    try await journal.markSent(try await journal.unsent(limit: 4))
    #expect(try await kept() == Array(6...12), "the limit is three, but of these nobody was told")
    #expect(try await journal.transitions(of: back, 1...100, limit: 100).count == 1, "another door's stay")
    try await journal.markSent(try await journal.unsent(limit: 10))
    #expect(try await kept() == [10, 11, 12])
    #expect(try await journal.append(draft(.open), of: front).sequence == 13)
  }

  @Test(
    "looks for what is beyond the limit with the first acknowledgement after a start, and then now and then")
  func pruningAfterAStart() async throws {
    func tell(_ count: Int, by journal: TransitionJournal) async throws -> Int {
      for _ in 0..<count { _ = try await journal.append(draft(.open), of: front) }
      try await journal.markSent(try await journal.unsent(limit: 1_000))
      return try await journal.transitions(of: front, 1...1_000, limit: 1_000).count
    }
    do {
      let journal = try open(kept: 100)
      #expect(try await tell(150, by: journal) == 100)
      #expect(try await tell(60, by: journal) == 160)
    }
    let again = try open(kept: 100)
    #expect(try await tell(1, by: again) == 100)
    #expect(try await tell(60, by: again) == 160)
    #expect(try await tell(40, by: again) == 100)
  }

  // MARK: Files that are none

  @Test("is not begun in a folder that is missing, and says what to do")
  func missingFolder() {
    let path = folder.file("none/journal.sqlite")
    let error = #expect(throws: JournalError.self) { try TransitionJournal(path: path, newIdentifier: "x") }
    #expect(
      error?.description
        == "the journal \(path) cannot be opened: unable to open database file; its folder must exist and "
        + "belong to the agent's user"
    )
  }

  @Test("belongs to one agent at a time, and is free when that has ended")
  func inUse() async throws {
    var first: TransitionJournal? = try open()
    _ = try await first?.append(draft(.open), of: front)
    #expect(throws: JournalError.inUse(path: path)) { try open("another0") }
    first = nil
    #expect(try await open("another0").newest(of: front)?.state == .open)
  }

  @Test("does not take a database of another program, and says what to do")
  func otherDatabase() throws {
    let connection = try SQLiteConnection(path: path)
    try connection.execute("CREATE TABLE recipe (name); PRAGMA user_version = 1;")
    let error = #expect(throws: JournalError.self) { try open() }
    guard case .unusable = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("does not take what a newer program wrote")
  func newerSchema() throws {
    _ = try open()
    try SQLiteConnection(path: path).execute("PRAGMA user_version = 5")
    let error = #expect(throws: JournalError.self) { try open() }
    #expect(
      error
        == .unusable(path: path, reason: "a newer program wrote it (version 5)")
    )
  }

  @Test("says which transition makes no sense where somebody changed one")
  func damagedRow() async throws {
    _ = try await open().append(draft(.open), of: front)
    try SQLiteConnection(path: path).execute("UPDATE transition SET state = 'ajar'")
    let journal = try open()
    await #expect(throws: JournalError.unusable(path: path, reason: "transition 1 makes no sense")) {
      try await journal.newest(of: front)
    }
  }
}
