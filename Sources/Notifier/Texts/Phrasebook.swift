import DoorCore

/// The languages in which people are told.
package enum Language: String, Sendable, CaseIterable {
  case english = "en"
  /// Simplified Chinese.
  case chinese = "zh"

  var book: any Phrasebook.Type {
    switch self {
    case .english: EnglishPhrases.self
    case .chinese: ChinesePhrases.self
    }
  }
}

/// What is said of one kind of alert.
struct PhraseText {
  var title: String
  /// What has happened.
  var text: String
  /// That it is over.
  var over: String?
}

/// Texts that stand around those of the kinds.
enum PhrasePart: String, CaseIterable {
  /// The titles of later stages; `title` is that of the alert.
  case reminderTitle = "reminder_title"
  case overTitle = "over_title"
  /// Before the text of a reminder.
  case reminder
  /// After the text: how late it was found, how the area was armed, what else was open, how often it came, and that no real
  /// door was involved.
  case late, armed
  case alsoOpen = "also_open"
  case times, simulated
  /// The title of a message that lists many alerts.
  case many
  /// What the button says that acknowledges.
  case acknowledge
  /// What the page behind it says.
  case acknowledged
  case linkInvalid = "link_invalid"
  case linkExpired = "link_expired"
  case linkFailed = "link_failed"
  case testTitle = "test_title"
  case testText = "test_text"
}

/// What one language says: templates (``AlertPhrases/names``), and the words that are put into them.
protocol Phrasebook {
  static func text(of kind: Alert.Kind) -> PhraseText
  static func text(of part: PhrasePart) -> String
  /// That something is over, where its kind has no words of its own for it.
  static var over: String { get }

  static func word(of mode: ArmMode) -> String
  static func word(of state: DoorState) -> String
  /// Of a door and an area the settings have the names.
  static func name(of subject: Alert.Subject) -> String
  static func length(_ duration: Duration) -> String
  /// When something was over, as it stands behind that.
  static func at(_ time: String) -> String
  /// Between the members of a list.
  static var comma: String { get }
}
