import DoorCore
import TestSupport
import Testing

@testable import AlarmStore
@testable import Notifier

@Suite("The Chinese texts")
struct ChinesePhrasesTests {
  private let text: AlertText

  init() throws {
    let folder = try TemporaryFolder()
    text = AlertText(
      settings: try NotifierHouse(
        path: folder.file("store.sqlite"), doors: SampleAlerts.tables, lines: "time_zone = \"UTC\""
      ).settings, language: .chinese)
  }

  /// When everything happens.
  private static let time = "2023-11-14 22:13:20 UTC"

  @Test(
    "say what has happened and what is over",
    arguments: [
      (.opened, nil, .open, "Front door于 \(time) 被打开，当时Home处于布防状态。", "Front door：已结束。"),
      (
        .standingOpen, nil, .open, "\(time) 发现Home的Front door是开着的。它正受保护，但没有检测到它被打开。",
        "Front door已关上。"
      ),
      (
        .leftOpen, nil, .open, "Home的Front door正受保护，但在 \(time) 没有关好，状态是：打开。", "Front door已关上。"
      ),
      (.alarmEnded, "Ada", nil, "警报之后，Home于 \(time) 由Ada撤防。", "Home：已结束。"),
      (.wrongCodes, "5", nil, "截至 \(time)，Home连续 5 次被输入错误密码。", "Home：已结束。"),
      (.duress, nil, nil, "有人于 \(time) 被迫输入了Home的密码。", "Home：已结束。"),
      (.doorFault, "x", nil, "从 \(time) 起无法监测Home的Front door：x。", "Front door恢复监测。"),
      (.doorFault, nil, .fault, "从 \(time) 起无法监测Home的Front door：线路报告故障。", "Front door恢复监测。"),
      (
        .agentSilent, nil, nil,
        "采集程序 hall已没有消息（\(time) 发现）：Home里它负责的门无人监测。是它本身、网络还是消息服务器出了问题？",
        "采集程序 hall恢复联系。"
      ),
      (
        .channelFailing, "HTTP 503", nil, "从 \(time) 起，渠道 phone不接收消息：HTTP 503。恢复之前，它通知不到任何人。",
        "渠道 phone恢复送达。"
      ),
    ] as [(Alert.Kind, String?, DoorState?, String, String)])
  func sentences(
    _ kind: Alert.Kind, _ detail: String?, _ state: DoorState?, _ raised: String, _ over: String
  ) throws {
    var item = OutboxItem(
      id: 1, alert: try SampleAlerts.alert(kind, .trouble, detail: detail, state: state), stage: .raised,
      raised: NotifierHouse.wall(0))
    #expect(text.text(of: item) == raised)
    item.stage = .resolved
    #expect(text.text(of: item) == over)
    item.resolved = NotifierHouse.wall(0)
    #expect(text.text(of: item).hasPrefix(over.dropLast() + "（\(Self.time)）。"))
  }

  @Test("have no sentence in which a word of English is left", arguments: Alert.Kind.allCases)
  func noEnglish(_ kind: Alert.Kind) throws {
    // Names, and what others have said, stay as they are.
    let given = /Front door|Back door|Home|hall|phone|Ada|UTC|id/
    for alert in try SampleAlerts.all(of: kind) where alert.detail.map({ $0.count < 3 }) ?? true {
      for item in SampleAlerts.items(of: alert) {
        let said = (text.title(of: item) + text.text(of: item)).replacing(given, with: "")
        #expect(said.firstMatch(of: /[A-Za-z]/) == nil, "\(said)")
      }
    }
  }

  @Test(
    "say lengths of time as people do",
    arguments: [
      (0, "0 秒"), (59, "59 秒"), (60, "1 分钟"), (3_599, "59 分钟"), (3_600, "1 小时"), (3_900, "1 小时 5 分钟"),
    ])
  func lengths(_ seconds: Int, _ said: String) {
    #expect(ChinesePhrases.length(.seconds(seconds)) == said)
  }

  @Test("have a word of their own for every mode and state")
  func words() {
    #expect(Set(ArmMode.allCases.map(ChinesePhrases.word(of:))).count == ArmMode.allCases.count)
    #expect(Set(DoorState.allCases.map(ChinesePhrases.word(of:))).count == DoorState.allCases.count)
  }
}
