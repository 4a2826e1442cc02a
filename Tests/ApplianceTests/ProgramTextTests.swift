import Appliance
import Foundation
import Testing

@Suite("The program's code in memory")
struct ProgramTextTests {
  /// What the process holds of files, KiB.
  private func resident() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssFile:") })
    return try #require(line.split(separator: " ").compactMap { Int($0) }.first)
  }

  @Test("is let go of where nobody uses it, and there again for whoever does")
  func release() throws {
    let before = try resident()
    ProgramText.releaseUnused()
    let after = try resident()
    #expect(after < before / 2)
  }
}
