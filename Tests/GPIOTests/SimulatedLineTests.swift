import DoorCore
import Foundation
import GPIO
import MainJobSupport
import TestSupport
import Testing

/// Doors made of files, for trying without hardware.
@Suite struct SimulatedLineTests {
  /// A file in a folder of its own.
  private func withFile(_ body: (URL) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lines-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder.appendingPathComponent("front"))
  }

  private func write(_ word: String, to file: URL) throws {
    try (word + "\n").write(to: file, atomically: false, encoding: .utf8)
  }

  @Test("a file that is not there begins as a closed door; each word written is a change")
  func words() async throws {
    try await withFile { file in
      try await LineReports.watching(.simulated(path: file.path)) { line in
        try await eventually("the first level") { line.levels == [.low] }
        #expect(try String(contentsOf: file, encoding: .utf8) == "closed\n")
        for (word, levels) in [("open", [LineLevel.low, .high]), ("closed", [.low, .high, .low])] {
          try write(word, to: file)
          try await eventually(word) { line.levels == levels }
        }
        #expect(line.causes.first == .boot)
      }
    }
  }

  @Test("a file moved into its place counts like one written")
  func replaced() async throws {
    try await withFile { file in
      try write("closed", to: file)
      try await LineReports.watching(.simulated(path: file.path), checkPeriod: .seconds(3_600)) { line in
        try await eventually("the first level") { line.levels == [.low] }
        try "open".write(to: file, atomically: true, encoding: .utf8)
        try await eventually("the change") { line.levels == [.low, .high] }
      }
    }
  }

  @Test("another word makes the line unreadable with a hint; the right one takes it up again")
  func nonsense() async throws {
    try await withFile { file in
      try write("ajar", to: file)
      try await LineReports.watching(.simulated(path: file.path)) { line in
        try await eventually("the fault") {
          line.errors.first?.contains("holds \"ajar\"; it is a file that holds the word open or closed")
            == true
        }
        try write("open", to: file)
        try await eventually("the level") { line.levels == [.high] }
      }
    }
  }

  @Test("a folder that is not there is said")
  func missingFolder() async throws {
    try await LineReports.watching(.simulated(path: "/nowhere/front")) { line in
      try await eventually("the fault") { line.errors.first?.contains("No such file or directory") == true }
    }
  }
}
