import Appliance
import DoorCore
import NIOHTTP1
import Testing

@testable import Delivery

/// By sct.ftqq.com/sendkey ("API", "Sending"), doc2.ft07.com/serverchan3/server/api and
/// github.com/easychen/serverchan-sdk (the answer's form, and which key belongs to which address).
@Suite("ServerChan")
struct ServerChanServiceTests {
  private let bench: ServiceBench

  init() throws {
    bench = try ServiceBench()
  }

  private func service(key: String = "SCThunter2") throws -> ServerChanService {
    try bench.make(
      ServerChanService.self, "server = \"https://chan.example/\"", "key_file = \"\(try bench.secret(key))\"")
  }

  @Test(
    "is sent an alarm with a link that acknowledges, the same for every urgency",
    arguments: Notice.Urgency.allCases)
  func alarm(_ urgency: Notice.Urgency) throws {
    let request = try service().request(for: .opening(urgency, acknowledgement: Notice.link), at: .now)
    #expect(request.method == .POST)
    #expect(request.address.reveal() == "https://chan.example/SCThunter2.send")
    #expect(request.header("Content-Type") == "application/json; charset=utf-8")
    let text = "Haustür was \"opened\" at 1/2 &amp; 3.\n\n[I know](https://alarm.example/ack/hunter2)"
    #expect(
      try request.json() == [
        "title": "ALARM: Haustür", "desp": .string(text), "short": "Haustür was \"opened\" at 1/2 & 3.",
      ])
  }

  @Test("is sent texts that its Markdown leaves as they are")
  func markdown() throws {
    let notice = try Notice.opening(text: "- *a_b* `c` [d](e)\n#1 <i> \\ ~|")
    let body = try service().request(for: notice, at: .now).json()
    #expect(
      body["desp"] == """
        - \\*a\\_b\\* \\`c\\` \\[d\\](e)

        \\#1 &lt;i&gt; \\\\ \\~\\|
        """)
    #expect(body["short"] == "- *a_b* `c` [d](e)\n#1 <i> \\ ~|")
  }

  @Test("is sent no more than it takes, and the link all the same")
  func long() throws {
    var notice = try Notice.opening(
      text: String(repeating: "&", count: 40_000), acknowledgement: Notice.link)
    notice.title = String(repeating: "门", count: 40)
    let body = try service().request(for: notice, at: .now).json()
    #expect(body["title"] == .string(String(repeating: "门", count: 31) + "…"))
    #expect(body["short"] == .string(String(repeating: "&", count: 63) + "…"))
    guard case .string(let text)? = body["desp"] else {
      Issue.record("no text")
      return
    }
    #expect(text.utf8.count <= 32_768)
    #expect(text.hasSuffix("&amp;…\n\n[I know](https://alarm.example/ack/hunter2)"))
  }

  @Test(
    "has in its queue what it answers 0 to",
    arguments: [
      (
        #"{"code":0,"message":"","data":{"pushid":"1663686","readkey":"SCTP1","error":"SUCCESS","errno":0}}"#,
        "message 1663686"
      ), (#"{"code":0,"message":"SUCCESS","data":{"pushid":7}}"#, "queued"),
    ])
  func delivered(_ body: String, _ answer: String) throws {
    #expect(try service().judge(WebAnswer(200, body)) == .delivered(answer: answer))
  }

  @Test(
    "is tried again or not, as it says",
    arguments: [
      (
        WebAnswer(400, #"{"message":"[AUTH]超过当天的发送次数限制[5]","code":40001,"info":"超过当天的发送次数限制[5]"}"#),
        DeliveryResult.retry(
          after: .seconds(3_600), why: "ServerChan answered 40001 ([AUTH]超过当天的发送次数限制[5])")
      ),
      (
        WebAnswer(200, #"{"message":"超过当天的发送次数限制[5]","code":471}"#),
        .retry(after: .seconds(3_600), why: "ServerChan answered 471 (超过当天的发送次数限制[5])")
      ),
      (
        WebAnswer(400, #"{"message":"[AUTH]错误的Key","code":40001,"info":"错误的Key","args":[null]}"#),
        .refused(why: "ServerChan answered HTTP 400 ([AUTH]错误的Key): check its settings")
      ),
      (
        WebAnswer(200, #"{"message":"[AUTH]错误的Key","code":40001}"#),
        .refused(why: "ServerChan answered 40001 ([AUTH]错误的Key): check its settings")
      ),
      (WebAnswer(429, "", retryAfter: "7"), .retry(after: .seconds(7), why: "ServerChan answered HTTP 429")),
      (WebAnswer(502, "<html>"), .retry(after: nil, why: "ServerChan answered HTTP 502")),
      (
        WebAnswer(200, "<html>log in</html>"),
        .retry(after: nil, why: "ServerChan answered HTTP 200 with something that is not its own answer")
      ),
    ])
  func judged(_ answer: WebAnswer, _ result: DeliveryResult) throws {
    #expect(try service().judge(answer) == result)
  }

  @Test(
    "is where its key belongs without a server",
    arguments: [
      ("SCThunter2", "https://sctapi.ftqq.com/SCThunter2.send"),
      ("sctp42thunter2", "https://42.push.ft07.com/send/sctp42thunter2.send"),
    ])
  func address(_ key: String, _ address: String) throws {
    let service = try bench.make(ServerChanService.self, "key_file = \"\(try bench.secret(key))\"")
    #expect(try service.request(for: .opening(), at: .now).address.reveal() == address)
    #expect(service.secrets == [Secret(key)])
  }

  @Test("is asked at a server as its key wants it")
  func server() throws {
    let request = try service(key: "sctp42thunter2").request(for: .opening(), at: .now)
    #expect(request.address.reveal() == "https://chan.example/send/sctp42thunter2.send")
  }

  @Test("needs its key, and one that can be one", arguments: ["sctp", "sctpt1", "sctp42"])
  func settings(_ key: String) throws {
    #expect(throws: SettingsError.self) { try service(key: key) }
    #expect(throws: SettingsError.self) {
      try bench.make(ServerChanService.self, "server = \"https://chan.example\"")
    }
  }
}
