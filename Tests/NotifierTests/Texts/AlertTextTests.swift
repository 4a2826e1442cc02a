import Delivery
import DoorCore
import TestSupport
import Testing

@testable import AlarmStore
@testable import Notifier

@Suite("The words for people")
struct AlertTextTests {
  private let settings: NotifierSettings
  private let text: AlertText

  init() throws {
    let folder = try TemporaryFolder()
    settings = try NotifierHouse(
      path: folder.file("store.sqlite"), doors: SampleAlerts.tables, lines: "time_zone = \"Asia/Shanghai\""
    ).settings
    text = AlertText(settings: settings)
  }

  private func item(
    _ alert: Alert, _ stage: AlertStage = .raised, count: Int = 1, raised: Int64 = 1, resolved: Int64? = nil
  ) -> OutboxItem {
    OutboxItem(
      id: 1, alert: alert, stage: stage, count: count, raised: NotifierHouse.wall(raised),
      resolved: resolved.map(NotifierHouse.wall))
  }

  // MARK: Of every kind

  /// What no sentence has in it.
  private func fault(of text: String) -> String? {
    if text.count < 4 { return "it says nothing" }
    if text.first == " " || text.last == " " || text.contains("  ") { return "spaces" }
    for word in ["nil", "Optional", "{", "}", " .", " ,", "()", "（）", "（(", "always", "journal."]
    where text.contains(word) {
      return word
    }
    let marks = ".,:;!?，。：；！？、"
    for (first, second) in zip(text, text.dropFirst()) where marks.contains(first) && marks.contains(second) {
      return "\(first)\(second)"
    }
    return nil
  }

  @Test(
    "are whole sentences for every kind, severity and stage, with whatever is known and what is not",
    arguments: Alert.Kind.allCases, Language.allCases)
  func everything(_ kind: Alert.Kind, _ language: Language) throws {
    let text = AlertText(settings: settings, language: language)
    var sentences: Set<String> = []
    for alert in try SampleAlerts.all(of: kind) {
      for item in SampleAlerts.items(of: alert) {
        let (title, body) = (text.title(of: item), text.text(of: item))
        for said in [title, body] {
          let fault = fault(of: said)
          #expect(fault == nil, "\(said)")
        }
        #expect(
          body.hasSuffix(".") || body.hasSuffix("?") || body.hasSuffix("。") || body.hasSuffix("？"), "\(body)")
        sentences.insert(body)
      }
    }
    #expect(sentences.count > 5, "they differ")
  }

  @Test(
    "name the door or the agent, the area, and the time with its zone", arguments: Alert.Kind.allCases)
  func facts(_ kind: Alert.Kind) throws {
    for (language, time) in [
      (Language.english, "06:13:20 on 2023-11-15 (UTC+8)"), (.chinese, "2023-11-15 06:13:20 UTC+8"),
    ] {
      let text = AlertText(settings: settings, language: language)
      for alert in try SampleAlerts.all(of: kind) {
        let said = text.text(of: item(alert))
        #expect(said.contains(time), "\(said)")
        switch alert.subject {
        case .door: #expect(said.contains("Front door") && said.contains("Home"), "\(said)")
        case .agent where alert.kind != .agentSilent: #expect(said.contains("hall"), "\(said)")
        case .agent: #expect(said.contains("hall") && said.contains("Home"), "\(said)")
        case .area: #expect(said.contains("Home"), "\(said)")
        case .channel: #expect(said.contains("phone"), "\(said)")
        case .broker: #expect(kind == .clientTaken || said.contains("Home"), "\(said)")
        }
        if let detail = alert.detail, ![Alert.alwaysDetail, Alert.journalDetail].contains(detail) {
          #expect(said.contains(detail.hasSuffix(".") ? String(detail.dropLast()) : detail), "\(said)")
        }
      }
    }
  }

  @Test(
    "say of an alarm that it is one, and of a trouble that it is none",
    arguments: [Alert.Kind.doorFault, .agentSilent, .brokerGone, .wrongCodes])
  func severities(_ kind: Alert.Kind) throws {
    for (language, word) in [(Language.english, "ALARM: "), (.chinese, "警报：")] {
      let text = AlertText(settings: settings, language: language)
      #expect(text.title(of: item(try SampleAlerts.alert(kind, .alarm))).hasPrefix(word))
      #expect(!text.title(of: item(try SampleAlerts.alert(kind, .trouble))).contains(word))
    }
  }

  // MARK: What is known

  @Test("say which door was opened, when and where")
  func opened() throws {
    let notice = text.notice(of: .of(try SampleAlerts.alert(.opened, state: .open)))
    #expect(notice.title == "ALARM: Front door")
    #expect(notice.text == "Front door was opened at 06:13:20 on 2023-11-15 (UTC+8) while Home was armed.")
    #expect(notice.severity == .alarm)
    #expect(notice.key == "1")
    #expect(notice.at == NotifierHouse.wall(0))
  }

  @Test("say how late it was found")
  func late() throws {
    var alert = try SampleAlerts.alert(.opened, state: .open)
    alert.isLate = true
    #expect(text.title(of: item(alert)) == "ALARM (found late): Front door")
    #expect(text.text(of: item(alert, raised: 3_900)).hasSuffix(" It was found only 1 h 5 min later."))
  }

  @Test("say since when and by whom the area has been armed, and what else is open")
  func circumstances() throws {
    var alert = try SampleAlerts.alert(.opened, state: .open)
    let back = try DoorAddress("hall/back")
    alert.circumstances = Alert.Circumstances(
      mode: .armedNight, since: NotifierHouse.wall(-60), changedBy: "Ada",
      open: [back, try DoorAddress("hall/old")])
    #expect(
      text.text(of: item(alert)).hasSuffix(
        " Home has been armed (night) since 06:12:20 on 2023-11-15 (UTC+8), set by Ada. "
          + "Also open: Back door, hall/old."))
    let chinese = AlertText(settings: settings, language: .chinese).text(of: item(alert))
    #expect(
      chinese.hasSuffix("Home从 2023-11-15 06:12:20 UTC+8 起处于夜间布防状态，由Ada设置。另外开着的：Back door、hall/old。"))
    alert.circumstances?.changedBy = nil
    #expect(text.text(of: item(alert)).contains(" since 06:12:20 on 2023-11-15 (UTC+8). Also"))
    alert.circumstances?.mode = nil
    #expect(!text.text(of: item(alert)).contains("has been armed"))
  }

  @Test("leave out of a trouble what else is open, and of what is no matter of arming how that is")
  func circumstancesOfTroubles() throws {
    let around = Alert.Circumstances(
      mode: .armedAway, since: NotifierHouse.wall(-60), changedBy: nil, open: [try DoorAddress("hall/back")])
    var fault = try SampleAlerts.alert(.doorFault, .trouble, state: .fault)
    fault.circumstances = around
    #expect(text.text(of: item(fault)).contains("has been armed (away)"))
    #expect(!text.text(of: item(fault)).contains("Back door"))
    var codes = try SampleAlerts.alert(.wrongCodes, detail: "5")
    codes.circumstances = around
    #expect(!text.text(of: item(codes)).contains("has been armed"))
  }

  @Test("tell a door that is always guarded from one whose agent cannot write")
  func always() throws {
    func said(_ detail: String?) throws -> String {
      text.text(of: item(try SampleAlerts.alert(.opened, detail: detail, state: .open)))
    }
    #expect(try said(Alert.alwaysDetail).hasSuffix(". It is guarded at all times."))
    #expect(try said(Alert.journalDetail).hasSuffix(" while Home was armed."))
  }

  @Test("say that it is a reminder, that it is over, and how often it came")
  func stages() throws {
    let fault = try SampleAlerts.alert(.doorFault, .trouble, state: .fault)
    #expect(text.title(of: item(fault, .reminder(2))) == "Reminder: Front door has a fault")
    let reminder = text.text(of: item(fault, .reminder(2), count: 5))
    #expect(reminder.hasPrefix("Reminder 2: Front door of Home cannot"))
    #expect(reminder.hasSuffix(" It has happened 5 times."))
    #expect(text.title(of: item(fault, .resolved)) == "Over: Front door has a fault")
    #expect(
      text.text(of: item(fault, .resolved, count: 5, resolved: 40))
        == "Front door can be watched again at 06:14:00 on 2023-11-15 (UTC+8).")
  }

  @Test("say how long a door was open, where it is known since when")
  func length() throws {
    for kind in [Alert.Kind.openTooLong, .standingOpen] {
      let over = item(try SampleAlerts.alert(kind, .trouble, state: .open), .resolved, resolved: 3_900)
      #expect(
        text.text(of: over)
          == "Front door was closed at 07:18:20 on 2023-11-15 (UTC+8). It was open for 1 h 5 min.")
    }
    let leftOpen = item(try SampleAlerts.alert(.leftOpen, state: .open), .resolved, resolved: 3_900)
    #expect(text.text(of: leftOpen) == "Front door was closed at 07:18:20 on 2023-11-15 (UTC+8).")
    let faulty = item(try SampleAlerts.alert(.leftOpen, state: .fault), .resolved, resolved: 3_900)
    #expect(text.text(of: faulty).hasPrefix("Front door can be watched again at"))
  }

  @Test("say of a simulated door that it is one, at every stage")
  func simulated() throws {
    var alert = try SampleAlerts.alert(.standingOpen, .trouble, state: .open)
    alert.simulated = true
    for stage in [AlertStage.raised, .reminder(1), .resolved] {
      #expect(text.text(of: item(alert, stage)).hasSuffix(" The door is a simulated one."))
    }
  }

  @Test("call a door and an area that the settings do not have any more by their ids")
  func strangers() throws {
    var alert = try SampleAlerts.alert(.opened, state: .open)
    alert.subject = .door(try DoorAddress("hall/gone"))
    alert.area = try Identifier("shed")
    #expect(text.text(of: item(alert)).hasPrefix("hall/gone was opened at "))
    #expect(text.text(of: item(alert)).hasSuffix(" while shed was armed."))
  }

  // MARK: Many alerts

  @Test("list many alerts in one message, of the gravest one's severity")
  func storm() throws {
    let fault = try SampleAlerts.alert(.doorFault, .trouble, state: .fault)
    let notice = text.notice(of: .of(fault, try SampleAlerts.alert(.opened, state: .open)))
    #expect(notice.title == "ALARM: 2 alerts")
    let lines = notice.text.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.first?.hasPrefix("- Front door of Home cannot be watched") == true)
    #expect(lines.last?.hasPrefix("- Front door was opened at") == true)
    #expect(notice.severity == .alarm && notice.urgency == .critical)
    #expect(notice.items.map { $0.text } == lines.map { String($0.dropFirst(2)) })
    #expect(text.notice(of: .of(fault, fault)).title == "2 alerts")
  }

  @Test("do not cry alarm over many alarms that are over")
  func stormIsOver() throws {
    let open = try SampleAlerts.alert(.leftOpen, state: .open)
    let notice = text.notice(of: .of(open, open, stage: .resolved))
    #expect(notice.title == "2 alerts")
    #expect(notice.urgency == .low)
  }

  // MARK: How much they disturb

  @Test("disturb most with alarms, less with troubles, and least with what only has to be known")
  func urgency() throws {
    func urgency(
      _ kind: Alert.Kind, _ severity: Alert.Severity, _ stage: AlertStage = .raised
    ) throws -> Notice.Urgency {
      text.notice(of: .of(try SampleAlerts.alert(kind, severity), stage: stage)).urgency
    }
    #expect(try urgency(.opened, .alarm) == .critical)
    #expect(try urgency(.duress, .alarm) == .critical)
    #expect(try urgency(.opened, .alarm, .reminder(3)) == .critical)
    #expect(try urgency(.batteryLow, .trouble) == .normal)
    #expect(try urgency(.doorFault, .trouble, .reminder(1)) == .normal)
    #expect(try urgency(.selfTestFailed, .trouble) == .normal)
    for kind in [Alert.Kind.alarmEnded, .selfTest] { #expect(try urgency(kind, .trouble) == .low) }
    #expect(try urgency(.leftOpen, .alarm, .resolved) == .low)
    let ended = try SampleAlerts.alert(.alarmEnded, .trouble)
    #expect(text.notice(of: .of(ended, try SampleAlerts.alert(.batteryLow, .trouble))).urgency == .normal)
  }

  // MARK: Links

  @Test("have a link where one alert is told that is not over and that somebody can know about")
  func links() throws {
    let links = AcknowledgementLinks(
      base: "https://alarm.example", lifetime: .seconds(86_400), key: [1, 2, 3])
    let text = AlertText(settings: settings, language: .chinese, links: links)
    let phone = try Identifier("phone")
    let opened = try SampleAlerts.alert(.opened, state: .open)
    let link = try #require(self.link(text, .of(opened), phone))
    #expect(link.address == links.address(for: "1", through: phone, from: NotifierHouse.wall(1)))
    #expect(link.label == "我知道了")
    #expect(self.link(text, .of(opened, stage: .reminder(2)), phone)?.address == link.address)
    #expect(self.link(text, .of(opened, stage: .resolved), phone) == nil)
    #expect(self.link(text, .of(opened, opened), phone) == nil)
    #expect(self.link(text, .of(opened), nil) == nil)
    for kind in [Alert.Kind.alarmEnded, .selfTest] {
      #expect(self.link(text, .of(try SampleAlerts.alert(kind, .trouble)), phone) == nil)
    }
    #expect(self.link(self.text, .of(opened), phone) == nil, "without links")
  }

  private func link(_ text: AlertText, _ message: OutboxMessage, _ channel: Identifier?) -> Notice.Link? {
    text.notice(of: message, through: channel).acknowledgement
  }

  // MARK: Tests of channels

  @Test("say of a test of a channel that it is one")
  func test() throws {
    let phone = try Identifier("phone")
    let notice = text.test(of: phone, at: NotifierHouse.wall(0))
    #expect(notice.title == "Test of channel phone")
    #expect(notice.text == "This is a test from 06:13:20 on 2023-11-15 (UTC+8). Nothing has happened.")
    #expect(notice.urgency == .normal && notice.severity == .trouble && notice.items.isEmpty)
    let chinese = AlertText(settings: settings, language: .chinese)
    #expect(chinese.test(of: phone, at: NotifierHouse.wall(0)).title == "渠道 phone 的测试")
    #expect(text.test(of: phone, at: NotifierHouse.wall(1)).key != notice.key, "each is another message")
  }
}
