import Foundation
import MainJobSupport
import TestSupport
import Testing

/// The settings that users are given to begin with.
@Suite struct ExamplesTests {
  @Test("the examples are valid as they are", arguments: ["agent", "notifier"])
  func examples(program: String) async throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("a password\n", to: "mqtt-password")
    let answer = try await ProgramAnswer.of(
      "door-\(program)", ["--config", example(program), "--check"],
      environment: ["CREDENTIALS_DIRECTORY": folder.path])
    #expect(answer.status == 0, "\(answer.errors)")
    #expect(answer.output.hasPrefix("valid: "))
  }

  @Test("doorctl's example names what it needs: its password's file")
  func doorctl() async throws {
    let answer = try await ProgramAnswer.of("doorctl", ["state", "--config", example("doorctl")])
    #expect(answer.status == 78)
    #expect(answer.errors.contains("/etc/dooralarm/doorctl-password cannot be read"))
  }

  private func example(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../deploy/examples/\(name).toml").path
  }
}
