import Appliance
import TestSupport
import Testing

@testable import Delivery

@Suite("What the services' tables have in common")
struct ServiceSettingsTests {
  private struct Servers: SettingsReadable {
    var own: String
    var usual: String

    init(reading table: SettingsTable) throws(SettingsError) {
      own = try table.server(nil)
      usual = try table.server("https://usual.example/")
    }
  }

  private struct UsualServer: SettingsReadable {
    var server: String

    init(reading table: SettingsTable) throws(SettingsError) {
      server = try table.server("https://usual.example/")
    }
  }

  private struct HiddenKey: SettingsReadable {
    var key: Secret

    init(reading table: SettingsTable) throws(SettingsError) {
      key = try table.secret("key", "the key of the device")
    }
  }

  private struct AnyKey: SettingsReadable {
    var key: Secret

    init(reading table: SettingsTable) throws(SettingsError) {
      key = try table.secretOrPlain("key", "the key of the device")
    }
  }

  private struct Address: SettingsReadable {
    var address: WebAddress

    init(reading table: SettingsTable) throws(SettingsError) {
      address = try table.webAddress("url", "where to")
    }
  }

  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func refusal<Settings: SettingsReadable>(_ type: Settings.Type, _ text: String) -> String? {
    #expect(throws: SettingsError.self) { try Settings(text: text, file: "n.toml") }?.description
  }

  // MARK: Servers

  @Test(
    "is a server without a slash at its end",
    arguments: [
      ("https://a.example", "https://a.example"), ("https://a.example/", "https://a.example"),
      ("http://a:8080/push///", "http://a:8080/push"),
    ])
  func server(_ text: String, _ server: String) throws {
    let servers = try Servers(text: "server = '\(text)'", file: "n.toml")
    #expect(servers.own == server)
    #expect(servers.usual == server)
  }

  @Test("is everybody's server where there is one")
  func usualServer() throws {
    #expect(try UsualServer(text: "", file: "n.toml").server == "https://usual.example")
    #expect(refusal(Servers.self, "") == "n.toml:1: server is missing: the address of the server")
  }

  @Test(
    "is no server that is no address", arguments: ["a.example", "ftp://a", "https://", "/", "https:///x"])
  func noServer(_ text: String) {
    #expect(
      refusal(UsualServer.self, "server = '\(text)'")
        == "n.toml:1: server must be what makes an http or https address; what it holds does not")
  }

  // MARK: Secrets

  @Test("is a secret in a file, and never in the settings themselves")
  func hiddenKey() throws {
    let file = try folder.write("hunter2\n", to: "key")
    #expect(try HiddenKey(text: "key_file = '\(file)'", file: "n.toml").key == Secret("hunter2"))
    #expect(
      refusal(HiddenKey.self, "")
        == "n.toml:1: key_file is missing: a file with the key of the device (or key_credential)")
    #expect(refusal(HiddenKey.self, "key = 'hunter2'")?.contains("hunter2") == false)
  }

  @Test("is a text in the settings, or a secret in a file, and not both")
  func anyKey() throws {
    let file = try folder.write("hunter2\n", to: "key")
    #expect(try AnyKey(text: "key_file = '\(file)'", file: "n.toml").key == Secret("hunter2"))
    let plain = try AnyKey(text: "key = 'hunter2'", file: "n.toml")
    #expect(plain.key == Secret("hunter2"))
    #expect(!"\(plain)".contains("hunter2"))
    #expect(
      refusal(AnyKey.self, "key_file = '\(file)'\nkey = 'hunter2'")
        == "n.toml:2: key must be left out where key_file is given")
    #expect(
      refusal(AnyKey.self, "")
        == "n.toml:1: key is missing: the key of the device (key_file where it is to be secret)")
  }

  @Test("is an address that no refusal shows")
  func address() throws {
    let file = try folder.write("https://a.example/hunter2\n", to: "url")
    #expect(
      try Address(text: "url_file = '\(file)'", file: "n.toml").address.reveal()
        == "https://a.example/hunter2")
    #expect(
      refusal(Address.self, "url = 'a.example/hunter2'")
        == "n.toml:1: url must be what makes an http or https address; what it holds does not")
  }

  // MARK: Long texts

  @Test(
    "is a text of so many bytes, cut between characters",
    arguments: [
      ("", 0, ""), ("abc", 3, "abc"), ("abcd", 3, "…"), ("abcdef", 5, "ab…"), ("门门门", 9, "门门门"),
      ("门门门", 8, "门…"), ("门门门", 6, "门…"), ("门门门", 5, "…"), ("e\u{301}e\u{301}", 5, "…"),
      ("e\u{301}e\u{301}", 6, "e\u{301}e\u{301}"), ("👩🏽‍🚒x", 15, "…"), ("👩🏽‍🚒👩🏽‍🚒", 18, "👩🏽‍🚒…"), ("a", 0, ""),
      ("abcd", 2, ""), ("a", .max, "a"),
    ])
  func shortenedToBytes(_ text: String, _ limit: Int, _ short: String) {
    let result = text.shortened(toBytes: limit)
    #expect(result.utf8.elementsEqual(short.utf8), "\(result)")
    #expect(result.utf8.count <= limit)
  }

  @Test(
    "is a text of so many UTF-16 units, cut between characters",
    arguments: [
      ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("门门门", 3, "门门门"), ("门门门", 2, "门…"), ("👍👍", 4, "👍👍"),
      ("👍👍", 3, "👍…"), ("👍👍👍", 4, "👍…"), ("👩🏽‍🚒x", 7, "…"), ("ab", 0, ""),
    ])
  func shortenedToUnits(_ text: String, _ limit: Int, _ short: String) {
    let result = text.shortened(toUnits: limit)
    #expect(result.utf16.elementsEqual(short.utf16), "\(result)")
    #expect(result.utf16.count <= limit)
  }

  @Test("is a text of which as much is kept as fits", arguments: 0..<UInt64(50))
  func shortenedLong(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let letters = ["a", "ü", "门", "👍", "👩🏽‍🚒"]
    let text = (0..<Int.random(in: 0...200, using: &random)).map { _ in
      letters[Int.random(in: 0..<letters.count, using: &random)]
    }.joined()
    let limit = Int.random(in: 3...300, using: &random)
    let short = text.shortened(toBytes: limit)
    guard text.utf8.count > limit else {
      #expect(short == text)
      return
    }
    #expect(short.hasSuffix("…") && text.hasPrefix(short.dropLast()))
    let next = text.dropFirst(short.count - 1).first
    #expect(short.utf8.count + (next?.utf8.count ?? 0) > limit, "one more would have fitted")
    #expect(short.utf8.count <= limit)
  }
}
