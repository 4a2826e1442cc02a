import DoorCore
import Foundation
import TestSupport
import Testing

@testable import Journal

@Suite("Opening a journal")
struct JournalOpeningTests {
  private let folder: TemporaryFolder
  private let front: Identifier

  init() throws {
    folder = try TemporaryFolder()
    front = try Identifier("front")
  }

  private var path: String { folder.file("journal.sqlite") }

  private let draft = TransitionDraft(
    state: .open, since: Timestamp(milliseconds: 0), boot: "9f3c51d2", uptimeMilliseconds: 1, clock: .synced,
    cause: .edge)

  /// A journal of so many pages that damage has a place, written out of the log and closed.
  private func write(_ name: String, count: Int = 1_000) async throws {
    let journal = try JournalOpening(path: path, newIdentifier: name).journal
    for _ in 0..<count { _ = try await journal.append(draft, of: front) }
  }

  private func damage(at offset: UInt64, with bytes: [UInt8]) throws {
    let file = try FileHandle(forWritingTo: URL(filePath: path))
    try file.seek(toOffset: offset)
    try file.write(contentsOf: bytes)
    try file.close()
  }

  @Test("takes a whole one as it is")
  func whole() async throws {
    try await write("first", count: 3)
    let opening = try JournalOpening(path: path, newIdentifier: "second")
    #expect(opening.setAside == nil)
    #expect(await opening.journal.id == "first")
    #expect(try await opening.journal.newest(of: front)?.sequence == 3)
  }

  @Test("sets a damaged one aside, whole and under a name of its own, and begins a new one")
  func damaged() async throws {
    for (number, offset) in [UInt64(0), 4_096].enumerated() {
      let name = "journal-\(number)"
      try await write(name)
      try damage(at: offset, with: Array(repeating: 0xA5, count: 2_048))
      let bytes = try Data(contentsOf: URL(filePath: path))
      let opening = try JournalOpening(path: path, newIdentifier: "after-\(number)")
      let (reason, aside) = try #require(opening.setAside)
      #expect(aside == "\(path).damaged-\(number + 1)" && !reason.isEmpty)
      #expect(try Data(contentsOf: URL(filePath: aside)) == bytes)
      #expect(await opening.journal.id == "after-\(number)")
      #expect(try await opening.journal.append(draft, of: front).sequence == 1)
      try FileManager.default.removeItem(atPath: path)
      for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }
  }

  @Test("keeps nine damaged ones, and replaces the last")
  func bounded() throws {
    for number in 1...11 {
      try
        "no database, number \(number), but long enough to be looked at for a header of one, and then some more"
        .write(toFile: path, atomically: true, encoding: .utf8)
      _ = try JournalOpening(path: path, newIdentifier: "new")
      for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }
    let kept = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
      $0.contains("damaged")
    }
    #expect(kept.count == 9)
    #expect(try String(contentsOfFile: "\(path).damaged-9", encoding: .utf8).contains("number 11"))
  }

  @Test("leaves alone what is whole and no journal")
  func foreign() throws {
    try SQLiteConnection(path: path).execute("CREATE TABLE recipe (name); PRAGMA user_version = 1;")
    #expect(throws: JournalError.unusable(path: path, reason: "another program wrote it")) {
      try JournalOpening(path: path, newIdentifier: "new")
    }
    #expect(access(path, F_OK) == 0)
  }
}
