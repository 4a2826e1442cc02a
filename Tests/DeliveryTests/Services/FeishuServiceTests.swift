import Appliance
import DoorCore
import NIOHTTP1
import Testing

@testable import Delivery

/// By open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: "Notes", "Security settings", "Signature
/// verification", "Send Feishu cards".
@Suite("Feishu")
struct FeishuServiceTests {
  private let bench: ServiceBench
  private let now = Timestamp(milliseconds: 1_700_000_000_999)

  init() throws {
    bench = try ServiceBench()
  }

  private func service(_ line: String = "mention_all = true") throws -> FeishuService {
    try bench.make(
      FeishuService.self, "server = \"https://feishu.example/\"",
      "token_file = \"\(try bench.secret("hunter2"))\"", line)
  }

  @Test("is sent an alarm as a red card that mentions everybody, with a button that acknowledges")
  func alarm() throws {
    let request = try service().request(for: .opening(acknowledgement: Notice.link), at: now)
    #expect(request.method == .POST)
    #expect(request.address.reveal() == "https://feishu.example/open-apis/bot/v2/hook/hunter2")
    #expect(
      try request.json() == [
        "msg_type": "interactive",
        "card": [
          "header": ["title": ["tag": "plain_text", "content": "ALARM: Haustür"], "template": "red"],
          "elements": [
            [
              "tag": "div",
              "text": ["tag": "plain_text", "content": "Haustür was \"opened\" at 1/2 & 3."],
            ],
            ["tag": "div", "text": ["tag": "lark_md", "content": "<at id=all></at>"]],
            [
              "tag": "action",
              "actions": [
                [
                  "tag": "button", "type": "primary", "text": ["tag": "plain_text", "content": "I know"],
                  "url": "https://alarm.example/ack/hunter2",
                ]
              ],
            ],
          ],
        ],
      ])
  }

  @Test(
    "is sent what is less urgent in other colours, mentioning nobody",
    arguments: [(Notice.Urgency.normal, "orange"), (.low, "blue")])
  func urgency(_ urgency: Notice.Urgency, _ colour: String) throws {
    let request = try service().request(for: .opening(urgency, text: "Open."), at: now)
    #expect(
      try request.json()["card"] == [
        "header": [
          "title": ["tag": "plain_text", "content": "ALARM: Haustür"], "template": .string(colour),
        ],
        "elements": [["tag": "div", "text": ["tag": "plain_text", "content": "Open."]]],
      ])
  }

  @Test("mentions nobody where it is not told to, nor where a text looks like it")
  func quiet() throws {
    let notice = try Notice.opening(text: "<at id=all></at> is open.")
    let request = try service("mention_all = false").request(for: notice, at: now)
    #expect(
      try request.json()["card"]?["elements"] == [
        ["tag": "div", "text": ["tag": "plain_text", "content": "<at id=all></at> is open."]]
      ])
  }

  @Test("is sent the time in seconds and its signature, by the secret")
  func signed() throws {
    let service = try service("secret_file = \"\(try bench.secret("SEChunter2"))\"")
    let body = try service.request(for: .opening(), at: now).json()
    #expect(body["timestamp"] == "1700000000")
    #expect(body["sign"] == "meqQBUL7vI7HMiH0PfJFWeaaoNW8dIiUGMTxVM1KaIs=")
    #expect(service.secrets == [Secret("hunter2"), Secret("SEChunter2")])
  }

  @Test(
    "is sent the keyword that it wants, once",
    arguments: [("door", "door ALARM: Haustür"), ("Haus", "ALARM: Haustür")])
  func keyword(_ keyword: String, _ title: String) throws {
    let request = try service("keyword = \"\(keyword)\"").request(for: .opening(), at: now)
    #expect(
      try request.json()["card"]?["header"]?["title"] == [
        "tag": "plain_text", "content": .string(title),
      ])
  }

  @Test("is sent no more than it takes, and the button all the same")
  func long() throws {
    let notice = try Notice.opening(
      text: String(repeating: "\"", count: 30_000), acknowledgement: Notice.link)
    let request = try service().request(for: notice, at: now)
    #expect(request.body.count <= 20_000)
    let elements = try request.json()["card"]?["elements"]
    guard case .string(let content)? = elements?[0]?["text"]?["content"] else {
      Issue.record("no content")
      return
    }
    #expect(content.hasSuffix("\"…"))
    #expect(elements?[2]?["actions"]?[0]?["url"] == "https://alarm.example/ack/hunter2")
  }

  @Test(
    "has what it answers success to",
    arguments: [
      #"{"code":0,"msg":"success","data":{},"StatusCode":0,"StatusMessage":"success"}"#,
      #"{"Extra":null,"StatusCode":0,"StatusMessage":"success"}"#,
    ])
  func delivered(_ body: String) throws {
    #expect(try service().judge(WebAnswer(200, body)) == .delivered(answer: "success"))
  }

  @Test(
    "is tried again or not, as it says",
    arguments: [
      (
        WebAnswer(200, #"{"code":11232,"data":{},"msg":"frequency limited psm[lark.oapi]"}"#),
        DeliveryResult.retry(after: nil, why: "Feishu answered 11232 (frequency limited psm[lark.oapi])")
      ),
      (
        WebAnswer(400, #"{"code":11232,"data":{},"msg":"frequency limited"}"#, retryAfter: "7"),
        .retry(after: .seconds(7), why: "Feishu answered 11232 (frequency limited)")
      ),
      (
        WebAnswer(
          200,
          #"{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}"#),
        .retry(
          after: nil,
          why: "Feishu answered 19021 (sign match fail or timestamp is not within one hour from current time)"
        )
      ),
      (
        WebAnswer(200, #"{"code":19022,"msg":"Ip Not Allowed"}"#),
        .refused(why: "Feishu answered 19022 (Ip Not Allowed): check its settings")
      ),
      (
        WebAnswer(200, #"{"code":19024,"msg":"Key Words Not Found"}"#),
        .refused(why: "Feishu answered 19024 (Key Words Not Found): check its settings")
      ),
      (
        WebAnswer(
          200, #"{"code":19001,"data":{},"msg":"param invalid: incoming webhook access token invalid"}"#),
        .refused(
          why:
            "Feishu answered 19001 (param invalid: incoming webhook access token invalid): check its settings"
        )
      ),
      (
        WebAnswer(400, #"{"code":9499,"msg":"Bad Request","data":{}}"#),
        .refused(why: "Feishu answered HTTP 400 (Bad Request): check its settings")
      ),
      (WebAnswer(429, "", retryAfter: "7"), .retry(after: .seconds(7), why: "Feishu answered HTTP 429")),
      (WebAnswer(502, "<html>"), .retry(after: nil, why: "Feishu answered HTTP 502")),
      (
        WebAnswer(200, "{}"),
        .retry(after: nil, why: "Feishu answered HTTP 200 with something that is not its own answer")
      ),
      (
        WebAnswer(200, "<html>log in</html>"),
        .retry(after: nil, why: "Feishu answered HTTP 200 with something that is not its own answer")
      ),
    ])
  func judged(_ answer: WebAnswer, _ result: DeliveryResult) throws {
    #expect(try service().judge(answer) == result)
  }

  @Test("is open.feishu.cn without a server, and needs its token")
  func settings() throws {
    let service = try bench.make(FeishuService.self, "token_file = \"\(try bench.secret("hunter2"))\"")
    #expect(
      try service.request(for: .opening(), at: now).address.reveal()
        == "https://open.feishu.cn/open-apis/bot/v2/hook/hunter2")
    #expect(throws: SettingsError.self) { try bench.make(FeishuService.self, "mention_all = true") }
  }
}
