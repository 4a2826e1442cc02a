import DoorCore
import FoundationEssentials

/// A notice in the JSON of our own, for webhooks, programs and the broker: the one alert's fields; of many
/// alerts those of the first, and all of them in `alerts`.
package struct NoticeBody: Encodable {
  private var notice: Notice

  package init(_ notice: Notice) {
    self.notice = notice
  }

  /// The same bytes every time.
  package func encoded() -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let bytes = try? encoder.encode(self) else {
      preconditionFailure("A message of words and whole numbers can be encoded.")
    }
    return Array(bytes)
  }

  private enum CodingKeys: String, CodingKey {
    case id, severity, title, text, alerts
    case atMilliseconds = "at_ms"
    case acknowledgeURL = "acknowledge_url"
  }

  package func encode(to encoder: any Encoder) throws {
    let alerts = notice.items.map(AlertBody.init)
    // First, so that what the notice itself says stands above it.
    try alerts.first?.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(notice.key, forKey: .id)
    try container.encode(notice.severity.rawValue, forKey: .severity)
    try container.encode(notice.title, forKey: .title)
    try container.encode(notice.text, forKey: .text)
    try container.encode(notice.at.milliseconds, forKey: .atMilliseconds)
    try container.encodeIfPresent(notice.acknowledgement?.address, forKey: .acknowledgeURL)
    try container.encodeIfPresent(alerts.count > 1 ? alerts : nil, forKey: .alerts)
  }

  private struct AlertBody: Encodable {
    var id: String
    var severity: String
    var kind: String
    var stage: String
    var area: String
    var agent: String?
    var door: String?
    var state: String?
    var atMilliseconds: Int64
    var late: Bool
    var simulated: Bool
    var count: Int
    var text: String

    init(_ item: Notice.Item) {
      let alert = item.alert
      id = alert.id
      severity = alert.severity.rawValue
      kind = alert.kind.rawValue
      stage = item.stage.word
      area = alert.area.description
      agent = alert.subject.agent?.description
      door = alert.subject.door?.description
      state = alert.state?.rawValue
      atMilliseconds = alert.at.milliseconds
      late = alert.isLate
      simulated = alert.simulated
      count = item.count
      text = item.text
    }

    enum CodingKeys: String, CodingKey {
      case id, severity, kind, stage, area, agent, door, state, late, simulated, count, text
      case atMilliseconds = "at_ms"
    }
  }
}

extension NoticeBody {
  typealias Values = [String: TextTemplate.Value]

  /// The same for a ``TextTemplate``, with `is_alarm`, and with all alerts in `alerts`, also where it is one.
  /// What is not there is an empty text; the last one of a list says so in `is_last`.
  var values: Values {
    let alerts = notice.items.map(AlertBody.init)
    var values = Self.values(of: alerts.first, isLast: true)
    values["id"] = .text(notice.key)
    values["severity"] = .text(notice.severity.rawValue)
    values["title"] = .text(notice.title)
    values["text"] = .text(notice.text)
    values["at_ms"] = .text("\(notice.at.milliseconds)")
    values["is_alarm"] = .flag(notice.urgency == .critical)
    values["acknowledge_url"] = .text(notice.acknowledgement?.address ?? "")
    values["alerts"] = .list(
      alerts.enumerated().map { Self.values(of: $1, isLast: $0 == alerts.count - 1) })
    return values
  }

  /// What a template can name.
  static let names = Set(blank.keys)

  /// The values of notices of every form, to try a template with: every text empty or not, every flag false
  /// or true, no alert or two.
  static var samples: [Values] {
    ["", "x"].flatMap { text in
      [false, true].map { flag in
        var values = filled(blank, text, flag)
        var alert = filled(Self.values(of: nil, isLast: false), text, flag)
        alert["is_last"] = .flag(false)
        var last = alert
        last["is_last"] = .flag(true)
        values["alerts"] = .list(text.isEmpty ? [] : [alert, last])
        return values
      }
    }
  }

  private static func filled(_ values: Values, _ text: String, _ flag: Bool) -> Values {
    values.mapValues { value in
      switch value {
      case .text(""): .text(text)
      case .flag: .flag(flag)
      // Numbers are numbers in every form.
      case .text, .list: value
      }
    }
  }

  private static let blank: Values = {
    var values = Self.values(of: nil, isLast: true)
    values["title"] = .text("")
    values["is_alarm"] = .flag(false)
    values["acknowledge_url"] = .text("")
    values["alerts"] = .list([])
    return values
  }()

  /// - Parameter alert: nil where the notifier speaks of itself.
  private static func values(of alert: AlertBody?, isLast: Bool) -> Values {
    [
      "id": .text(alert?.id ?? ""), "severity": .text(alert?.severity ?? ""),
      "kind": .text(alert?.kind ?? ""), "stage": .text(alert?.stage ?? ""), "area": .text(alert?.area ?? ""),
      "agent": .text(alert?.agent ?? ""), "door": .text(alert?.door ?? ""),
      "state": .text(alert?.state ?? ""), "at_ms": .text("\(alert?.atMilliseconds ?? 0)"),
      "late": .flag(alert?.late ?? false), "simulated": .flag(alert?.simulated ?? false),
      "count": .text("\(alert?.count ?? 1)"), "text": .text(alert?.text ?? ""), "is_last": .flag(isLast),
    ]
  }
}

extension AlertStage {
  /// The stage without its number.
  var word: String { if case .reminder = self { "reminder" } else { description } }
}
