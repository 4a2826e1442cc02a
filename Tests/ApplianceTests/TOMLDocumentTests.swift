import Testing

@testable import Appliance

@Suite("A TOML document")
struct TOMLDocumentTests {
  private func members(_ text: String) throws -> [String: TOMLNode] {
    guard case .table(let members) = try TOMLDocument.parse(text).value else { return [:] }
    return members
  }

  @Test("gives every kind of value its Swift one, and the line on which it stands")
  func kinds() throws {
    let root = try members(
      """
      text = "a\\tb"
      count = -9_223_372_036_854_775_808
      ratio = 2.5
      yes = true

      no = false
      day = 2026-11-23
      clock = 01:22:03
      list = [1,
        "two"]
      [inner]
      key = ''
      """
    )
    #expect(root.count == 9)
    guard case .string("a\tb") = root["text"]?.value, case .integer(.min) = root["count"]?.value,
      case .number(2.5) = root["ratio"]?.value, case .boolean(true) = root["yes"]?.value,
      case .boolean(false) = root["no"]?.value, case .dateOrTime = root["day"]?.value,
      case .dateOrTime = root["clock"]?.value, case .array(let list) = root["list"]?.value,
      case .table(let inner) = root["inner"]?.value
    else {
      Issue.record("a value is not what it should be: \(root)")
      return
    }
    guard case .integer(1) = list.first?.value, case .string("two") = list.last?.value, list.count == 2,
      case .string("") = inner["key"]?.value
    else {
      Issue.record("a value within is not what it should be: \(list) \(inner)")
      return
    }
    #expect(root["text"]?.line == 1)
    #expect(root["no"]?.line == 6)
    #expect(list.map(\.line) == [9, 10])
    #expect(root["inner"]?.line == 11)
    #expect(inner["key"]?.line == 12)
  }

  @Test("names its types as a person would")
  func typeNames() throws {
    let root = try members(
      "a = {}\nb = []\nc = ''\nd = 1\ne = 1.0\nf = true\ng = 2026-11-23T01:22:03Z"
    )
    #expect(
      root.sorted { $0.key < $1.key }.map(\.value.typeName) == [
        "a table", "an array", "a string", "a whole number", "a number", "true or false", "a date or time",
      ]
    )
  }

  @Test("can be empty, or say nothing", arguments: ["", "\n", "# nothing\n", "\u{feff}"])
  func empty(_ text: String) throws {
    #expect(try members(text).isEmpty)
  }

  @Test("keeps the order of tables of one name")
  func tables() throws {
    guard case .array(let doors) = try members("[[door]]\nid='a'\n[[door]]\nid='b'\n")["door"]?.value else {
      Issue.record("[[door]] is no array")
      return
    }
    #expect(doors.map(\.line) == [1, 3])
  }

  @Test("keeps text whole that holds NUL or any script")
  func text() throws {
    guard case .string(let text) = try members(#"a = "Tür\u0000門""#)["a"]?.value else {
      Issue.record("it is no string")
      return
    }
    #expect(text == "Tür\0門")
  }

  @Test(
    "that is none says at which line and column",
    arguments: [
      ("id", 1, 3), ("id = ", 1, 6), ("a = 1\nb = = 2", 2, 5), ("a = 1\na = 2", 2, 5), ("a = \"x", 1, 7),
      ("[a\nb = 1", 1, 3), ("a = 9223372036854775808", 1, 24), ("a = 1 b = 2", 1, 7), ("a = \0", 1, 5),
    ]
  )
  func syntax(_ text: String, _ line: Int, _ column: Int) throws {
    let error = try #require(throws: TOMLDocument.SyntaxError.self) { try TOMLDocument.parse(text) }
    #expect(error.line == line, "\(error)")
    #expect(abs(error.column - column) <= 1, "\(error)")
    #expect(!error.message.isEmpty)
  }

  @Test(
    "that is nested beyond reason is refused and does no harm",
    arguments: [
      ("a = ", "[", ""), ("a = ", "{a=", ""), ("[", "a.", "a]"), ("", "a.", "a = 1"),
      ("a = {", "a.", "a = 1}"),
    ]
  )
  func nesting(_ start: String, _ level: String, _ end: String) {
    let text = start + String(repeating: level, count: 300_000) + end
    #expect(throws: TOMLDocument.SyntaxError.self) { try TOMLDocument.parse(text) }
  }

  @Test("can be nested as deeply as anybody would, and comments can be of dots")
  func reasonableNesting() throws {
    let dots = "# " + String(repeating: ".", count: 500)
    #expect(
      try members("\(dots)\n[\(String(repeating: "a.", count: 199))a]\nx = [[[[[[[[[[1]]]]]]]]]]").count == 1
    )
  }

  @Test("that is as long as a settings file can be is read")
  func long() throws {
    let lines = (0..<40_000).map { "key_number_\($0) = \($0)" }
    let root = try members(lines.joined(separator: "\n"))
    #expect(root.count == lines.count)
    #expect(root["key_number_39999"]?.line == 40_000)
  }
}
