import Foundation
import MainJobSupport
import TestSupport
import Testing

/// How the agent ends where it cannot do its work: as `sysexits.h` has it, so that scripts and systemd can tell.
@Suite struct ExitStatusTests {
  private func ends(_ house: Household, _ arguments: String...) async throws -> ProgramAnswer {
    try await ProgramAnswer.of(
      "door-agent", arguments.isEmpty ? ["--config", house.file("agent.toml").path] : arguments)
  }

  @Test("64 for a command line that it does not understand, 78 for settings that are not valid")
  func usage() async throws {
    try await Household.with { house in
      let usage = try await ends(house, "--nonsense")
      #expect(usage.status == 64)
      let settings = try await ends(house, "--config", house.file("missing.toml").path)
      #expect(settings.status == 78)
    }
  }

  @Test("73 where another agent has its journal")
  func secondAgent() async throws {
    try await Household.with { house in
      try house.agent.start()
      try await house.agent.says("agent house watches")
      let second = try await ends(house)
      #expect(second.status == 73)
      #expect(second.errors.contains("the journal \(house.journalPath) is in use: only one agent"))
      #expect(house.agent.isRunning)
    }
  }

  @Test("73 where its journal cannot be made, 65 where the file there is none of its own")
  func journal() async throws {
    try await Household.with { house in
      let folder = URL(filePath: house.journalPath).deletingLastPathComponent()
      try FileManager.default.removeItem(at: folder)
      let missing = try await ends(house)
      #expect(missing.status == 73)
      #expect(missing.errors.contains("cannot be opened"))
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try runProgram(
        "/usr/bin/python3",
        [
          "-c",
          "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA user_version = 99'); c.commit()",
          house.journalPath,
        ])
      let foreign = try await ends(house)
      #expect(foreign.status == 65)
      #expect(foreign.errors.contains("a newer program wrote it (version 99)"))
    }
  }
}
