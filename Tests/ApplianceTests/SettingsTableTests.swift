import Testing

@testable import Appliance

@Suite("A settings table")
struct SettingsTableTests {
  private enum Colour: String, CaseIterable {
    case red, green
  }

  private enum Only: String, CaseIterable {
    case one
  }

  private struct NoGood: Error, CustomStringConvertible {
    var description: String { "no good" }
  }

  private func table(_ text: String) throws -> SettingsTable {
    let root = try TOMLDocument.parse(text)
    guard case .table(let members) = root.value else { throw NoGood() }
    return SettingsTable(file: "x.toml", path: "", line: 1, members: members)
  }

  private func refusal<Value>(
    _ text: String,
    _ read: (SettingsTable) throws -> Value
  ) throws -> String? {
    let table = try table(text)
    return #expect(throws: SettingsError.self) { try read(table) }?.description
  }

  // MARK: Values

  @Test("gives the values that are there")
  func values() throws {
    let table = try table("s = 'a'\nb = false\ni = 5\nw = 'green'\nl = ['x', 'y']\n[t]\n[[n]]\n[[n]]\n")
    #expect(try table.string("s") == "a")
    #expect(try table.boolean("b") == false)
    #expect(try table.integer("i", in: 5...5) == 5)
    #expect(try table.word("w", as: Colour.self) == .green)
    #expect(try table.value("s") { $0 + "!" } == "a!")
    #expect(try table.values("l") { $0 + "!" } == ["x!", "y!"])
    #expect(try table.table("t") != nil)
    #expect(try table.tables("n").count == 2)
    try table.finish()
  }

  @Test("gives nothing where nothing is")
  func nothing() throws {
    let table = try table("")
    #expect(try table.string("s") == nil)
    #expect(try table.boolean("s") == nil)
    #expect(try table.integer("s", in: 1...2) == nil)
    #expect(try table.word("s", as: Colour.self) == nil)
    #expect(try table.value("s") { $0 } == nil)
    #expect(try table.values("s") { $0 } == nil)
    #expect(try table.table("s") == nil)
    #expect(try table.tables("s").isEmpty)
    try table.finish()
  }

  @Test(
    "says what a string must be",
    arguments: [
      ("\nk = 5", "x.toml:2: k is a whole number and must be a string"),
      ("k = ''", "x.toml:1: k must be a string that is not empty"),
      (#"k = "a\u0000""#, "x.toml:1: k must be a string that is not empty"),
      ("[k]", "x.toml:1: k is a table and must be a string"),
    ]
  )
  func string(_ text: String, _ reason: String) throws {
    #expect(try refusal(text) { try $0.string("k") } == reason)
    #expect(try refusal(text) { try $0.value("k") { $0 } } == reason)
    #expect(try refusal(text) { try $0.word("k", as: Colour.self) } == reason)
  }

  @Test(
    "says what a number must be",
    arguments: [
      ("k = 0", "x.toml:1: k must be a whole number from 1 to 65535"),
      ("k = 65536", "x.toml:1: k must be a whole number from 1 to 65535"),
      ("k = -9223372036854775808", "x.toml:1: k must be a whole number from 1 to 65535"),
      ("k = 1.0", "x.toml:1: k is a number and must be a whole number from 1 to 65535"),
      ("k = '1'", "x.toml:1: k is a string and must be a whole number from 1 to 65535"),
      ("k = nan", "x.toml:1: k is a number and must be a whole number from 1 to 65535"),
    ]
  )
  func integer(_ text: String, _ reason: String) throws {
    #expect(try refusal(text) { try $0.integer("k", in: 1...65_535) } == reason)
  }

  @Test("says what words there are")
  func word() throws {
    #expect(
      try refusal("k = 'blue'") { try $0.word("k", as: Colour.self) }
        == #"x.toml:1: k must be one of "red", "green""#
    )
    #expect(try refusal("k = 'two'") { try $0.word("k", as: Only.self) } == #"x.toml:1: k must be "one""#)
  }

  @Test("says that a flag is true or false")
  func boolean() throws {
    #expect(
      try refusal("k = 1") { try $0.boolean("k") }
        == "x.toml:1: k is a whole number and must be true or false"
    )
  }

  @Test("says why a value was not made")
  func value() throws {
    #expect(
      try refusal("\n\nk = 'v'") { try $0.value("k") { _ in throw NoGood() } } == "x.toml:3: k: no good"
    )
    #expect(try refusal("k = ['v']") { try $0.values("k") { _ in throw NoGood() } } == "x.toml:1: k: no good")
  }

  @Test(
    "says that an array holds strings",
    arguments: [
      ("k = 'v'", "x.toml:1: k is a string and must be an array of strings"),
      ("k = ['v',\n 5]", "x.toml:2: k is a whole number and must be an array of strings"),
    ]
  )
  func values(_ text: String, _ reason: String) throws {
    #expect(try refusal(text) { try $0.values("k") { $0 } } == reason)
  }

  @Test("says that a table is written in brackets")
  func tables() throws {
    #expect(
      try refusal("k = 1") { try $0.table("k") } == "x.toml:1: k is a whole number and must be a table, [k]"
    )
    #expect(try refusal("[[k]]") { try $0.table("k") } == "x.toml:1: k is an array and must be a table, [k]")
    #expect(try refusal("[k]") { try $0.tables("k") } == "x.toml:1: k is a table and must be tables, [[k]]")
    #expect(
      try refusal("k = [1]") { try $0.tables("k") }
        == "x.toml:1: k is a whole number and must be tables, [[k]]"
    )
  }

  @Test("says what is missing and what it is for, at the line of its table")
  func required() throws {
    #expect(
      try refusal("\n[broker]") { root in
        let broker = try root.required("broker", root.table("broker"), "a table")
        return try broker.required("host", broker.string("host"), "the broker's name")
      } == "x.toml:2: broker.host is missing: the broker's name"
    )
    #expect(try table("a = 'b'").required("a", "b", "") == "b")
  }

  // MARK: Keys that nobody asked for

  @Test("refuses an unknown key with its line and what there is instead")
  func unknown() throws {
    #expect(
      try refusal("a = 1\nhots = 'x'\nzzz = 1") { table in
        _ = try table.integer("a", in: 0...9)
        _ = try table.string("host")
        try table.finish()
      } == "x.toml:2: hots is not known here; there are a, host"
    )
  }

  @Test("finds the unknown keys of the tables below it")
  func unknownBelow() throws {
    let text = "[broker]\nhost = 'x'\n[[door]]\nid = 'a'\n[[door]]\nid = 'b'\npin = 4\n[door.more]\nx = 1"
    #expect(
      try refusal(text) { root in
        _ = try root.table("broker")?.string("host")
        for door in try root.tables("door") {
          _ = try door.string("id")
          _ = try door.integer("pin", in: 1...9)
          _ = try door.table("more")?.table("deeper")
        }
        try root.finish()
      } == "x.toml:9: door[2].more.x is not known here; there are deeper"
    )
  }

  @Test("refuses a table that nobody asked for")
  func unknownTable() throws {
    #expect(
      try refusal("a = 1\n[brokers]\nhost = 'x'") { table in
        _ = try table.integer("a", in: 0...9)
        try table.finish()
      } == "x.toml:2: brokers is not known here; there are a"
    )
  }

  @Test("says of a key what it can be, at its line or its table's")
  func invalid() throws {
    let table = try table("\na = 1")
    #expect(table.invalid("a", "2").description == "x.toml:2: a must be 2")
    #expect(table.invalid("b", "there").description == "x.toml:1: b must be there")
  }
}
