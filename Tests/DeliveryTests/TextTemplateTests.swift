import Testing

@testable import Delivery

/// By mustache.github.io/mustache.5.html: "Variables", "Sections", "Inverted Sections", "Comments".
@Suite("A text template")
struct TextTemplateTests {
  private static let names: Set<String> = ["title", "door", "alarm", "alerts", "id", "is_last"]

  private func rendered(
    _ text: String, _ values: [String: TextTemplate.Value], _ escaping: TextTemplate.Escaping = .text
  ) throws -> String {
    try TextTemplate(text, names: Self.names, escaping: escaping).render(values)
  }

  @Test("puts in values, and nothing where there is none")
  func variables() throws {
    #expect(
      try rendered("{{title}}: {{ door }}{{id}}.", ["title": .text("Alarm"), "door": .text("front")])
        == "Alarm: front.")
    #expect(try rendered("{{alarm}}", ["alarm": .flag(false)]) == "false")
    #expect(try rendered("no place } { }} for {a}", [:]) == "no place } { }} for {a}")
  }

  @Test("keeps its lines and spaces")
  func whitespace() throws {
    #expect(try rendered("\n  {{title}} \n", ["title": .text("a")]) == "\n  a \n")
    #expect(
      try rendered("{{#alarm}}\nAlarm\n{{/alarm}}\nEnd\n", ["alarm": .flag(true)]) == "Alarm\nEnd\n",
      "a section's mark alone in its line is no line")
  }

  @Test("shows a section where its flag is set or its text is not empty, and an inverted one where not")
  func sections() throws {
    let text =
      "{{#alarm}}alarm{{/alarm}}{{^alarm}}calm{{/alarm}} {{#door}}at {{door}}{{/door}}{{^door}}here{{/door}}"
    #expect(try rendered(text, ["alarm": .flag(true), "door": .text("front")]) == "alarm at front")
    #expect(try rendered(text, ["alarm": .flag(false), "door": .text("")]) == "calm here")
    #expect(try rendered(text, [:]) == "calm here")
  }

  @Test("shows a section once for each element of a list, which sees what is around it")
  func lists() throws {
    let text = "{{#alerts}}{{title}} {{id}}{{^is_last}}, {{/is_last}}{{/alerts}}{{^alerts}}none{{/alerts}}"
    let alerts: [[String: TextTemplate.Value]] = [
      ["id": .text("1"), "is_last": .flag(false)], ["id": .text("2"), "is_last": .flag(true)],
    ]
    #expect(try rendered(text, ["title": .text("No."), "alerts": .list(alerts)]) == "No. 1, No. 2")
    #expect(try rendered(text, ["title": .text("No."), "alerts": .list([])]) == "none")
  }

  @Test("shows nothing for an element's empty value, and not what is around it under that name")
  func emptyInList() throws {
    let values: [String: TextTemplate.Value] = [
      "door": .text("outer"), "alerts": .list([["door": .text("inner")], ["door": .text("")]]),
    ]
    #expect(try rendered("{{#alerts}}[{{door}}]{{/alerts}}", values) == "[inner][]")
    #expect(try rendered("{{#alerts}}[{{#door}}x{{/door}}]{{/alerts}}", values) == "[x][]")
  }

  @Test("leaves out comments")
  func comments() throws {
    #expect(try rendered("a{{! whatever is {said} }}b", [:]) == "ab")
  }

  @Test(
    "is none with a name that there is not, or with what is not taken",
    arguments: [
      "{{name}}", "{{#name}}{{/name}}", "{{^name}}{{/name}}", "{{{name}}}", "{{&name}}", "{{.}}", "{{}}",
      "{{title.door}}", "{{uppercased(title)}}", "{{> title}}", "{{<title}}{{/title}}",
      "{{$title}}{{/title}}", "{{=<% %>=}}<%title%>", "{{% CONTENT_TYPE:HTML}}",
    ])
  func unknown(_ text: String) {
    let error = #expect(throws: TextTemplateError.self) { try TextTemplate(text, names: Self.names) }
    #expect(
      error?.description.hasSuffix(
        "is nothing that there is; there are alarm, alerts, door, id, is_last, title") == true)
  }

  @Test(
    "is none without an end, or with another's",
    arguments: [
      "{{title", "{{title}", "{{{title}}", "{{#alarm}}", "{{^alarm}}a", "{{/alarm}}", "{{#alarm}}{{/door}}",
      "{{#alarm}}{{#door}}{{/alarm}}{{/door}}", "{{{#alarm}}}{{/alarm}}",
    ])
  func broken(_ text: String) {
    let error = #expect(throws: TextTemplateError.self) { try TextTemplate(text, names: Self.names) }
    #expect(error?.description.hasPrefix("this is no Mustache") == true)
  }

  @Test(
    "escapes values as they are needed, in two braces as in three",
    arguments: [
      (.text, "a \"b\" <c> & 'd'\n\u{1}\\/ü"), (.line, "a \"b\" <c> & 'd'  \\/ü"),
      (.json, #"a \"b\" <c> & 'd'\n\u0001\\/ü"#),
      (.form, "a%20%22b%22%20%3Cc%3E%20%26%20%27d%27%0A%01%5C%2F%C3%BC"),
      (.markup, "a &quot;b&quot; &lt;c&gt; &amp; &#39;d&#39;\n\u{1}\\/ü"),
    ] as [(TextTemplate.Escaping, String)])
  func escaping(_ escaping: TextTemplate.Escaping, _ expected: String) throws {
    let values: [String: TextTemplate.Value] = ["title": .text("a \"b\" <c> & 'd'\n\u{1}\\/ü")]
    for text in ["<{{title}}>", "<{{{title}}}>", "<{{&title}}>"] {
      #expect(try rendered(text, values, escaping) == "<\(expected)>")
    }
  }

  @Test("takes nothing in a value for a part of itself")
  func injection() throws {
    #expect(try rendered("{{title}}", ["title": .text("{{door}}"), "door": .text("x")]) == "{{door}}")
  }

  @Test("is the same as another of the same text that is escaped the same")
  func equality() throws {
    func template(_ text: String, _ escaping: TextTemplate.Escaping = .text) throws -> TextTemplate {
      try TextTemplate(text, names: Self.names, escaping: escaping)
    }
    let one = try template("{{title}}")
    let others = [try template("{{title}}", .json), try template("{{door}}")]
    #expect(try template("{{title}}") == one)
    #expect(!others.contains(one))
  }
}
