import Appliance
import DoorCore
import NIOHTTP1
import Testing

@testable import Delivery

/// By www.pushplus.plus/doc/guide/api.html (api.pushplus.plus/api-107787114: the request; doc-3034446: the
/// numbers of its answers) and www.pushplus.plus/doc/help/lockdown.html (what too many requests cost).
@Suite("PushPlus")
struct PushPlusServiceTests {
  private let bench: ServiceBench

  init() throws {
    bench = try ServiceBench()
  }

  private func service(_ lines: String = "") throws -> PushPlusService {
    try bench.make(
      PushPlusService.self, "server = \"https://push.example/\"",
      "token_file = \"\(try bench.secret("hunter2"))\"", lines)
  }

  @Test(
    "is sent an alarm with a link that acknowledges, the same for every urgency",
    arguments: Notice.Urgency.allCases)
  func alarm(_ urgency: Notice.Urgency) throws {
    let request = try service().request(for: .opening(urgency, acknowledgement: Notice.link), at: .now)
    #expect(request.method == .POST)
    #expect(request.address.reveal() == "https://push.example/send")
    #expect(request.header("Content-Type") == "application/json; charset=utf-8")
    let content =
      "Haustür was &quot;opened&quot; at 1/2 &amp; 3.<br>"
      + "<a href=\"https://alarm.example/ack/hunter2\">I know</a>"
    #expect(
      try request.json() == [
        "token": "hunter2", "title": "ALARM: Haustür", "content": .string(content), "template": "html",
      ])
  }

  @Test("is sent the group and the channel that it is to hand on to")
  func channel() throws {
    let service = try service("topic = \"family\"\nchannel = \"mail\"")
    #expect(
      try service.request(for: .opening(text: "<b>\nopen"), at: .now).json() == [
        "token": "hunter2", "title": "ALARM: Haustür", "content": "&lt;b&gt;<br>open", "template": "html",
        "topic": "family", "channel": "mail",
      ])
  }

  @Test("is sent no more than it takes, and the link all the same")
  func long() throws {
    var notice = try Notice.opening(
      text: String(repeating: "\"", count: 30_000), acknowledgement: Notice.link)
    notice.title = String(repeating: "门", count: 200)
    let body = try service().request(for: notice, at: .now).json()
    #expect(body["title"] == .string(String(repeating: "门", count: 99) + "…"))
    guard case .string(let content)? = body["content"] else {
      Issue.record("no content")
      return
    }
    #expect(content.utf16.count <= 20_000)
    #expect(content.hasSuffix("&quot;…<br><a href=\"https://alarm.example/ack/hunter2\">I know</a>"))
  }

  @Test(
    "has what it answers 200 to, or has had before",
    arguments: [
      (
        #"{"code":200,"msg":"请求成功","data":"075074e3c17e449e9a0cb79cc6f3fc83"}"#,
        "message 075074e3c17e449e9a0cb79cc6f3fc83"
      ),
      (#"{"code":200,"msg":"请求成功","data":null}"#, "queued"),
      (#"{"code":999,"msg":"请勿频繁推送相同内容","data":null}"#, "it has it already: 请勿频繁推送相同内容"),
    ])
  func delivered(_ body: String, _ answer: String) throws {
    #expect(try service().judge(WebAnswer(200, body)) == .delivered(answer: answer))
  }

  @Test(
    "is tried again or not, as it says",
    arguments: [
      (
        WebAnswer(200, #"{"code":500,"msg":"系统异常","data":null}"#),
        DeliveryResult.retry(after: nil, why: "PushPlus answered 500 (系统异常)")
      ),
      (
        WebAnswer(200, #"{"code":900,"msg":"用户账号使用受限","data":null}"#),
        .retry(after: .seconds(3_600), why: "PushPlus answered 900 (用户账号使用受限)")
      ),
      (
        WebAnswer(403, #"{"code":403,"msg":"请求IP未授权"}"#),
        .refused(why: "PushPlus answered HTTP 403 (请求IP未授权): check its settings")
      ),
      (WebAnswer(429, "", retryAfter: "7"), .retry(after: .seconds(7), why: "PushPlus answered HTTP 429")),
      (WebAnswer(502, "<html>"), .retry(after: nil, why: "PushPlus answered HTTP 502")),
      (
        WebAnswer(200, "<html>log in</html>"),
        .retry(after: nil, why: "PushPlus answered HTTP 200 with something that is not its own answer")
      ),
    ])
  func judged(_ answer: WebAnswer, _ result: DeliveryResult) throws {
    #expect(try service().judge(answer) == result)
  }

  @Test(
    "has refused what its settings or its account are wrong for",
    arguments: [
      (401, "请求未授权"), (600, "数据异常"), (888, "积分不足"), (903, "无效的用户令牌"), (905, "账户未进行实名认证"),
      (999, "服务端验证错误"),
    ])
  func refused(_ number: Int, _ reason: String) throws {
    let answer = WebAnswer(200, "{\"code\":\(number),\"msg\":\"\(reason)\",\"data\":null}")
    #expect(
      try service().judge(answer)
        == .refused(why: "PushPlus answered \(number) (\(reason)): check its settings"))
  }

  @Test("is www.pushplus.plus without a server, and needs its token")
  func settings() throws {
    let service = try bench.make(PushPlusService.self, "token_file = \"\(try bench.secret("hunter2"))\"")
    #expect(
      try service.request(for: .opening(), at: .now).address.reveal() == "https://www.pushplus.plus/send")
    #expect(service.secrets == [Secret("hunter2")])
    #expect(throws: SettingsError.self) { try bench.make(PushPlusService.self, "topic = \"family\"") }
  }
}
