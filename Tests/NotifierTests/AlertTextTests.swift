import Delivery
import DoorCore
import TestSupport
import Testing

@testable import AlarmStore
@testable import Notifier

@Suite("The words for people")
struct AlertTextTests {
  private let text: AlertText
  private let front: DoorAddress

  init() throws {
    let folder = try TemporaryFolder()
    let house = try NotifierHouse(
      path: folder.file("store.sqlite"), doors: NotifierHouse.door("front", "name = \"Front door\""),
      lines: "time_zone = \"UTC\"")
    text = AlertText(settings: house.settings)
    front = try DoorAddress("hall/front")
  }

  private func alert(_ kind: Alert.Kind, _ severity: Alert.Severity = .alarm, detail: String? = nil) throws
    -> Alert
  {
    Alert(
      id: "1", severity: severity, kind: kind, area: try Identifier("home"), subject: .door(front),
      state: .open,
      at: NotifierHouse.wall(0), detail: detail)
  }

  private func message(_ alerts: Alert..., stage: AlertStage = .raised) -> OutboxMessage {
    OutboxMessage(
      items: alerts.enumerated().map {
        OutboxItem(id: Int64($0), alert: $1, stage: stage, raised: NotifierHouse.wall(1))
      },
      attempts: 0)
  }

  @Test("say which door was opened, when and where")
  func opened() throws {
    let notice = text.notice(of: message(try alert(.opened)))
    #expect(notice.title == "ALARM: Front door")
    #expect(notice.text == "Front door was opened at 22:13:20 on 2023-11-14 (UTC) while Home was armed.")
    #expect(notice.severity == .alarm)
    #expect(notice.key == "1")
  }

  @Test("say that it is a reminder, that it is over, and how often it came")
  func stages() throws {
    let fault = try alert(.doorFault, .trouble)
    #expect(text.notice(of: message(fault, stage: .reminder(2))).title == "Reminder: Front door has a fault")
    let item = OutboxItem(
      id: 1, alert: fault, stage: .reminder(2), count: 5, raised: NotifierHouse.wall(0),
      resolved: NotifierHouse.wall(40))
    #expect(text.text(of: item).hasPrefix("Reminder 2: Front door of Home cannot"))
    #expect(text.text(of: item).hasSuffix("(5 times.)"))
    var over = item
    over.stage = .resolved
    #expect(text.text(of: over) == "Front door can be watched again at 22:14:00 on 2023-11-14 (UTC).")
  }

  @Test("list many alerts in one message, of the gravest one's severity")
  func storm() throws {
    let notice = text.notice(of: message(try alert(.doorFault, .trouble), try alert(.opened)))
    #expect(notice.title == "ALARM: 2 alerts")
    #expect(notice.text.split(separator: "\n").count == 2)
    #expect(notice.text.hasPrefix("- Front door of Home cannot be watched"))
    #expect(notice.severity == .alarm)
    #expect(notice.items.count == 2)
  }

  @Test("are there for every kind and stage", arguments: Alert.Kind.allCases)
  func everything(_ kind: Alert.Kind) throws {
    for severity in Alert.Severity.allCases {
      for stage in [AlertStage.raised, .reminder(1), .resolved] {
        let notice = text.notice(of: message(try alert(kind, severity, detail: "x"), stage: stage))
        #expect(!notice.title.isEmpty)
        #expect(notice.text.count > 10)
        #expect(!notice.text.contains("nil") && !notice.text.contains("Optional"))
      }
    }
  }

  @Test(
    "say lengths of time as people do",
    arguments: [
      (0, "0 s", "0 秒"), (59, "59 s", "59 秒"), (60, "1 min", "1 分钟"), (3_599, "59 min", "59 分钟"),
      (3_600, "1 h", "1 小时"), (3_900, "1 h 5 min", "1 小时 5 分钟"),
    ])
  func lengths(_ seconds: Int, _ english: String, _ chinese: String) {
    #expect(EnglishPhrases.length(.seconds(seconds)) == english)
    #expect(ChinesePhrases.length(.seconds(seconds)) == chinese)
  }
}
