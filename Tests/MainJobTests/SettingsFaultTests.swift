import Foundation
import MainJobSupport
import TestSupport
import Testing

/// Settings that are not as they should be stop a program before it starts.
@Suite struct SettingsFaultTests {
  @Test(
    "a missing file, an unknown key and a missing folder are said with the place",
    arguments: ["agent", "notifier"])
  func faults(program: String) async throws {
    try await Household.with { house in
      let name = "door-\(program)"
      let missing = try await ProgramAnswer.of(name, ["--config", "/nowhere/\(program).toml", "--check"])
      #expect(missing.status == 78)
      #expect(missing.errors.contains("/nowhere/\(program).toml cannot be read: No such file or directory"))

      let file = house.file("\(program).toml")
      let settings = try String(contentsOf: file, encoding: .utf8)
      try (settings + "prot = 1\n").write(to: file, atomically: true, encoding: .utf8)
      let unknown = try await ProgramAnswer.of(name, ["--config", file.path])
      #expect(unknown.status == 78)
      let line = settings.split(separator: "\n", omittingEmptySubsequences: false).count
      #expect(unknown.errors.contains("\(program).toml:\(line): "), "\(unknown.errors)")
      #expect(unknown.errors.contains(".prot is not known here; there are "))

      let elsewhere = settings.replacingOccurrences(of: ".sqlite\"", with: "/nowhere/x.sqlite\"")
      try elsewhere.write(to: file, atomically: true, encoding: .utf8)
      let folder = try await ProgramAnswer.of(name, ["--config", file.path])
      #expect(folder.status == 73)
      #expect(folder.errors.contains("its folder must exist and belong to"), "\(folder.errors)")
    }
  }

  @Test("neither the broker's password nor a webhook's key is in any log, whatever its level")
  func secrets() async throws {
    try await Household.with { house in
      let key = "key-that-nobody-may-see"
      let settings = try String(contentsOf: house.file("notifier.toml"), encoding: .utf8)
        .replacingOccurrences(
          of: "url = \"\(house.webhook.address)\"", with: "url_file = \"\(house.file("hook").path)\"")
      try settings.write(to: house.file("notifier.toml"), atomically: true, encoding: .utf8)
      try "\(house.webhook.address)?key=\(key)\n".write(
        to: house.file("hook"), atomically: true, encoding: .utf8)
      house.webhook.answer(500)
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      #expect(try await house.doorctl("arm", "home").status == 0)
      try house.set("front", "open")
      try await house.notifier.says("the webhook answered HTTP 500")
      house.webhook.end()
      try await house.notifier.says("cannot be reached")
      for log in [house.agent.log, house.notifier.log] {
        #expect(!log.contains(key))
        #expect(!log.contains(Household.password))
      }
      let store =
        try Data(contentsOf: house.file("store.sqlite")) + Data(contentsOf: house.file("store.sqlite-wal"))
      #expect(store.range(of: Data(key.utf8)) == nil)
    }
  }
}
