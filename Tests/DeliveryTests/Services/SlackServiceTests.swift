import Appliance
import DoorCore
import NIOHTTP1
import Testing

@testable import Delivery

/// By docs.slack.dev: messaging/sending-messages-using-incoming-webhooks ("Handling errors"),
/// messaging/formatting-message-text ("Escaping text", "Special mentions"), reference/block-kit (header
/// block, section block, text object), apis/web-api/rate-limits; and by api.slack.com/changelog of 2016-05-17
/// for the words of its refusals.
@Suite("Slack")
struct SlackServiceTests {
  private let bench: ServiceBench

  init() throws {
    bench = try ServiceBench()
  }

  private func service(_ line: String = "") throws -> SlackService {
    try bench.make(
      SlackService.self,
      "url_file = \"\(try bench.secret("https://hooks.slack.com/services/T0/B0/hunter2"))\"", line)
  }

  private func plain(_ type: JSON, _ text: JSON) -> JSON {
    ["type": type, "text": ["type": "plain_text", "text": text, "emoji": false]]
  }

  private func marked(_ text: JSON) -> JSON {
    ["type": "section", "text": ["type": "mrkdwn", "text": text]]
  }

  @Test("is sent an alarm in blocks, with a link that acknowledges and a text for notifications")
  func alarm() throws {
    let request = try service().request(for: .opening(acknowledgement: Notice.link), at: .now)
    #expect(request.method == .POST)
    #expect(request.address.reveal() == "https://hooks.slack.com/services/T0/B0/hunter2")
    #expect(request.header("Content-Type") == "application/json; charset=utf-8")
    let blocks: JSON = [
      plain("header", "ALARM: Haustür"), plain("section", "Haustür was \"opened\" at 1/2 & 3."),
      marked("<https://alarm.example/ack/hunter2|I know>"),
    ]
    #expect(
      try request.json() == [
        "text": "ALARM: Haustür\nHaustür was \"opened\" at 1/2 &amp; 3.", "blocks": blocks,
      ])
  }

  @Test("mentions the people of the channel for an alarm, if it is to", arguments: ["channel", "here"])
  func mention(_ mention: String) throws {
    let service = try service("mention = \"\(mention)\"")
    let blocks: JSON = [
      plain("header", "ALARM: Haustür"), plain("section", "It is open."),
      marked(.string("<!\(mention)>")), marked("<https://alarm.example/ack/hunter2|I know>"),
    ]
    let notice = try Notice.opening(text: "It is open.", acknowledgement: Notice.link)
    #expect(
      try service.request(for: notice, at: .now).json() == [
        "text": .string("<!\(mention)> ALARM: Haustür\nIt is open."), "blocks": blocks,
      ])
  }

  @Test("mentions nobody for what is no alarm", arguments: [Notice.Urgency.normal, .low])
  func noMention(_ urgency: Notice.Urgency) throws {
    let notice = try Notice.opening(urgency, text: "It is open.")
    let blocks: JSON = [plain("header", "ALARM: Haustür"), plain("section", "It is open.")]
    #expect(
      try service("mention = \"channel\"").request(for: notice, at: .now).json() == [
        "text": "ALARM: Haustür\nIt is open.", "blocks": blocks,
      ])
  }

  @Test("takes nothing in a text for a mention or a link")
  func markup() throws {
    let link = Notice.Link(address: "https://alarm.example/?a=1&b=2", label: "<!here> & you")
    let notice = try Notice.opening(text: "<!channel> *a* & b", acknowledgement: link)
    let blocks: JSON = [
      plain("header", "ALARM: Haustür"), plain("section", "<!channel> *a* & b"),
      marked("<https://alarm.example/?a=1&amp;b=2|&lt;!here&gt; &amp; you>"),
    ]
    #expect(
      try service().request(for: notice, at: .now).json() == [
        "text": "ALARM: Haustür\n&lt;!channel&gt; *a* &amp; b", "blocks": blocks,
      ])
  }

  @Test("is sent no more than its blocks hold, and the whole link")
  func long() throws {
    var notice = try Notice.opening(
      text: String(repeating: "门", count: 4_000), acknowledgement: Notice.link)
    notice.title = String(repeating: "a", count: 200)
    let title = String(repeating: "a", count: 149) + "…"
    let text = String(repeating: "门", count: 2_999) + "…"
    let blocks: JSON = [
      plain("header", .string(title)), plain("section", .string(text)),
      marked("<https://alarm.example/ack/hunter2|I know>"),
    ]
    #expect(
      try service().request(for: notice, at: .now).json() == [
        "text": .string("\(title)\n\(text)"), "blocks": blocks,
      ])
  }

  @Test(
    "is tried again or not, as it says",
    arguments: [
      (WebAnswer(200, "ok"), .delivered(answer: "ok")),
      (
        WebAnswer(400, "invalid_payload"),
        .refused(why: "Slack answered HTTP 400 (invalid_payload): check its settings")
      ),
      (
        WebAnswer(403, "action_prohibited"),
        .refused(why: "Slack answered HTTP 403 (action_prohibited): check its settings")
      ),
      (
        WebAnswer(404, "no_service\n"),
        .refused(why: "Slack answered HTTP 404 (no_service): check its settings")
      ),
      (
        WebAnswer(410, "channel_is_archived"),
        .refused(why: "Slack answered HTTP 410 (channel_is_archived): check its settings")
      ),
      (
        WebAnswer(429, #"{"ok":false,"error":"rate_limited"}"#, retryAfter: "30"),
        .retry(after: .seconds(30), why: "Slack answered HTTP 429")
      ),
      (WebAnswer(500, "rollup_error"), .retry(after: nil, why: "Slack answered HTTP 500 (rollup_error)")),
      (WebAnswer(503, "<html>"), .retry(after: nil, why: "Slack answered HTTP 503")),
      (WebAnswer(403, "<html>No</html>"), .refused(why: "Slack answered HTTP 403: check its settings")),
      (
        WebAnswer(200, "<html>log in</html>"),
        .retry(after: nil, why: "Slack answered HTTP 200 with something that is not its own answer")
      ),
      (
        WebAnswer(200, ""),
        .retry(after: nil, why: "Slack answered HTTP 200 with something that is not its own answer")
      ),
    ] as [(WebAnswer, DeliveryResult)])
  func judged(_ answer: WebAnswer, _ result: DeliveryResult) throws {
    #expect(try service().judge(answer) == result)
  }

  @Test("keeps its address a secret, and the key at its end by itself")
  func secrets() throws {
    let service = try service()
    #expect(
      service.secrets.map { $0.reveal() } == ["https://hooks.slack.com/services/T0/B0/hunter2", "hunter2"])
    #expect(!"\(service)".contains("hunter2"))
  }

  @Test("needs the address of a webhook, and knows two mentions")
  func settings() throws {
    #expect(throws: SettingsError.self) { try bench.make(SlackService.self, "mention = \"here\"") }
    #expect(throws: SettingsError.self) { try service("mention = \"everyone\"") }
    let file = try bench.secret("hooks.slack.com/services/T0/B0/hunter2")
    let error = #expect(throws: SettingsError.self) {
      try bench.make(SlackService.self, "url_file = \"\(file)\"")
    }
    #expect(error?.description.contains("hunter2") == false)
  }
}
