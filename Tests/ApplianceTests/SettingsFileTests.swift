import TestSupport
import Testing

@testable import Appliance

@Suite("A settings file")
struct SettingsFileTests {
  private struct Settings: SettingsReadable {
    var name: String

    init(reading table: SettingsTable) throws(SettingsError) {
      name = try table.required("name", try table.string("name"), "a name")
    }
  }

  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func refusal(_ path: String) -> String? {
    #expect(throws: SettingsError.self) { try Settings(file: path) }?.description
  }

  @Test("is read whole")
  func reads() throws {
    #expect(try Settings(file: folder.write("# mine\nname = 'hall'\n", to: "a.toml")).name == "hall")
  }

  @Test("that is missing says so, with its path")
  func missing() {
    let path = folder.file("none.toml")
    #expect(refusal(path) == "the settings file \(path) cannot be read: No such file or directory")
  }

  @Test("that is a folder says so")
  func directory() {
    #expect(refusal(folder.path) == "the settings file \(folder.path) cannot be read: Is a directory")
  }

  @Test("that is not UTF-8 says so")
  func encoding() throws {
    let path = try folder.write(Array("name = 'T".utf8) + [0xfc] + Array("r'".utf8), to: "latin1.toml")
    #expect(refusal(path) == "the settings file \(path) cannot be read: it is not UTF-8")
  }

  @Test("has a megabyte at most")
  func size() throws {
    let line = "name = 'hall' #"
    let path = try folder.write(
      line + String(repeating: "x", count: (1 << 20) - line.utf8.count),
      to: "a.toml"
    )
    #expect(try Settings(file: path).name == "hall")
    let longer = try folder.write(line + String(repeating: "x", count: 1 << 20), to: "b.toml")
    #expect(refusal(longer) == "the settings file \(longer) cannot be read: it has more than 1048576 bytes")
  }

  @Test("that is no TOML says where")
  func syntax() throws {
    let path = try folder.write("name = 'hall'\nthis is none\n", to: "a.toml")
    let reason = try #require(refusal(path))
    #expect(reason.hasPrefix("\(path):2:"))
    #expect(reason.contains(": this is no TOML: "))
  }

  @Test("is refused whole for one key that nobody knows")
  func unknownKey() throws {
    let path = try folder.write("name = 'hall'\nnmae = 'x'\n", to: "a.toml")
    #expect(refusal(path) == "\(path):2: nmae is not known here; there are name")
  }

  @Test("that is empty says what is missing")
  func empty() throws {
    let path = try folder.write("", to: "a.toml")
    #expect(refusal(path) == "\(path):1: name is missing: a name")
  }
}
