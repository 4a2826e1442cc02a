import Foundation
import MainJobSupport
import TestSupport
import Testing

/// The settings that users are given to begin with.
@Suite struct ExamplesTests {
  @Test(
    "the examples are valid as they are", arguments: ["agent", "notifier", "notifier-flat", "notifier-shop"])
  func examples(name: String) async throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("a password\n", to: "mqtt-password")
    _ = try folder.write("https://phone.example/hook\n", to: "phone-url")
    for secret in ["ntfy-topic", "pushover-token", "pushover-ada"] {
      _ = try folder.write("secret\n", to: secret)
    }
    _ = try folder.write("123456:ABC-def_1\n", to: "telegram-token")
    for user in ["ada", "ben", "cleaning", "ada-duress"] {
      _ = try folder.write(
        "$7$CU..../....salt0salt0salt$9NTcPqr964uhbZ8GU.ktizfagcNK/Zw1gg.gOwV5xE7\n", to: "code-\(user)")
    }
    let program = name.prefix { $0 != "-" }
    let answer = try await ProgramAnswer.of(
      "door-\(program)", ["--config", example(name), "--check"],
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
