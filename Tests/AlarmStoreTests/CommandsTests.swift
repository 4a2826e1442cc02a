import DoorCore
import GRDB
import Testing

@testable import AlarmStore

@Suite("The record of commands")
struct CommandsTests {
  private func record(_ person: String?, at second: Int64, _ house: House) -> CommandRecord {
    CommandRecord(
      at: seconds(second), area: house.area, person: person, source: "keypad", command: "disarm",
      outcome: "done")
  }

  @Test("has who commanded what and from where, the newest first")
  func records() async throws {
    let house = try House()
    let (first, second) = (record("Ada", at: 1, house), record(nil, at: 2, house))
    try await house.store.transact { store in
      try store.noteCommand(first)
      try store.noteCommand(second)
      try expect(store.commands(limit: 9), is: [second, first])
      try expect(store.commands(limit: 1), is: [second])
    }
  }

  @Test("has an end: the oldest go")
  func limit() async throws {
    let house = try House()
    let (first, last) = (record("Ada", at: 1, house), record("Ben", at: 2, house))
    try await house.store.transact { store in
      try store.noteCommand(first)
      try store.noteCommand(first)
      // As if very many had come since.
      try store.database.execute(
        sql: "UPDATE command SET id = ? WHERE id = 2", arguments: [StoreTransaction.commandLimit])
      try store.noteCommand(last)
      try expect(store.commands(limit: 9), is: [last, first])
    }
  }
}
