import AlarmStore
import Delivery
import DoorCore

/// Puts alerts into the words in which a person gets them.
struct AlertText: Sendable {
  let settings: NotifierSettings
  private let phrases: AlertPhrases
  private let links: AcknowledgementLinks?

  /// - Parameter links: nil where nothing can be acknowledged by a link.
  init(settings: NotifierSettings, language: Language? = nil, links: AcknowledgementLinks? = nil) {
    self.settings = settings
    self.links = links
    let language = language ?? settings.language
    phrases = settings.phrases[language] ?? AlertPhrases(language)
  }

  /// What one message says.
  ///
  /// - Parameter channel: through which it is sent.
  func notice(of message: OutboxMessage, through channel: Identifier? = nil) -> Notice {
    let items = message.items.map { item in
      Notice.Item(alert: item.alert, stage: item.stage, count: item.count, text: text(of: item))
    }
    let severity: Alert.Severity = items.contains { $0.alert.severity == .alarm } ? .alarm : .trouble
    let urgency = Self.urgency(of: items)
    let isMany = items.count > 1
    let many = phrases.part(
      .many, ["is_alarm": .flag(urgency == .critical), "count": .text("\(items.count)")])
    return Notice(
      key: message.key, severity: severity, urgency: urgency,
      title: isMany ? many : message.items.first.map(title) ?? "",
      text: isMany ? items.map { "- " + $0.text }.joined(separator: "\n") : items.first?.text ?? "",
      at: items.first?.alert.at ?? Timestamp(milliseconds: 0), items: items,
      acknowledgement: isMany ? nil : message.items.first.flatMap { link(for: $0, through: channel) })
  }

  /// What tells whether a channel works.
  func test(of channel: Identifier, at now: Timestamp) -> Notice {
    let values: [String: TextTemplate.Value] = [
      "subject": .text(channel.description), "time": .text(time(now)),
    ]
    return Notice(
      key: "test/\(channel)/\(now.milliseconds)", severity: .trouble, urgency: .normal,
      title: phrases.part(.testTitle, values), text: phrases.part(.testText, values), at: now, items: [])
  }

  /// One sentence or more.
  func text(of item: OutboxItem) -> String {
    let alert = item.alert
    let values = values(of: item)
    guard item.stage != .resolved else {
      return phrases.over(of: alert.kind, values) + (alert.simulated ? phrases.part(.simulated) : "")
    }
    var text = phrases.text(of: alert.kind, values)
    if case .reminder = item.stage { text = phrases.part(.reminder, values) + text }
    if values["late"] != nil { text += phrases.part(.late, values) }
    if values["mode"] != nil { text += phrases.part(.armed, values) }
    if values["open"] != nil { text += phrases.part(.alsoOpen, values) }
    if item.count > 1 { text += phrases.part(.times, values) }
    return alert.simulated ? text + phrases.part(.simulated) : text
  }

  func title(of item: OutboxItem) -> String {
    var values = values(of: item)
    let title = phrases.title(of: item.alert.kind, values)
    values["title"] = .text(title)
    switch item.stage {
    case .raised: return title
    case .reminder: return phrases.part(.reminderTitle, values)
    case .resolved: return phrases.part(.overTitle, values)
    }
  }

  /// What people can and have to do something about wakes them; that something is over does not.
  private static func urgency(of items: [Notice.Item]) -> Notice.Urgency {
    let present = items.filter { $0.stage != .resolved }
    if present.contains(where: { $0.alert.severity == .alarm && $0.alert.kind != .alarmEnded }) {
      return .critical
    }
    return present.contains { $0.alert.kind != .alarmEnded && $0.alert.kind != .selfTest } ? .normal : .low
  }

  private func link(for item: OutboxItem, through channel: Identifier?) -> Notice.Link? {
    guard let links, let channel, item.stage != .resolved, item.alert.kind != .alarmEnded,
      item.alert.kind != .selfTest
    else { return nil }
    return Notice.Link(
      address: links.address(for: item.alert.id, through: channel, from: item.written),
      label: phrases.part(.acknowledge))
  }

  // MARK: Values

  /// What the texts can name; what there is nothing of is left out.
  private func values(of item: OutboxItem) -> [String: TextTemplate.Value] {
    let alert = item.alert
    var texts: [String: String?] = [
      "subject": name(of: alert.subject, in: alert.area), "area": name(of: alert.area),
      "door": alert.subject.door?.description, "agent": alert.subject.agent?.description,
      "time": time(alert.at), "count": "\(item.count)", "state": alert.state.map(word),
    ]
    let isJournal = alert.kind == .doorFault && alert.detail == Alert.journalDetail
    // Whoever has said it may have ended it as a sentence; ours goes on.
    if !isJournal { texts["detail"] = alert.detail.map { String($0.trimmingSuffix { ".。 ".contains($0) }) } }
    if case .reminder(let number) = item.stage { texts["number"] = "\(number)" }
    if let resolved = item.resolved {
      texts["resolved"] = phrases.book.at(time(resolved))
      // What was left open was opened before.
      if alert.kind != .leftOpen { texts["length"] = length(resolved.elapsed(since: alert.at)) }
    }
    if alert.isLate { texts["late"] = length(item.raised.elapsed(since: alert.at)) }
    if let circumstances = alert.circumstances {
      if let mode = circumstances.mode, alert.kind.tellsArming {
        texts["mode"] = phrases.book.word(of: mode)
        texts["since"] = time(circumstances.since)
        texts["by"] = circumstances.changedBy
      }
      if alert.severity == .alarm, !circumstances.open.isEmpty {
        texts["open"] = circumstances.open.map(name).joined(separator: phrases.book.comma)
      }
    }
    var values = texts.compactMapValues { $0 }.filter { !$0.value.isEmpty }
      .mapValues { TextTemplate.Value.text($0) }
    values["is_alarm"] = .flag(alert.severity == .alarm)
    values["is_late"] = .flag(alert.isLate)
    values["is_always"] = .flag(alert.kind == .opened && alert.detail == Alert.alwaysDetail)
    values["is_open"] = .flag(alert.state == .open)
    values["is_journal"] = .flag(isJournal)
    values["is_fault"] = .flag(alert.state == .fault && alert.detail == nil)
    return values
  }

  private func name(of area: Identifier) -> String { settings.areas[area]?.name ?? area.description }

  private func name(of door: DoorAddress) -> String { settings.doors[door]?.name ?? door.description }

  private func name(of subject: Alert.Subject, in area: Identifier) -> String {
    switch subject {
    case .door(let address): name(of: address)
    case .area: name(of: area)
    case .agent, .broker, .channel: phrases.book.name(of: subject)
    }
  }

  private func time(_ timestamp: Timestamp) -> String {
    settings.calendar.text(timestamp, in: phrases.language)
  }

  private func word(of state: DoorState) -> String { phrases.book.word(of: state) }

  private func length(_ duration: Duration) -> String { phrases.book.length(duration) }
}

extension Alert.Kind {
  /// Whether it matters how the area was armed, and is not said yet.
  fileprivate var tellsArming: Bool {
    switch self {
    case .opened, .standingOpen, .leftOpen, .doorFault, .agentSilent, .brokerGone: true
    case .openTooLong, .shutOut, .alarmEnded, .batteryLow, .journalRestarted, .scheduleFailed, .wrongCodes,
      .duress, .clientTaken, .historyGap, .channelFailing, .selfTest, .selfTestFailed:
      false
    }
  }
}

extension String {
  /// Without what is of a kind at its end.
  func trimmingSuffix(while isSuffix: (Character) -> Bool) -> Substring {
    self[..<(lastIndex { !isSuffix($0) }.map { index(after: $0) } ?? startIndex)]
  }
}
