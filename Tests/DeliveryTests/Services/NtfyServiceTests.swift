import Appliance
import DoorCore
import NIOHTTP1
import Testing

@testable import Delivery

/// By docs.ntfy.sh/publish: "Publish as JSON", "Message priority", "Action buttons", "Updating notifications", "Limitations".
@Suite("ntfy")
struct NtfyServiceTests {
  private let bench: ServiceBench

  init() throws {
    bench = try ServiceBench()
  }

  private func service() throws -> NtfyService {
    try bench.make(
      NtfyService.self, "server = \"https://ntfy.example/\"", "topic = \"door\"",
      "token_file = \"\(try bench.secret("tk_hunter2"))\"")
  }

  @Test("is sent an alarm with its highest priority, and with a button that acknowledges")
  func alarm() throws {
    let request = try service().request(for: .opening(acknowledgement: Notice.link), at: .now)
    #expect(request.method == .POST)
    #expect(request.address.reveal() == "https://ntfy.example")
    #expect(request.header("Authorization") == "Bearer tk_hunter2")
    #expect(
      try request.json() == [
        "topic": "door", "title": "ALARM: Haustür", "message": "Haustür was \"opened\" at 1/2 & 3.",
        "priority": 5, "tags": ["rotating_light"], "sequence_id": "554abda8cafa7118274c8c85ff91c965",
        "actions": [
          [
            "action": "http", "label": "I know", "url": "https://alarm.example/ack/hunter2", "method": "POST",
            "clear": true,
          ]
        ],
      ])
  }

  @Test("disturbs less with what is less urgent", arguments: [(Notice.Urgency.normal, 3), (.low, 2)])
  func urgency(_ urgency: Notice.Urgency, _ priority: Int) throws {
    let request = try service().request(for: .opening(urgency), at: .now)
    #expect(try request.json()["priority"] == .number(Double(priority)))
    #expect(try request.json()["actions"] == nil)
  }

  @Test("is sent no more than fits in a message: the rest would be an attachment")
  func long() throws {
    let notice = try Notice.opening(text: String(repeating: "门", count: 2_000))
    guard case .string(let message)? = try service().request(for: notice, at: .now).json()["message"] else {
      Issue.record("no message")
      return
    }
    #expect(message.utf8.count <= 4_096 && message.utf8.count > 4_090)
    #expect(message.hasSuffix("门…"))
  }

  @Test("has what it answers with the message's id")
  func delivered() throws {
    let answer = WebAnswer(200, #"{"id":"xE73Iyuabi","time":1673542291,"event":"message","topic":"door"}"#)
    #expect(try service().judge(answer) == .delivered(answer: "message xE73Iyuabi"))
  }

  @Test(
    "is tried again or not, as it says",
    arguments: [
      (
        WebAnswer(
          429, #"{"code":42901,"http":429,"error":"limit reached: too many requests"}"#, retryAfter: "7"),
        DeliveryResult.retry(
          after: .seconds(7), why: "ntfy answered HTTP 429 (limit reached: too many requests)")
      ),
      (
        WebAnswer(403, #"{"code":40301,"http":403,"error":"forbidden"}"#),
        .refused(why: "ntfy answered HTTP 403 (forbidden): check its settings")
      ),
      (WebAnswer(502, "<html>"), .retry(after: nil, why: "ntfy answered HTTP 502")),
      (
        WebAnswer(200, "<html>log in</html>"),
        .retry(after: nil, why: "ntfy answered HTTP 200 with something that is not its own answer")
      ),
    ])
  func judged(_ answer: WebAnswer, _ result: DeliveryResult) throws {
    #expect(try service().judge(answer) == result)
  }

  @Test("is ntfy.sh without a server, and needs a topic")
  func settings() throws {
    let service = try bench.make(NtfyService.self, "topic = \"door\"")
    #expect(try service.request(for: .opening(), at: .now).address.reveal() == "https://ntfy.sh")
    #expect(throws: SettingsError.self) { try bench.make(NtfyService.self, "server = \"https://ntfy.sh\"") }
  }
}
