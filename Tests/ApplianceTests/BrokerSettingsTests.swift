import TestSupport
import Testing

@testable import Appliance

@Suite("The broker's settings")
struct BrokerSettingsTests {
  private struct Settings: SettingsReadable {
    var broker: BrokerSettings

    init(reading table: SettingsTable) throws(SettingsError) {
      broker = try BrokerSettings(reading: table)
    }
  }

  private func refusal(_ text: String) -> String? {
    #expect(throws: SettingsError.self) { try Settings(text: text, file: "x.toml") }?.description
  }

  @Test("are its host, and what brokers have by default")
  func least() throws {
    let broker = try Settings(text: "host = '127.0.0.1'", file: "x.toml").broker
    #expect(broker.host == "127.0.0.1")
    #expect(broker.port == 1_883)
    #expect(broker.userName == nil)
    #expect(broker.password == nil)
    #expect(broker.keepAlive == .seconds(30))
  }

  @Test("mean port 8883 where the connection is encrypted")
  func encrypted() throws {
    let broker = try Settings(text: "host = 'b'\ntls = true\nca_file = '/etc/passwd'", file: "x.toml").broker
    #expect(broker.port == 8_883)
    #expect(broker.tls == TLSSettings(authorityFile: "/etc/passwd"))
  }

  @Test("can say everything")
  func whole() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("hunter2\n", to: "password")
    let broker = try Settings(
      text: "host = 'b'\nport = 65535\nusername = 'agent'\npassword_file = '\(path)'\nkeep_alive_s = 5",
      file: "x.toml"
    ).broker
    #expect(broker.port == 65_535)
    #expect(broker.userName == "agent")
    #expect(broker.password == Secret("hunter2"))
    #expect(broker.keepAlive == .seconds(5))
    #expect(!"\(broker)".contains("hunter2"))
  }

  @Test(
    "say what is wrong with them",
    arguments: [
      ("", "x.toml:1: host is missing: the broker's name or address"),
      ("host = ''", "x.toml:1: host must be a string that is not empty"),
      ("host = 'b'\nport = 0", "x.toml:2: port must be a whole number from 1 to 65535"),
      ("host = 'b'\nport = 70000", "x.toml:2: port must be a whole number from 1 to 65535"),
      ("host = 'b'\nkeep_alive_s = 4", "x.toml:2: keep_alive_s must be a whole number from 5 to 3600"),
      (
        "host = 'b'\npassword_file = '/dev/null'",
        "x.toml:2: password_file must be a file with the secret in it; /dev/null cannot be read: it is empty"
      ),
      (
        "host = 'b'\nca_file = '/etc/passwd'",
        "x.toml:1: tls must be true where ca_file or certificate_file is given"
      ),
      (
        "host = 'b'\ntls = true\nca_file = '/nowhere/ca.pem'",
        "x.toml:3: ca_file must be a file; /nowhere/ca.pem cannot be read: No such file or directory"
      ),
      (
        "host = 'b'\ntls = true\ncertificate_file = '/etc/passwd'",
        "x.toml:3: certificate_file must be given together with key_file"
      ),
      (
        "host = 'b'\nuser = 'x'",
        "x.toml:2: user is not known here; there are ca_file, certificate_file, host, "
          + "keep_alive_s, key_file, password_credential, password_file, port, tls, username"
      ),
    ]
  )
  func faulty(_ text: String, _ reason: String) {
    #expect(refusal(text) == reason)
  }

  @Test("have no password without a name")
  func passwordAlone() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("hunter2\n", to: "password")
    #expect(
      refusal("host = 'b'\npassword_file = '\(path)'")
        == "x.toml:1: username must be given where there is a password"
    )
  }
}
