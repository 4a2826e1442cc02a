import Appliance
import DoorCore
import NIOHTTP1
import Testing

@testable import Delivery

/// By developer.work.weixin.qq.com/document/path/91770 (text messages, 20 a minute) and path/90455 (global
/// codes).
@Suite("WeCom")
struct WeComServiceTests {
  private let bench: ServiceBench

  init() throws {
    bench = try ServiceBench()
  }

  private func service(_ line: String = "mention_all = true") throws -> WeComService {
    try bench.make(
      WeComService.self, "server = \"https://wecom.example/\"",
      "key_file = \"\(try bench.secret("hunter2"))\"",
      line)
  }

  @Test("is sent an alarm that mentions everybody, with a link that acknowledges")
  func alarm() throws {
    let request = try service().request(for: .opening(acknowledgement: Notice.link), at: .now)
    #expect(request.method == .POST)
    #expect(request.address.reveal() == "https://wecom.example/cgi-bin/webhook/send?key=hunter2")
    let content = """
      ALARM: Haustür
      Haustür was "opened" at 1/2 & 3.
      I know: https://alarm.example/ack/hunter2
      """
    #expect(
      try request.json() == [
        "msgtype": "text", "text": ["content": .string(content), "mentioned_list": ["@all"]],
      ])
  }

  @Test("mentions nobody for what is less urgent", arguments: [Notice.Urgency.normal, .low])
  func urgency(_ urgency: Notice.Urgency) throws {
    let request = try service().request(for: .opening(urgency), at: .now)
    #expect(
      try request.json() == [
        "msgtype": "text", "text": ["content": "ALARM: Haustür\nHaustür was \"opened\" at 1/2 & 3."],
      ])
  }

  @Test("mentions nobody where it is not told to, nor where a text looks like it")
  func quiet() throws {
    let notice = try Notice.opening(text: "<@all> is open.")
    let request = try service("mention_all = false").request(for: notice, at: .now)
    #expect(try request.json()["text"] == ["content": "ALARM: Haustür\n< @all> is open."])
  }

  @Test("is sent no more than fits in a text, and the link all the same")
  func long() throws {
    let notice = try Notice.opening(
      text: String(repeating: "门", count: 2_000), acknowledgement: Notice.link)
    guard case .string(let content)? = try service().request(for: notice, at: .now).json()["text"]?["content"]
    else {
      Issue.record("no content")
      return
    }
    #expect(content.utf8.count <= 2_048 && content.utf8.count > 2_042)
    #expect(content.hasPrefix("ALARM: Haustür\n门"))
    #expect(content.hasSuffix("门…\nI know: https://alarm.example/ack/hunter2"))
  }

  @Test("has what it answers ok to")
  func delivered() throws {
    let answer = WebAnswer(200, #"{"errcode":0,"errmsg":"ok"}"#)
    #expect(try service().judge(answer) == .delivered(answer: "ok"))
  }

  @Test(
    "is tried again or not, as it says",
    arguments: [
      (
        WebAnswer(200, #"{"errcode":-1,"errmsg":"system error"}"#),
        DeliveryResult.retry(after: nil, why: "WeCom answered -1 (system error)")
      ),
      (
        WebAnswer(200, #"{"errcode":45009,"errmsg":"api freq out of limit, hint: [17]"}"#),
        .retry(after: .seconds(60), why: "WeCom answered 45009 (api freq out of limit, hint: [17])")
      ),
      (
        WebAnswer(200, #"{"errcode":45033,"errmsg":"api concurrent out of limit"}"#),
        .retry(after: nil, why: "WeCom answered 45033 (api concurrent out of limit)")
      ),
      (
        WebAnswer(200, #"{"errcode":93000,"errmsg":"invalid webhook url"}"#),
        .refused(why: "WeCom answered 93000 (invalid webhook url): check its settings")
      ),
      (
        WebAnswer(200, #"{"errcode":93004,"errmsg":"robot is disabled"}"#),
        .refused(why: "WeCom answered 93004 (robot is disabled): check its settings")
      ),
      (
        WebAnswer(200, #"{"errcode":40008,"errmsg":"invalid message type"}"#),
        .refused(why: "WeCom answered 40008 (invalid message type): check its settings")
      ),
      (
        WebAnswer(403, #"{"errcode":60020,"errmsg":"not allow to access from your ip"}"#),
        .refused(why: "WeCom answered HTTP 403 (not allow to access from your ip): check its settings")
      ),
      (WebAnswer(429, "", retryAfter: "7"), .retry(after: .seconds(7), why: "WeCom answered HTTP 429")),
      (WebAnswer(502, "<html>"), .retry(after: nil, why: "WeCom answered HTTP 502")),
      (
        WebAnswer(200, "<html>log in</html>"),
        .retry(after: nil, why: "WeCom answered HTTP 200 with something that is not its own answer")
      ),
    ])
  func judged(_ answer: WebAnswer, _ result: DeliveryResult) throws {
    #expect(try service().judge(answer) == result)
  }

  @Test("is qyapi.weixin.qq.com without a server, and needs its key")
  func settings() throws {
    let service = try bench.make(WeComService.self, "key_file = \"\(try bench.secret("hunter2"))\"")
    #expect(
      try service.request(for: .opening(), at: .now).address.reveal()
        == "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=hunter2")
    #expect(service.secrets == [Secret("hunter2")])
    #expect(throws: SettingsError.self) { try bench.make(WeComService.self, "mention_all = true") }
  }
}
