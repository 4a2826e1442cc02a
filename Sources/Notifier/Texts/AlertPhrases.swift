import Appliance
import Delivery
import DoorCore

/// What alerts are called and how they are told in one language, each text a template that the settings can replace.
package struct AlertPhrases: Sendable {
  private struct Phrase {
    var title: TextTemplate
    var text: TextTemplate
    var over: TextTemplate
  }

  /// What every text can name.
  static let names: Set<String> = [
    "title", "subject", "area", "door", "agent", "time", "state", "detail", "count", "number", "late", "mode",
    "since", "by", "open", "length", "resolved", "is_alarm", "is_late", "is_always", "is_open", "is_fault",
    "is_journal",
  ]

  let language: Language
  private var phrases: [Alert.Kind: Phrase] = [:]
  private var parts: [PhrasePart: TextTemplate] = [:]

  init(_ language: Language) {
    self.language = language
    for kind in Alert.Kind.allCases {
      let text = book.text(of: kind)
      phrases[kind] = Phrase(
        title: Self.builtIn(text.title), text: Self.builtIn(text.text),
        over: Self.builtIn(text.over ?? book.over))
    }
    for part in PhrasePart.allCases { parts[part] = Self.builtIn(book.text(of: part)) }
  }

  /// The words that are put together, and not written in templates.
  var book: any Phrasebook.Type { language.book }

  private static func builtIn(_ text: String) -> TextTemplate {
    guard let template = try? TextTemplate(text, names: names) else {
      preconditionFailure("The texts that are built in are templates: \(text)")
    }
    return template
  }

  func title(of kind: Alert.Kind, _ values: [String: TextTemplate.Value]) -> String {
    phrases[kind]?.title.render(values) ?? kind.rawValue
  }

  func text(of kind: Alert.Kind, _ values: [String: TextTemplate.Value]) -> String {
    phrases[kind]?.text.render(values) ?? kind.rawValue
  }

  func over(of kind: Alert.Kind, _ values: [String: TextTemplate.Value]) -> String {
    phrases[kind]?.over.render(values) ?? kind.rawValue
  }

  func part(_ part: PhrasePart, _ values: [String: TextTemplate.Value] = [:]) -> String {
    parts[part]?.render(values) ?? ""
  }

  // MARK: Settings

  /// - Parameter table: `[text.LANGUAGE]`: for every kind a table with `title`, `text` and `over`, and `[….parts]`; each of
  ///   them is checked here, so that no alarm is the first to find that one cannot be read.
  init(_ language: Language, reading table: SettingsTable) throws(SettingsError) {
    self.init(language)
    for kind in Alert.Kind.allCases {
      guard let table = try table.table(kind.rawValue), let usual = phrases[kind] else { continue }
      phrases[kind] = Phrase(
        title: try table.template("title") ?? usual.title, text: try table.template("text") ?? usual.text,
        over: try table.template("over") ?? usual.over)
    }
    guard let table = try table.table("parts") else { return }
    for part in PhrasePart.allCases { if let text = try table.template(part.rawValue) { parts[part] = text } }
  }
}

extension SettingsTable {
  fileprivate func template(_ key: String) throws(SettingsError) -> TextTemplate? {
    try value(key) { (text) throws(TextTemplateError) in
      try TextTemplate(text, names: AlertPhrases.names)
    }
  }
}
