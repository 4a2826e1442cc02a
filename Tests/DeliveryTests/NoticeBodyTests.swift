import DoorCore
import Testing

@testable import Delivery

/// As docs/channels.md has it.
@Suite("The JSON of a notice")
struct NoticeBodyTests {
  private func text(_ notice: Notice) -> String {
    String(decoding: NoticeBody(notice).encoded(), as: UTF8.self)
  }

  private func own() -> Notice {
    Notice(
      key: "store/1", severity: .trouble, urgency: .normal, title: "T", text: "X",
      at: Timestamp(milliseconds: 1), items: [])
  }

  /// Two alerts, the second of which is another in everything that can be.
  private func two() throws -> Notice {
    var notice = try Notice.opening()
    notice.key = "a/and-1-more"
    notice.text = "Two."
    let alert = Alert(
      id: "b", severity: .trouble, kind: .agentSilent, area: try Identifier("shed"),
      subject: .agent(try Identifier("garden")), state: nil, at: Timestamp(milliseconds: 5), isLate: true,
      simulated: true)
    notice.items.append(Notice.Item(alert: alert, stage: .reminder(3), count: 2, text: "Silent."))
    return notice
  }

  @Test("has the one alert's fields, and where to acknowledge, in one order")
  func one() throws {
    #expect(
      text(try .opening(acknowledgement: Notice.link))
        == #"{"acknowledge_url":"https://alarm.example/ack/hunter2","agent":"hall","area":"home","#
        + #""at_ms":1700000000000,"count":1,"door":"front","id":"home/front/5e1f0c77/1042/1700000000000","#
        + #""kind":"opened","late":false,"severity":"alarm","simulated":false,"stage":"raised","#
        + #""state":"open","text":"Haustür was \"opened\" at 1/2 & 3.","title":"ALARM: Haustür"}"#)
  }

  @Test("has nothing of an alert where the notifier speaks of itself")
  func ownNotice() {
    #expect(text(own()) == #"{"at_ms":1,"id":"store/1","severity":"trouble","text":"X","title":"T"}"#)
  }

  @Test("has of many alerts what the notice says, the first one's fields, and all of them")
  func many() throws {
    let json = try JSON(NoticeBody(two()).encoded())
    #expect(json["id"] == "a/and-1-more")
    #expect(json["text"] == "Two.")
    #expect(json["severity"] == "alarm")
    #expect(json["kind"] == "opened")
    #expect(json["alerts"]?[0]?["id"] == "home/front/5e1f0c77/1042/1700000000000")
    #expect(
      json["alerts"]?[1] == [
        "id": "b", "severity": "trouble", "kind": "agent_silent", "stage": "reminder", "area": "shed",
        "agent": "garden", "at_ms": 5, "late": true, "simulated": true, "count": 2, "text": "Silent.",
      ])
    #expect(json["alerts"]?[2] == nil)
    #expect(try JSON(NoticeBody(.opening()).encoded())["alerts"] == nil, "one alert is no list")
  }

  @Test("is the same bytes every time")
  func stable() throws {
    let bytes = NoticeBody(try two()).encoded()
    for _ in 0..<20 { #expect(NoticeBody(try two()).encoded() == bytes) }
  }

  // MARK: For templates

  @Test(
    "has the same for a template, what is not there as nothing, and every alert with whether it is the last")
  func values() throws {
    let values = NoticeBody(try .opening(acknowledgement: Notice.link)).values
    let alert: NoticeBody.Values = [
      "id": .text("home/front/5e1f0c77/1042/1700000000000"), "severity": .text("alarm"),
      "kind": .text("opened"), "stage": .text("raised"), "area": .text("home"), "agent": .text("hall"),
      "door": .text("front"), "state": .text("open"), "at_ms": .text("1700000000000"), "late": .flag(false),
      "simulated": .flag(false), "count": .text("1"),
      "text": .text("Haustür was \"opened\" at 1/2 & 3."), "is_last": .flag(true),
    ]
    var expected = alert
    expected["title"] = .text("ALARM: Haustür")
    expected["is_alarm"] = .flag(true)
    expected["acknowledge_url"] = .text("https://alarm.example/ack/hunter2")
    expected["alerts"] = .list([alert])
    #expect(values == expected)
  }

  @Test("has for a template who is last of many, and that there is no alert")
  func lists() throws {
    guard case .list(let alerts)? = NoticeBody(try two()).values["alerts"] else {
      Issue.record("no list")
      return
    }
    #expect(alerts.map { $0["is_last"] } == [.flag(false), .flag(true)])
    #expect(alerts.map { $0["door"] } == [.text("front"), .text("")])
    let values = NoticeBody(own()).values
    #expect(values["alerts"] == .list([]))
    #expect(values["kind"] == .text("") && values["is_alarm"] == .flag(false))
    #expect(values["title"] == .text("T") && values["id"] == .text("store/1"))
    #expect(NoticeBody(try .opening(.normal)).values["is_alarm"] == .flag(false))
  }

  @Test("has all names for a template that there are, in notices of every form")
  func names() throws {
    for values in [NoticeBody(own()).values, NoticeBody(try two()).values] + NoticeBody.samples {
      #expect(Set(values.keys) == NoticeBody.names)
      guard case .list(let alerts)? = values["alerts"] else {
        Issue.record("no list")
        return
      }
      for alert in alerts {
        #expect(
          Set(alert.keys) == NoticeBody.names.subtracting(["title", "is_alarm", "acknowledge_url", "alerts"]))
      }
    }
  }

  @Test("is tried in a template with every text empty or not, every flag false or true, no alert or two")
  func samples() {
    let samples = NoticeBody.samples
    #expect(samples.map { $0["title"] } == [.text(""), .text(""), .text("x"), .text("x")])
    #expect(samples.map { $0["late"] } == [.flag(false), .flag(true), .flag(false), .flag(true)])
    let counts = samples.map { values in
      if case .list(let alerts)? = values["alerts"] { alerts.count } else { -1 }
    }
    #expect(counts == [0, 0, 2, 2])
  }
}
