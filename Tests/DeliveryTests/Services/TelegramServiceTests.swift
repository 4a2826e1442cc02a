import Appliance
import DoorCore
import NIOHTTP1
import Testing

@testable import Delivery

/// By core.telegram.org/bots/api: "Making requests", "sendMessage", "InlineKeyboardButton",
/// "LinkPreviewOptions", "ResponseParameters"; and core.telegram.org/bots/faq, "My bot is hitting limits".
@Suite("Telegram")
struct TelegramServiceTests {
  private let bench: ServiceBench
  private let now = Timestamp(milliseconds: 1_700_000_009_999)

  init() throws {
    bench = try ServiceBench()
  }

  private func service(_ settings: String = "") throws -> TelegramService {
    try bench.make(
      TelegramService.self, "server = \"https://telegram.example/\"",
      "token_file = \"\(try bench.secret("110201543:AAH_d-q0"))\"", "chat = \"-1001234567890\"", settings)
  }

  @Test("is sent an alarm that sounds, with a button that acknowledges")
  func alarm() throws {
    let request = try service("thread = 17").request(for: .opening(acknowledgement: Notice.link), at: now)
    #expect(request.method == .POST)
    #expect(request.address.reveal() == "https://telegram.example/bot110201543:AAH_d-q0/sendMessage")
    #expect(
      try request.json() == [
        "chat_id": "-1001234567890", "message_thread_id": 17,
        "text": "ALARM: Haustür\nHaustür was \"opened\" at 1/2 & 3.", "disable_notification": false,
        "link_preview_options": ["is_disabled": true],
        "reply_markup": [
          "inline_keyboard": [[["text": "I know", "url": "https://alarm.example/ack/hunter2"]]]
        ],
      ])
  }

  @Test("is silent with what is good to know", arguments: [(Notice.Urgency.normal, false), (.low, true)])
  func urgency(_ urgency: Notice.Urgency, _ isSilent: Bool) throws {
    let request = try service().request(for: .opening(urgency), at: now)
    #expect(
      try request.json() == [
        "chat_id": "-1001234567890", "text": "ALARM: Haustür\nHaustür was \"opened\" at 1/2 & 3.",
        "disable_notification": .boolean(isSilent), "link_preview_options": ["is_disabled": true],
      ])
  }

  @Test(
    "is sent the link in the text where it would refuse a button",
    arguments: [
      ("http://alarm:8443/ack", false), ("http://localhost/ack.html", false),
      ("http://192.168.1.2/ack", true),
      ("http://[fd00::1]:8443/ack", true), ("https://alarm.example", true),
    ])
  func link(_ address: String, _ isButton: Bool) throws {
    let notice = try Notice.opening(
      text: "Open.", acknowledgement: Notice.Link(address: address, label: "I know"))
    let sent = try service().request(for: notice, at: now).json()
    if isButton {
      #expect(sent["text"] == "ALARM: Haustür\nOpen.")
      #expect(sent["reply_markup"]?["inline_keyboard"]?[0]?[0]?["url"] == .string(address))
    } else {
      #expect(sent["text"] == .string("ALARM: Haustür\nOpen.\nI know: \(address)"))
      #expect(sent["reply_markup"] == nil)
    }
  }

  @Test("is sent no more than it takes, and the link whole")
  func long() throws {
    var notice = try Notice.opening(text: String(repeating: "门", count: 5_000), acknowledgement: Notice.link)
    guard case .string(let text)? = try service().request(for: notice, at: now).json()["text"] else {
      Issue.record("no text")
      return
    }
    #expect(text.utf16.count == 4_096 && text.hasSuffix("门…"))
    notice.acknowledgement = Notice.Link(address: "http://alarm/ack/hunter2", label: "I know")
    guard case .string(let text)? = try service().request(for: notice, at: now).json()["text"] else {
      Issue.record("no text")
      return
    }
    #expect(text.utf16.count == 4_096 && text.hasSuffix("门…\nI know: http://alarm/ack/hunter2"))
  }

  @Test("has what it answers with the message's id")
  func delivered() throws {
    let answer = WebAnswer(
      200,
      #"{"ok":true,"result":{"message_id":42,"date":1700000000,"chat":{"id":-1001234567890},"text":"…"}}"#)
    #expect(try service().judge(answer) == .delivered(answer: "message 42"))
  }

  @Test(
    "is tried again or not, as it says",
    arguments: [
      (
        WebAnswer(
          429,
          """
          {"ok":false,"error_code":429,"description":"Too Many Requests: retry after 35",\
          "parameters":{"retry_after":35}}
          """),
        DeliveryResult.retry(
          after: .seconds(35), why: "Telegram answered HTTP 429 (Too Many Requests: retry after 35)")
      ),
      (
        WebAnswer(
          200, #"{"ok":false,"error_code":429,"description":"Slow down","parameters":{"retry_after":3}}"#),
        .retry(after: .seconds(3), why: "Telegram answered HTTP 429 (Slow down)")
      ),
      (WebAnswer(429, "", retryAfter: "7"), .retry(after: .seconds(7), why: "Telegram answered HTTP 429")),
      (
        WebAnswer(500, #"{"ok":false,"error_code":500,"description":"Internal Server Error: restart"}"#),
        .retry(after: nil, why: "Telegram answered HTTP 500 (Internal Server Error: restart)")
      ),
      (
        WebAnswer(401, #"{"ok":false,"error_code":401,"description":"Unauthorized"}"#),
        .refused(why: "Telegram answered HTTP 401 (Unauthorized): check its settings")
      ),
      (
        WebAnswer(
          403, #"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}"#),
        .refused(
          why: "Telegram answered HTTP 403 (Forbidden: bot was blocked by the user): check its settings")
      ),
      (
        WebAnswer(400, #"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#),
        .refused(why: "Telegram answered HTTP 400 (Bad Request: chat not found): check its settings")
      ),
      (
        WebAnswer(
          400,
          """
          {"ok":false,"error_code":400,"description":"Bad Request: it is a supergroup",\
          "parameters":{"migrate_to_chat_id":-1009876543210}}
          """),
        .refused(
          why:
            "Telegram answered HTTP 400 (Bad Request: it is a supergroup; the chat's id is -1009876543210 "
            + "now): check its settings")
      ),
      (WebAnswer(200, #"{"ok":false}"#), .refused(why: "Telegram answered HTTP 400: check its settings")),
      (WebAnswer(502, "<html>"), .retry(after: nil, why: "Telegram answered HTTP 502")),
      (
        WebAnswer(200, "<html>log in</html>"),
        .retry(after: nil, why: "Telegram answered HTTP 200 with something that is not its own answer")
      ),
      (
        WebAnswer(200, #"{"ok":true}"#),
        .retry(after: nil, why: "Telegram answered HTTP 200 with something that is not its own answer")
      ),
    ])
  func judged(_ answer: WebAnswer, _ result: DeliveryResult) throws {
    #expect(try service().judge(answer) == result)
  }

  @Test("is used as often as a group may be")
  func rate() throws {
    #expect(try service().rate == SendingRate(burst: 5, pause: .seconds(4)))
  }

  @Test("is telegram.org without a server, and needs a token and a chat")
  func settings() throws {
    let token = "token_file = \"\(try bench.secret("1:A"))\""
    let service = try bench.make(TelegramService.self, token, "chat = \"@doors\"")
    #expect(
      try service.request(for: .opening(), at: now).address.reveal()
        == "https://api.telegram.org/bot1:A/sendMessage")
    #expect(service.secrets == [Secret("1:A")])
    #expect(throws: SettingsError.self) { try bench.make(TelegramService.self, token) }
    #expect(throws: SettingsError.self) { try bench.make(TelegramService.self, "chat = \"@doors\"") }
  }

  @Test("has refused a token that is none")
  func token() throws {
    let token = "token_file = \"\(try bench.secret("1:A/../2"))\""
    #expect(throws: SettingsError.self) { try bench.make(TelegramService.self, token, "chat = \"@doors\"") }
  }
}
