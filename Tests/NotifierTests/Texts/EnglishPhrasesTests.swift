import DoorCore
import TestSupport
import Testing

@testable import AlarmStore
@testable import Notifier

@Suite("The English texts")
struct EnglishPhrasesTests {
  private let text: AlertText

  init() throws {
    let folder = try TemporaryFolder()
    text = AlertText(
      settings: try NotifierHouse(
        path: folder.file("store.sqlite"), doors: SampleAlerts.tables, lines: "time_zone = \"UTC\""
      ).settings, language: .english)
  }

  /// When everything happens.
  private static let time = "22:13:20 on 2023-11-14 (UTC)"

  @Test(
    "say what has happened and what is over in sentences of everyday English",
    arguments: [
      (
        .standingOpen, nil, .open,
        "Front door of Home was found open at \(time). It is guarded, and nobody saw it open.",
        "Front door was closed."
      ),
      (
        .leftOpen, nil, .fault, "Front door of Home is guarded and was not closed at \(time): it is faulty.",
        "Front door can be watched again."
      ),
      (.openTooLong, nil, .open, "Front door of Home has been open since \(time).", "Front door was closed."),
      (
        .shutOut, "3", .open,
        "Front door of Home was opened again at \(time). It has raised as many alarms as it may (3): "
          + "until Home is armed again, it is only recorded.", nil
      ),
      (.alarmEnded, "Ada", nil, "Home was disarmed after an alarm, at \(time), by Ada.", nil),
      (.alarmEnded, nil, nil, "Home was disarmed after an alarm, at \(time).", nil),
      (
        .scheduleFailed, "front is open", nil, "The schedule of Home was not kept at \(time): front is open.",
        nil
      ),
      (
        .wrongCodes, "5", nil,
        "5 wrong codes in a row were entered for Home, the last one at \(time).", nil
      ),
      (.duress, nil, nil, "Somebody was forced to enter a code for Home at \(time).", nil),
      (
        .doorFault, "the payload is no JSON", nil,
        "Front door of Home cannot be watched (since \(time)): the payload is no JSON.",
        "Front door can be watched again."
      ),
      (
        .doorFault, Alert.journalDetail, .closed,
        "Front door of Home cannot be watched (since \(time)): its agent cannot write its journal, perhaps "
          + "because its disk is full.", "Front door can be watched again."
      ),
      (
        .doorFault, nil, .unknown,
        "Front door of Home cannot be watched (since \(time)): its line cannot be read.",
        "Front door can be watched again."
      ),
      (
        .batteryLow, nil, nil, "The battery of Front door (Home) is nearly empty, as reported at \(time).",
        "The battery of Front door is in order again."
      ),
      (
        .historyGap, "1", nil,
        "Transitions of Front door (Home) are missing, 1 in all, and its agent does not have them either "
          + "(found at \(time)).", nil
      ),
      (
        .agentSilent, nil, nil,
        "The agent hall is not heard any more (noticed at \(time)): nobody watches its doors of Home. "
          + "Is its machine, its network or the broker down?", "The agent hall is heard again."
      ),
      (
        .brokerGone, "it has not been reached yet", nil,
        "The broker cannot be reached: it has not been reached yet (noticed at \(time)). "
          + "Nobody watches the doors of Home.", "The broker can be reached again."
      ),
      (
        .channelFailing, "HTTP 503", nil,
        "Channel phone does not take its messages (since \(time)): HTTP 503. "
          + "Until that is mended, nobody is reached through it.", "Channel phone delivers again."
      ),
      (
        .selfTest, nil, nil,
        "This is a test of the whole way from the agent hall to you, asked for at \(time). "
          + "Nothing has happened.", nil
      ),
      (
        .selfTestFailed, "agent hall has not answered", nil,
        "The test of the agent hall at \(time) did not get through: agent hall has not answered. "
          + "An alarm might not get through either.", nil
      ),
    ] as [(Alert.Kind, String?, DoorState?, String, String?)])
  func sentences(
    _ kind: Alert.Kind, _ detail: String?, _ state: DoorState?, _ raised: String, _ over: String?
  ) throws {
    var item = OutboxItem(
      id: 1, alert: try SampleAlerts.alert(kind, .trouble, detail: detail, state: state), stage: .raised,
      raised: NotifierHouse.wall(0))
    #expect(text.text(of: item) == raised)
    item.stage = .resolved
    #expect(text.text(of: item) == over ?? "\(subject(item)): it is over.")
  }

  private func subject(_ item: OutboxItem) -> String {
    switch item.alert.subject {
    case .door: "Front door"
    case .area: "Home"
    case .agent: "The agent hall"
    case .broker: "The broker"
    case .channel: "Channel phone"
    }
  }

  @Test(
    "say lengths of time as people do",
    arguments: [
      (-5, "0 s"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (3_599, "59 min"), (3_600, "1 h"),
      (3_900, "1 h 5 min"), (90_000, "25 h"),
    ])
  func lengths(_ seconds: Int, _ said: String) {
    #expect(EnglishPhrases.length(.seconds(seconds)) == said)
  }

  @Test("have a word of their own for every mode and state")
  func words() {
    #expect(Set(ArmMode.allCases.map(EnglishPhrases.word(of:))).count == ArmMode.allCases.count)
    #expect(Set(DoorState.allCases.map(EnglishPhrases.word(of:))).count == DoorState.allCases.count)
  }
}
