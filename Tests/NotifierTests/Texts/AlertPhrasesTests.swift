import Appliance
import Delivery
import DoorCore
import TestSupport
import Testing

@testable import AlarmStore
@testable import Notifier

@Suite("The texts that settings replace")
struct AlertPhrasesTests {
  /// Settings with texts of their own, which begin at line 2.
  private func settings(_ texts: String) throws -> NotifierSettings {
    try NotifierSettings(
      text: """
        id = "main"
        \(texts)
        [broker]
        host = "localhost"
        [[area]]
        id = "home"
        name = "Home"
        [[channel]]
        id = "log"
        type = "log"
        [[door]]
        agent = "hall"
        id = "front"
        area = "home"
        name = "Front door"
        """, file: "notifier.toml")
  }

  private func refusal(_ texts: String) -> String? {
    #expect(throws: SettingsError.self) { try settings(texts) }?.description
  }

  private func item(_ kind: Alert.Kind, _ stage: AlertStage = .raised, count: Int = 1) throws -> OutboxItem {
    OutboxItem(
      id: 1, alert: try SampleAlerts.alert(kind, .trouble, detail: "x", state: .open), stage: stage,
      count: count, raised: NotifierHouse.wall(0))
  }

  // MARK: Replaced

  @Test("are used, for every kind and in each language", arguments: Alert.Kind.allCases, Language.allCases)
  func kinds(_ kind: Alert.Kind, _ language: Language) throws {
    let settings = try settings(
      """
      [text.\(language.rawValue).\(kind.rawValue)]
      title = "<{{area}}>"
      text = "B {{detail}}{{^detail}}none{{/detail}}"
      over = "O {{count}}"
      """)
    let text = AlertText(settings: settings, language: language)
    #expect(text.title(of: try item(kind)) == "<Home>")
    #expect(text.text(of: try item(kind)) == "B x")
    #expect(text.text(of: try item(kind, .resolved, count: 7)) == "O 7")
    for other in Language.allCases where other != language {
      #expect(
        AlertText(settings: settings, language: other).title(of: try item(kind)).contains("<") == false)
    }
  }

  @Test("leave as they are what is not replaced of a kind")
  func partly() throws {
    let settings = try settings("[text.en.opened]\ntitle = \"{{subject}} OPENED\"")
    let text = AlertText(settings: settings)
    #expect(text.title(of: try item(.opened)) == "Front door OPENED")
    #expect(text.text(of: try item(.opened)).hasPrefix("Front door was opened at"))
    #expect(text.title(of: try item(.standingOpen)) == "Front door is open")
  }

  private static let usual = Dictionary(
    uniqueKeysWithValues: Language.allCases.map { ($0, AlertPhrases($0)) })

  @Test("are the parts, too", arguments: PhrasePart.allCases, Language.allCases)
  func parts(_ part: PhrasePart, _ language: Language) throws {
    let settings = try settings("[text.\(language.rawValue).parts]\n\(part.rawValue) = \"<{{subject}}>\"")
    let phrases = try #require(settings.phrases[language])
    #expect(phrases.part(part, ["subject": .text("it")]) == "<it>")
    for other in PhrasePart.allCases where other != part {
      #expect(phrases.part(other) == Self.usual[language]?.part(other))
    }
  }

  @Test("stand around those of the kinds")
  func around() throws {
    let settings = try settings(
      """
      [text.en.parts]
      reminder_title = "again({{title}})"
      over_title = "gone({{title}})"
      reminder = "{{number}}) "
      late = " [{{late}}]"
      armed = " [{{mode}}, {{by}}]"
      also_open = " [{{open}}]"
      times = " [{{count}}x]"
      simulated = " [sim]"
      [text.en.opened]
      title = "T"
      text = "B"
      over = "O"
      """)
    let text = AlertText(settings: settings)
    var item = try item(.opened, .reminder(4), count: 2)
    item.alert.severity = .alarm
    item.alert.detail = nil
    item.alert.isLate = true
    item.alert.simulated = true
    item.alert.circumstances = Alert.Circumstances(
      mode: .armedAway, since: NotifierHouse.wall(0), changedBy: "Ada", open: [try SampleAlerts.door()])
    item.raised = NotifierHouse.wall(60)
    #expect(text.title(of: item) == "again(T)")
    #expect(text.text(of: item) == "4) B [1 min] [armed (away), Ada] [Front door] [2x] [sim]")
    item.stage = .resolved
    #expect(text.title(of: item) == "gone(T)")
    #expect(text.text(of: item) == "O [sim]")
  }

  // MARK: Refused

  @Test(
    "are refused when they are read, where they name what there is not or have a brace too few, with the line",
    arguments: [
      (
        "[text.en.opened]\ntitle = \"{{nobody}}\"",
        "3: text.en.opened.title: {{nobody}} is nothing that there is;"
      ),
      ("[text.zh.duress]\n\ntext = \"{{#door}}\"", "4: text.zh.duress.text: this is no Mustache"),
      ("[text.en.left_open]\nover = \"{{area\"", "3: text.en.left_open.over: this is no Mustache"),
      ("[text.en.parts]\nlate = \"{{/late}}\"", "3: text.en.parts.late: this is no Mustache"),
      ("[text.en.parts]\nmany = \"{{is_triggered}}\"", "3: text.en.parts.many: {{is_triggered}} is nothing"),
      ("[text.en.opened]\ntitle = \"\"", "3: text.en.opened.title must be a string that is not empty"),
      (
        "[text.en.opened]\nheading = \"x\"",
        "3: text.en.opened.heading is not known here; there are over, text, title"
      ),
      ("[text.en.party]\ntitle = \"x\"", "2: text.en.party is not known here; there are agent_silent,"),
      ("[text.en.parts]\nparty = \"x\"", "3: text.en.parts.party is not known here; there are acknowledge,"),
      ("[text.fr.opened]\ntitle = \"x\"", "2: text.fr is not known here; there are en, zh"),
    ])
  func refused(_ texts: String, _ reason: String) {
    let refusal = refusal(texts)
    #expect(refusal?.hasPrefix("notifier.toml:" + reason) == true, "\(refusal ?? "")")
  }

  @Test("can name all that has a value at some time, and nothing that never has one")
  func names() throws {
    let items = try Alert.Kind.allCases.flatMap { try SampleAlerts.all(of: $0) }.flatMap(SampleAlerts.items)
    // Of titles only the titles of later stages can speak.
    for name in AlertPhrases.names.subtracting(["title"]) {
      let text = "{{#\(name)}}[yes]{{/\(name)}}."
      let kinds = Alert.Kind.allCases.map {
        "[text.en.\($0.rawValue)]\ntext = \"\(text)\"\nover = \"\(text)\"\n"
      }
      let said = AlertText(settings: try settings(kinds.joined()))
      #expect(items.contains { said.text(of: $0).contains("[yes]") }, "\(name)")
    }
  }
}
