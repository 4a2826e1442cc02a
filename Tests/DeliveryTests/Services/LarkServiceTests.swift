import Appliance
import DoorCore
import Testing

@testable import Delivery

/// By open.larksuite.com/document/client-docs/bot-v3/add-custom-bot; what it has in common with Feishu is
/// tested there.
@Suite("Lark")
struct LarkServiceTests {
  private let bench: ServiceBench

  init() throws {
    bench = try ServiceBench()
  }

  private func service<Service: WebService>(_ type: Service.Type) throws -> Service {
    try bench.make(
      type, "token_file = \"\(try bench.secret("hunter2"))\"",
      "secret_file = \"\(try bench.secret("SEChunter2"))\"", "mention_all = true")
  }

  @Test("is asked what Feishu is asked, at open.larksuite.com", arguments: Notice.Urgency.allCases)
  func request(_ urgency: Notice.Urgency) throws {
    let now = Timestamp(milliseconds: 1_700_000_000_000)
    let notice = try Notice.opening(urgency, acknowledgement: Notice.link)
    let request = try service(LarkService.self).request(for: notice, at: now)
    #expect(request.address.reveal() == "https://open.larksuite.com/open-apis/bot/v2/hook/hunter2")
    #expect(try request.body == service(FeishuService.self).request(for: notice, at: now).body)
  }

  @Test("has the secrets and the rate of Feishu")
  func common() throws {
    let service = try service(LarkService.self)
    #expect(service.secrets == [Secret("hunter2"), Secret("SEChunter2")])
    #expect(service.rate == SendingRate(burst: 5, pause: .seconds(1)))
  }

  @Test(
    "is called by its own name",
    arguments: [
      (WebAnswer(200, #"{"code":0,"msg":"success"}"#), DeliveryResult.delivered(answer: "success")),
      (
        WebAnswer(200, #"{"code":11232,"msg":"frequency limited"}"#),
        .retry(after: nil, why: "Lark answered 11232 (frequency limited)")
      ),
      (
        WebAnswer(200, #"{"code":19024,"msg":"Key Words Not Found"}"#),
        .refused(why: "Lark answered 19024 (Key Words Not Found): check its settings")
      ),
      (WebAnswer(502, "<html>"), .retry(after: nil, why: "Lark answered HTTP 502")),
      (
        WebAnswer(200, "<html>log in</html>"),
        .retry(after: nil, why: "Lark answered HTTP 200 with something that is not its own answer")
      ),
    ])
  func judged(_ answer: WebAnswer, _ result: DeliveryResult) throws {
    #expect(try service(LarkService.self).judge(answer) == result)
  }

  @Test("is where its server is, and needs its token")
  func settings() throws {
    let server = "server = \"https://lark.example/\""
    let lark = try bench.make(LarkService.self, server, "token_file = \"\(try bench.secret("hunter2"))\"")
    #expect(
      try lark.request(for: .opening(), at: .now).address.reveal()
        == "https://lark.example/open-apis/bot/v2/hook/hunter2")
    #expect(throws: SettingsError.self) { try bench.make(LarkService.self, server) }
  }
}
