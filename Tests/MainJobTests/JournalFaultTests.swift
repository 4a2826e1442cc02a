import AlarmStore
import DoorCore
import Foundation
import MainJobSupport
import TestSupport
import Testing

/// What becomes of a household whose agent has lost its journal.
@Suite struct JournalFaultTests {
  @Test("a damaged journal is set aside and a new one begun: agent and notifier say so, and doors go on")
  func damaged() async throws {
    try await Household.with { house in
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      #expect(try await house.doorctl("arm", "home").status == 0)
      #expect(house.agent.terminate() == 0)
      let journal = URL(filePath: house.journalPath)
      // Nothing whole is left; out of its write-ahead log alone SQLite would read all of it.
      try FileManager.default.removeItem(atPath: journal.path + "-wal")
      try Data(repeating: 0xA5, count: 40_000).write(to: journal)
      try house.agent.start()
      try await house.agent.says("a new one begins, and what the broker was not told of is lost")
      #expect(FileManager.default.fileExists(atPath: journal.path + ".damaged-1"))
      try await house.sees("house/front: closed", status: 0)
      try house.set("front", "open")
      try await house.sees("house/front: open", status: 1)
      try await eventually("the alarm") {
        house.webhook.requests.contains {
          $0.json["severity"] as? String == "alarm" && $0.json["door"] as? String == "front"
        }
      }
      try await house.notifier.says("the agent's journal began anew at transition 1")
    }
  }

  @Test("a journal that was put back from a copy becomes a new one, and no number means two transitions")
  func putBack() async throws {
    try await Household.with { house in
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      #expect(house.agent.terminate() == 0)
      let journal = URL(filePath: house.journalPath)
      let files = ["", "-wal"].map { URL(filePath: journal.path + $0) }
      let copies = files.map { try? Data(contentsOf: $0) }
      try house.agent.start()
      for state in ["open", "closed", "open"] {
        try house.set("front", state)
        try await house.sees("house/front: \(state)")
      }
      let before = try await house.history(of: "front")
      #expect(house.agent.terminate() == 0)
      for (file, copy) in zip(files, copies) {
        try? FileManager.default.removeItem(at: file)
        try copy?.write(to: file)
      }
      try? FileManager.default.removeItem(atPath: journal.path + "-shm")
      try house.agent.start()
      try await house.agent.says("it was put back from a copy, and is a new journal")
      try house.set("front", "closed")
      try await house.sees("house/front: closed")
      try await eventually("the history") { try await house.history(of: "front").count > before.count }
      let history = try await house.history(of: "front")
      #expect(Array(history.prefix(before.count)) == before)
      #expect(history.last?.transition.state == .closed)
      let identities = history.map { "\($0.transition.journal) \($0.transition.sequence)" }
      #expect(Set(identities).count == identities.count)
      #expect(Set(history.map(\.transition.journal)).count == 2)
    }
  }
}
