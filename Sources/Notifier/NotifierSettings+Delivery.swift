import Appliance
package import Delivery
package import DoorCore
import DoorWire

extension NotifierSettings {
  /// A channel, and in which language it speaks.
  package struct Channel: Sendable {
    package var id: Identifier
    package var means: ChannelSettings.Means
    package var language: Language?
  }

  /// A route, and the hours to which it is limited; nil: it is always there.
  package struct TimedRoute: Sendable {
    package var route: AlertRouting.Route
    package var hours: DayHours?
  }

  /// The notifier's own web server.
  package struct Web: Sendable {
    package var host: String
    /// 0: any that is free.
    package var port: Int
    /// Where people reach it; nil where they do not, and get no links.
    package var publicAddress: String?
    package var linkLifetime: Duration
  }

  /// By which ways people are told at a time.
  func routing(at now: Timestamp) -> AlertRouting {
    AlertRouting(
      channels: channels.map(\.id),
      routes: routes.filter { $0.hours.map { calendar.contains($0, now) } ?? true }.map(\.route),
      quietUntil: quietHours.flatMap { calendar.end(of: $0, at: now) })
  }

  /// Checks that the routes name what there is.
  static func routes(
    from table: SettingsTable, channels: [Channel], areas: [Identifier: Area], doors: [DoorAddress: Door]
  ) throws(SettingsError) -> [TimedRoute] {
    let routes = try table.tables("route").map { entry throws(SettingsError) in try TimedRoute(reading: entry)
    }
    let names = Set(channels.map(\.id))
    for route in routes.map(\.route) {
      if let stranger = route.steps.flatMap(\.channels).first(where: { !names.contains($0) }) {
        throw table.invalid("route", "through channels that are there; one names \"\(stranger)\"")
      }
      if let stranger = route.areas?.first(where: { areas[$0] == nil }) {
        throw table.invalid("route", "of areas that are there; one names \"\(stranger)\"")
      }
      if let stranger = route.doors?.first(where: { doors[$0] == nil }) {
        throw table.invalid("route", "of doors that are there; one names \"\(stranger)\"")
      }
    }
    return routes
  }

  static func phrases(from table: SettingsTable) throws(SettingsError) -> [Language: AlertPhrases] {
    var phrases: [Language: AlertPhrases] = [:]
    let texts = try table.table("text")
    for language in Language.allCases {
      phrases[language] =
        if let own = try texts?.table(language.rawValue) {
          try AlertPhrases(language, reading: own)
        } else {
          AlertPhrases(language)
        }
    }
    return phrases
  }
}

extension NotifierSettings.Channel {
  /// - Parameter table: `[[channel]]`.
  init(reading table: SettingsTable) throws(SettingsError) {
    let settings = try ChannelSettings(reading: table)
    id = settings.id
    means = settings.means
    language = try table.word("language")
  }
}

extension NotifierSettings.TimedRoute {
  private static let longestStep = 86_400

  /// - Parameter table: `[[route]]`.
  init(reading table: SettingsTable) throws(SettingsError) {
    var steps: [AlertRouting.Step] = []
    for entry in try table.tables("step") {
      let after = Duration.seconds(try entry.integer("after_s", in: 0...Self.longestStep) ?? 0)
      let channels = try entry.required(
        "channels", try entry.values("channels", Identifier.init), "the ids of one or more channels")
      guard !channels.isEmpty else { throw entry.invalid("channels", "one or more channels") }
      if let twice = channels.first(where: { id in steps.contains { $0.channels.contains(id) } }) {
        throw entry.invalid(
          "channels", "each in one step only; \(twice) is in an earlier one, and is told again by reminders")
      }
      if steps.isEmpty, after > .zero { throw entry.invalid("after_s", "0 or left out in the first step") }
      if let last = steps.last, after <= last.after {
        throw entry.invalid("after_s", "later than that of the step before")
      }
      steps.append(AlertRouting.Step(after: after, channels: channels))
    }
    guard !steps.isEmpty else {
      throw table.invalid("step", "at least one table [[route.step]] with its channels")
    }
    route = AlertRouting.Route(
      severities: try table.words("severity", as: Alert.Severity.self).map { Set($0) },
      kinds: try table.words("kinds", as: Alert.Kind.self).map { Set($0) },
      areas: try table.values("areas", Identifier.init).map { Set($0) },
      doors: try table.values("doors") { (text) throws(IdentifierError) in try DoorAddress(text) }.map {
        Set($0)
      },
      steps: steps)
    if route.areas?.isEmpty == true { throw table.invalid("areas", "one or more areas, or left out") }
    if route.doors?.isEmpty == true { throw table.invalid("doors", "one or more doors, or left out") }
    let start = try table.value("from", ClockTime.init)
    let end = try table.value("to", ClockTime.init)
    let days = try table.words("days", as: Weekday.self)
    switch (start, end, days) {
    case (nil, nil, nil): hours = nil
    case (nil, nil, let days?):
      hours = DayHours(days: Set(days), start: .midnight, end: .midnight)
    case (let start?, let end?, let days):
      hours = DayHours(days: Set(days ?? Weekday.allCases), start: start, end: end)
    default: throw table.invalid("from", "given together with to")
    }
  }
}

extension NotifierSettings.Web {
  /// - Parameter table: `[web]`.
  init(reading table: SettingsTable) throws(SettingsError) {
    host = try table.string("listen") ?? "127.0.0.1"
    port = try table.required(
      "port", try table.integer("port", in: 0...65_535), "the port that it listens on")
    publicAddress = try table.value("url") { (text) throws(WebAddressError) in
      // Links are put behind it.
      guard !text.contains("?"), !text.contains("#") else { throw WebAddressError() }
      return try WebAddress(text).reveal()
    }.map { String($0.trimmingSuffix { $0 == "/" }) }
    linkLifetime = .seconds((try table.integer("link_days", in: 1...365) ?? 30) * 86_400)
  }
}
