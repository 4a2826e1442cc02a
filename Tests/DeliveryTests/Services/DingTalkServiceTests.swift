import Appliance
import DoorCore
import NIOHTTP1
import Testing

@testable import Delivery

/// By open.dingtalk.com/document/orgapp: custom-robots-send-group-messages (parameters, error codes, 20 a
/// minute) and customize-robot-security-settings (keywords, signatures); in English at help.dingtalk.io.
@Suite("DingTalk")
struct DingTalkServiceTests {
  private let bench: ServiceBench
  private let now = Timestamp(milliseconds: 1_700_000_000_000)

  init() throws {
    bench = try ServiceBench()
  }

  private func service(_ line: String = "mention_all = true") throws -> DingTalkService {
    try bench.make(
      DingTalkService.self, "server = \"https://ding.example/\"",
      "token_file = \"\(try bench.secret("hunter2"))\"",
      line)
  }

  @Test("is sent an alarm that mentions everybody, with a link that acknowledges")
  func alarm() throws {
    let request = try service().request(for: .opening(acknowledgement: Notice.link), at: now)
    #expect(request.method == .POST)
    #expect(request.address.reveal() == "https://ding.example/robot/send?access_token=hunter2")
    #expect(request.header("Content-Type") == "application/json; charset=utf-8")
    let content = """
      ALARM: Haustür
      Haustür was "opened" at 1/2 & 3.
      I know: https://alarm.example/ack/hunter2
      """
    #expect(
      try request.json() == [
        "msgtype": "text", "msgUuid": "554abda8cafa7118274c8c85ff91c965",
        "text": ["content": .string(content)], "at": ["isAtAll": true],
      ])
  }

  @Test("mentions nobody for what is less urgent", arguments: [Notice.Urgency.normal, .low])
  func urgency(_ urgency: Notice.Urgency) throws {
    let request = try service().request(for: .opening(urgency), at: now)
    #expect(
      try request.json() == [
        "msgtype": "text", "msgUuid": "554abda8cafa7118274c8c85ff91c965",
        "text": ["content": "ALARM: Haustür\nHaustür was \"opened\" at 1/2 & 3."],
      ])
  }

  @Test("mentions nobody where it is not told to")
  func quiet() throws {
    let request = try service("mention_all = false").request(for: .opening(), at: now)
    #expect(try request.json()["at"] == nil)
  }

  @Test("is sent the time and its signature, by the secret")
  func signed() throws {
    let service = try service("secret_file = \"\(try bench.secret("SEChunter2"))\"")
    let request = try service.request(for: .opening(), at: now)
    #expect(
      request.address.reveal()
        == "https://ding.example/robot/send?access_token=hunter2&timestamp=1700000000000"
        + "&sign=5P%2FDLuX9o%2BujkohAmnn9dcrVnHa4HV5SByy8xPvGVG0%3D")
    #expect(service.secrets == [Secret("hunter2"), Secret("SEChunter2")])
  }

  @Test(
    "is sent the keyword that it wants, once",
    arguments: [("door", "door ALARM: Haustür"), ("Haus", "ALARM: Haustür")])
  func keyword(_ keyword: String, _ title: String) throws {
    let request = try service("keyword = \"\(keyword)\"").request(for: .opening(text: "Open."), at: now)
    #expect(try request.json()["text"] == ["content": .string("\(title)\nOpen.")])
  }

  @Test("is sent no more than it takes, and the link all the same")
  func long() throws {
    let notice = try Notice.opening(
      text: String(repeating: "\"", count: 30_000), acknowledgement: Notice.link)
    let request = try service().request(for: notice, at: now)
    #expect(request.body.count <= 20_000)
    guard case .string(let content)? = try request.json()["text"]?["content"] else {
      Issue.record("no content")
      return
    }
    #expect(content.hasSuffix("\"…\nI know: https://alarm.example/ack/hunter2"))
  }

  @Test("has what it answers ok to")
  func delivered() throws {
    let answer = WebAnswer(200, #"{"errcode":0,"errmsg":"ok"}"#)
    #expect(try service().judge(answer) == .delivered(answer: "ok"))
  }

  @Test(
    "is tried again where the reason passes",
    arguments: [
      (
        WebAnswer(200, #"{"errcode":-1,"errmsg":"system busy"}"#),
        DeliveryResult.retry(after: nil, why: "DingTalk answered -1 (system busy)")
      ),
      (
        WebAnswer(200, #"{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}"#),
        .retry(
          after: .seconds(60), why: "DingTalk answered 130101 (send too fast, exceed 20 times per minute)")
      ),
      (
        WebAnswer(200, #"{"errcode":410100,"errmsg":"send too fast"}"#, retryAfter: "7"),
        .retry(after: .seconds(7), why: "DingTalk answered 410100 (send too fast)")
      ),
      (
        WebAnswer(200, #"{"errcode":310000,"errmsg":"invalid timestamp, more: [https://ding-doc]"}"#),
        .retry(after: nil, why: "DingTalk answered 310000 (invalid timestamp, more: [https://ding-doc])")
      ),
      (WebAnswer(502, "<html>"), .retry(after: nil, why: "DingTalk answered HTTP 502")),
      (
        WebAnswer(200, "<html>log in</html>"),
        .retry(after: nil, why: "DingTalk answered HTTP 200 with something that is not its own answer")
      ),
    ])
  func retried(_ answer: WebAnswer, _ result: DeliveryResult) throws {
    #expect(try service().judge(answer) == result)
  }

  @Test(
    "has refused what its settings are wrong for",
    arguments: [
      (310_000, "keywords not in content"), (310_000, "sign not match"),
      (310_000, "ip 192.0.2.1 not in whitelist"), (300_005, "token is not exist"),
      (400_013, "group is disbanded"), (400_101, "access_token does not exist"),
      (400_102, "robot is stopped"), (400_106, "robot does not exist"), (430_101, "unsafe link"),
    ])
  func refused(_ number: Int, _ reason: String) throws {
    let answer = WebAnswer(200, "{\"errcode\":\(number),\"errmsg\":\"\(reason)\"}")
    #expect(
      try service().judge(answer)
        == .refused(why: "DingTalk answered \(number) (\(reason)): check its settings"))
  }

  @Test("has refused by its status, too")
  func refusedByStatus() throws {
    let answer = WebAnswer(400, #"{"errcode":40035,"errmsg":"missing json"}"#)
    #expect(
      try service().judge(answer)
        == .refused(why: "DingTalk answered HTTP 400 (missing json): check its settings"))
  }

  @Test("is oapi.dingtalk.com without a server, and needs its token")
  func settings() throws {
    let service = try bench.make(DingTalkService.self, "token_file = \"\(try bench.secret("a b"))\"")
    #expect(
      try service.request(for: .opening(), at: now).address.reveal()
        == "https://oapi.dingtalk.com/robot/send?access_token=a%20b")
    #expect(throws: SettingsError.self) { try bench.make(DingTalkService.self, "mention_all = true") }
  }
}
