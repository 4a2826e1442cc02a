import Appliance
import DoorCore
import NIOHTTP1
import Testing

@testable import Delivery

/// By docs.discord.com/developers: resources/webhook ("Execute Webhook"), resources/message ("Embed Limits",
/// "Allowed Mentions Object", "Message Flags"), topics/rate-limits ("Exceeding A Rate Limit"), reference
/// ("Error Messages"), topics/opcodes-and-status-codes.
@Suite("Discord")
struct DiscordServiceTests {
  private let bench: ServiceBench

  init() throws {
    bench = try ServiceBench()
  }

  private func service(
    _ address: String = "https://discord.com/api/webhooks/17/hunter2", _ line: String = ""
  ) throws -> DiscordService {
    try bench.make(DiscordService.self, "url_file = \"\(try bench.secret(address))\"", line)
  }

  private func mentioning() throws -> DiscordService {
    try service("https://discord.com/api/webhooks/17/hunter2", "mention_everyone = true")
  }

  @Test("is sent an alarm with a link that acknowledges, and is asked for the message that it makes of it")
  func alarm() throws {
    let request = try service().request(for: .opening(acknowledgement: Notice.link), at: .now)
    #expect(request.method == .POST)
    #expect(request.address.reveal() == "https://discord.com/api/webhooks/17/hunter2?wait=true")
    #expect(
      try request.json() == [
        "content": "ALARM: Haustür",
        "embeds": [
          [
            "description":
              "Haustür was \"opened\" at 1/2 & 3.\nI know: https://alarm.example/ack/hunter2",
            "color": 13_959_168,
          ]
        ],
        "allowed_mentions": ["parse": []],
      ])
  }

  @Test("is sent what is no alarm in another colour, and what is only good to know without a sound")
  func urgency() throws {
    let normal = try service().request(for: .opening(.normal, text: "Open."), at: .now)
    #expect(
      try normal.json() == [
        "content": "ALARM: Haustür", "embeds": [["description": "Open.", "color": 16_755_456]],
        "allowed_mentions": ["parse": []],
      ])
    let low = try service().request(for: .opening(.low, text: "Open."), at: .now)
    #expect(
      try low.json() == [
        "content": "ALARM: Haustür", "embeds": [["description": "Open.", "color": 2_712_319]],
        "allowed_mentions": ["parse": []], "flags": 4_096,
      ])
  }

  @Test("mentions everybody for an alarm, if it is to")
  func mention() throws {
    #expect(
      try mentioning().request(for: .opening(text: "Open."), at: .now).json() == [
        "content": "@everyone ALARM: Haustür", "embeds": [["description": "Open.", "color": 13_959_168]],
        "allowed_mentions": ["parse": ["everyone"]],
      ])
  }

  @Test("mentions nobody for what is no alarm, whatever it says", arguments: [Notice.Urgency.normal, .low])
  func noMention(_ urgency: Notice.Urgency) throws {
    let notice = try Notice.opening(urgency, text: "@everyone")
    let json = try mentioning().request(for: notice, at: .now).json()
    #expect(json["content"] == "ALARM: Haustür")
    #expect(json["allowed_mentions"] == ["parse": []])
  }

  @Test("shows the signs of its Markdown as they are")
  func markup() throws {
    var notice = try Notice.opening(
      .normal, text: #"*a* __b__ [c](d) <@1> `e` \ ||f|| ~~g~~"#,
      acknowledgement: Notice.Link(address: "https://alarm.example/a_b_c", label: "*I*"))
    notice.title = "# hall_front"
    #expect(
      try service().request(for: notice, at: .now).json() == [
        "content": "\\# hall\\_front",
        "embeds": [
          [
            "description":
              .string(
                #"\*a\* \_\_b\_\_ \[c\](d) \<@1\> \`e\` \\ \|\|f\|\| \~\~g\~\~"#
                  + "\n\\*I\\*: https://alarm.example/a_b_c"),
            "color": 16_755_456,
          ]
        ],
        "allowed_mentions": ["parse": []],
      ])
  }

  @Test("is sent no more than a message holds, and the whole link")
  func long() throws {
    var notice = try Notice.opening(
      text: String(repeating: "门", count: 5_000), acknowledgement: Notice.link)
    notice.title = String(repeating: "a", count: 3_000)
    let link = "\nI know: https://alarm.example/ack/hunter2"
    let text = String(repeating: "门", count: 4_095 - link.count) + "…" + link
    #expect(text.utf16.count == 4_096)
    #expect(
      try mentioning().request(for: notice, at: .now).json() == [
        "content": .string("@everyone " + String(repeating: "a", count: 1_989) + "…"),
        "embeds": [["description": .string(text), "color": 13_959_168]],
        "allowed_mentions": ["parse": ["everyone"]],
      ])
  }

  @Test("has room for signs that count twice")
  func longMarkup() throws {
    let notice = try Notice.opening(text: String(repeating: "*", count: 4_000))
    let text = String(repeating: "\\*", count: 2_047) + "\\…"
    let json = try service().request(for: notice, at: .now).json()
    #expect(json["embeds"]?[0]?["description"] == .string(text))
  }

  @Test(
    "is tried again or not, as it says",
    arguments: [
      (
        WebAnswer(200, #"{"id":"1234567890","type":0,"content":"ALARM","webhook_id":"17"}"#),
        .delivered(answer: "message 1234567890")
      ),
      (
        WebAnswer(
          429, #"{"message":"You are being rate limited.","retry_after":0.5,"global":false}"#,
          retryAfter: "1"),
        .retry(
          after: .milliseconds(500), why: "Discord answered HTTP 429 (You are being rate limited.)")
      ),
      (
        WebAnswer(429, "<html>error 1015</html>", retryAfter: "40"),
        .retry(after: .seconds(40), why: "Discord answered HTTP 429")
      ),
      (
        WebAnswer(404, #"{"message":"Unknown Webhook","code":10015}"#),
        .refused(why: "Discord answered HTTP 404 (Unknown Webhook): check its settings")
      ),
      (
        WebAnswer(401, #"{"message":"Invalid Webhook Token","code":50027}"#),
        .refused(why: "Discord answered HTTP 401 (Invalid Webhook Token): check its settings")
      ),
      (
        WebAnswer(400, #"{"code":50035,"errors":{"content":{"_errors":[]}},"message":"Invalid Form Body"}"#),
        .refused(why: "Discord answered HTTP 400 (Invalid Form Body): check its settings")
      ),
      (WebAnswer(502, "<html>"), .retry(after: nil, why: "Discord answered HTTP 502")),
      (
        WebAnswer(204, ""),
        .retry(after: nil, why: "Discord answered HTTP 204 with something that is not its own answer")
      ),
      (
        WebAnswer(200, "<html>log in</html>"),
        .retry(after: nil, why: "Discord answered HTTP 200 with something that is not its own answer")
      ),
    ] as [(WebAnswer, DeliveryResult)])
  func judged(_ answer: WebAnswer, _ result: DeliveryResult) throws {
    #expect(try service().judge(answer) == result)
  }

  @Test("keeps what its address asks for, and the key in it a secret")
  func thread() throws {
    let service = try service("https://discord.com/api/webhooks/17/hunter2?thread_id=8")
    let address = "https://discord.com/api/webhooks/17/hunter2?thread_id=8&wait=true"
    #expect(try service.request(for: .opening(), at: .now).address.reveal() == address)
    #expect(service.secrets.map { $0.reveal() } == [address, "hunter2"])
    #expect(!"\(service)".contains("hunter2"))
  }

  @Test("needs the address of a webhook")
  func settings() throws {
    #expect(throws: SettingsError.self) { try bench.make(DiscordService.self, "mention_everyone = true") }
    #expect(throws: SettingsError.self) { try service("discord.com/api/webhooks/17/hunter2") }
  }
}
