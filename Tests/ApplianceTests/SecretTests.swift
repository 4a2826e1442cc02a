import Foundation
import TestSupport
import Testing

@testable import Appliance

@Suite("A secret")
struct SecretTests {
  private struct Settings: SettingsReadable {
    var password: Secret?

    init(reading table: SettingsTable) throws(SettingsError) {
      password = try Secret.read("password", from: table)
    }
  }

  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func refusal(_ text: String) -> String? {
    #expect(throws: SettingsError.self) { try Settings(text: text, file: "x.toml") }?.description
  }

  // MARK: Never shown

  @Test("is shown by nothing that prints")
  func hidden() {
    let secret = Secret("hunter2")
    var dumped = ""
    dump(secret, to: &dumped)
    dump(["a": BrokerHolder(password: secret)], to: &dumped)
    let shown = [
      secret.description, secret.debugDescription, "\(secret)", String(describing: secret),
      String(reflecting: secret), "\([secret])", "\(Optional(secret) as Any)", "\(["k": secret])",
      "\(BrokerHolder(password: secret))", String(reflecting: BrokerHolder(password: secret)), dumped,
      "\(Mirror(reflecting: secret).children.map { "\($0)" })",
    ]
    for text in shown { #expect(!text.contains("hunter2")) }
    #expect("\(secret)" == "(secret)")
    #expect(secret.reveal() == "hunter2")
  }

  private struct BrokerHolder {
    var password: Secret
  }

  @Test("is not shown by an error about its file either")
  func hiddenInErrors() throws {
    let path = try folder.write("hunter2\u{0}" + String(repeating: "x", count: 20_000), to: "long")
    let reason = try #require(refusal("password_file = '\(path)'"))
    #expect(!reason.contains("hunter2"))
  }

  // MARK: From a file

  @Test(
    "is what its file holds, without the line break at its end",
    arguments: [
      ("hunter2", "hunter2"), ("hunter2\n", "hunter2"), ("hunter2\r\n", "hunter2"),
      ("hunter2\n\n", "hunter2"),
      (" a b \n", " a b "), ("a\nb\n", "a\nb"), ("Tür", "Tür"),
    ]
  )
  func file(_ content: String, _ text: String) throws {
    let path = try folder.write(content, to: "password")
    let settings = try Settings(text: "password_file = '\(path)'", file: "x.toml")
    #expect(settings.password?.reveal() == text)
  }

  @Test("is none where the settings name none")
  func none() throws {
    #expect(try Settings(text: "", file: "x.toml").password == nil)
  }

  @Test("that is missing says where it should be")
  func missing() {
    let path = folder.file("none")
    #expect(
      refusal("\npassword_file = '\(path)'")
        == "x.toml:2: password_file must be a file with the secret in it; \(path) cannot be read: "
        + "No such file or directory"
    )
  }

  @Test("that is empty says so", arguments: ["", "\n", "\r\n\n"])
  func empty(_ content: String) throws {
    let path = try folder.write(content, to: "password")
    #expect(
      refusal("password_file = '\(path)'")
        == "x.toml:1: password_file must be a file with the secret in it; \(path) cannot be read: it is empty"
    )
  }

  @Test("has 16 KiB at most")
  func tooLong() throws {
    let path = try folder.write(String(repeating: "x", count: 16_385), to: "password")
    #expect(refusal("password_file = '\(path)'")?.hasSuffix("it has more than 16384 bytes") == true)
  }

  @Test("does not stand in the settings themselves")
  func plain() {
    #expect(
      refusal("password = 'hunter2'")
        == "x.toml:1: password is not known here; there are password_credential, password_file"
    )
  }

  @Test("is named once")
  func twice() {
    #expect(
      refusal("password_file = '/a'\npassword_credential = 'b'")
        == "x.toml:2: password_credential must be left out where password_file is given"
    )
  }

  // MARK: From systemd. The environment is the process's, so these run in processes of their own.

  @Test("is a credential of systemd's")
  func credential() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      _ = try folder.write("hunter2\n", to: "broker")
      setenv("CREDENTIALS_DIRECTORY", folder.path, 1)
      let settings = try Settings(text: "password_credential = 'broker'", file: "x.toml")
      #expect(settings.password?.reveal() == "hunter2")
      let error = #expect(throws: SettingsError.self) {
        try Settings(text: "password_credential = 'other'", file: "x.toml")
      }
      #expect(
        error?.description
          == "x.toml:1: password_credential must be a file with the secret in it; \(folder.path)/other "
          + "cannot be read: No such file or directory"
      )
    }
  }

  @Test("is no credential without systemd, and the error says what the unit lacks")
  func noSystemd() async {
    await #expect(processExitsWith: .success) {
      unsetenv("CREDENTIALS_DIRECTORY")
      let error = #expect(throws: SettingsError.self) {
        try Settings(text: "password_credential = 'broker'", file: "x.toml")
      }
      #expect(
        error?.description
          == "x.toml:1: password_credential must be used under systemd, with LoadCredential=broker:… in the unit"
      )
    }
  }

  @Test("is no credential by a path", arguments: ["/etc/shadow", "../other", ".", "..", "a/b"])
  func credentialPath(_ name: String) {
    #expect(
      refusal("password_credential = '\(name)'")
        == "x.toml:1: password_credential must be the name of a credential, without /"
    )
  }
}
