import DoorCore
import Foundation
import Glibc
import SQLiteSupport
import TestSupport
import Testing

@testable import Journal

/// The process dies in each of its writes to the journal's files, one after the other.
@Suite("A journal whose agent is killed")
struct JournalKillTests {
  /// Where in a write it dies: SQLite has no say in either.
  enum Moment: String, CaseIterable, Codable {
    case halfWritten, written
  }

  private static func draft(_ number: Int) -> TransitionDraft {
    TransitionDraft(
      state: number % 2 == 0 ? .open : .closed, since: Timestamp(milliseconds: Int64(number)), boot: "b",
      uptimeMilliseconds: Int64(number), clock: .synced, cause: .edge)
  }

  /// Opens a journal, writes transitions, has some marked as sent, and says each thing when it is done.
  private static func work(at path: String) async throws {
    let front = try Identifier("front")
    let journal = try TransitionJournal(path: path, newIdentifier: "5e1f0c77", keptPerDoor: 4)
    say("opened")
    for number in 1...8 {
      _ = try await journal.append(draft(number), of: front)
      say("appended \(number)")
      guard number % 3 == 0 else { continue }
      try await journal.markSent(try await journal.unsent(limit: 2))
      say("marked")
    }
    say("finished")
    kill(getpid(), SIGKILL)
  }

  private static func say(_ text: String) {
    let line = text + "\n"
    _ = line.withCString { write(STDOUT_FILENO, $0, strlen($0)) }
  }

  @Test(
    "has all that was committed, whichever write it died in, and goes on from there",
    arguments: Moment.allCases)
  func killed(_ moment: Moment) async throws {
    var writes = 0
    var isFinished = false
    while !isFinished {
      writes += 1
      let folder = try TemporaryFolder()
      let path = folder.file("journal.sqlite")
      let (last, moment) = (writes, moment)
      let result = await #expect(
        processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]
      ) { [path = path as String, last = last as Int, moment = moment as Moment] in
        DyingWrites.begin(diesIn: last, halfWritten: moment == .halfWritten)
        try await JournalKillTests.work(at: path)
      }
      let said = String(decoding: try #require(result).standardOutputContent, as: UTF8.self)
        .split(separator: "\n")
      isFinished = said.last == "finished"
      try await check(path, said.map(String.init), "\(moment), write \(writes)")
    }
    // Every commit is a write at least.
    #expect(writes > 12)
  }

  private func check(_ path: String, _ said: [String], _ comment: Comment) async throws {
    let front = try Identifier("front")
    let journal = try TransitionJournal(path: path, newIdentifier: "another0", keptPerDoor: 4)
    if said.contains("opened") { #expect(await journal.id == "5e1f0c77", comment) }
    let appended = said.count { $0.hasPrefix("appended") }
    let newest = try await journal.newest(of: front)?.sequence ?? 0
    // The one that was under way may have been committed, too.
    #expect(newest == appended || newest == appended + 1, comment)
    let kept = try await journal.transitions(of: front, 1...100, limit: 100).map(\.transition)
    for transition in kept {
      let draft = Self.draft(Int(transition.sequence))
      #expect(transition.state == draft.state && transition.since == draft.since, comment)
    }
    let unsent = try await journal.unsent(limit: 100).map(\.transition.sequence)
    let marks = 2 * said.count { $0 == "marked" }
    #expect(unsent == Array((newest - Int64(unsent.count) + 1)..<(newest + 1)), comment)
    #expect([marks, marks + 2].contains(Int(newest) - unsent.count), comment)
    #expect(try await journal.append(Self.draft(99), of: front).sequence == newest + 1, comment)
  }
}
