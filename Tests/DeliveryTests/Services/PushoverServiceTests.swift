import Appliance
import DoorCore
import NIOHTTP1
import Testing

@testable import Delivery

/// By pushover.net/api: "Pushing Messages", "Message Priority", "Supplementary URLs", "Limitations",
/// "Response Format", "Being Friendly to our API".
@Suite("Pushover")
struct PushoverServiceTests {
  private let bench: ServiceBench
  private let now = Timestamp(milliseconds: 1_700_000_009_999)

  init() throws {
    bench = try ServiceBench()
  }

  private func service(_ settings: String = "") throws -> PushoverService {
    try bench.make(
      PushoverService.self, "server = \"https://pushover.example/\"",
      "token_file = \"\(try bench.secret("azGDO"))\"",
      "user_file = \"\(try bench.secret("uQiRz"))\"", settings)
  }

  private func form(_ fields: String...) -> String {
    (["token=azGDO", "user=uQiRz"] + fields).joined(separator: "&")
  }

  private let message = "message=Haust%C3%BCr%20was%20%22opened%22%20at%201%2F2%20%26%203."

  @Test("is sent an alarm that comes again until it is acknowledged, with a link that acknowledges")
  func alarm() throws {
    let request = try service().request(for: .opening(acknowledgement: Notice.link), at: now)
    #expect(request.method == .POST)
    #expect(request.address.reveal() == "https://pushover.example/1/messages.json")
    #expect(request.header("Content-Type") == "application/x-www-form-urlencoded")
    #expect(
      request.text
        == form(
          "title=ALARM%3A%20Haust%C3%BCr", message, "timestamp=1700000000", "priority=2", "retry=60",
          "expire=3600", "url=https%3A%2F%2Falarm.example%2Fack%2Fhunter2", "url_title=I%20know"))
  }

  @Test("disturbs less with what is less urgent", arguments: [(Notice.Urgency.normal, "0"), (.low, "-1")])
  func urgency(_ urgency: Notice.Urgency, _ priority: String) throws {
    let request = try service().request(for: .opening(urgency), at: now)
    #expect(
      request.text
        == form("title=ALARM%3A%20Haust%C3%BCr", message, "timestamp=1700000000", "priority=\(priority)"))
  }

  @Test("comes to the device, with the sound, and as often as its settings say")
  func chosen() throws {
    let service = try service(
      """
      device = "phone"
      sound = "siren"
      emergency_retry_s = 30
      emergency_expire_s = 10800
      """)
    #expect(
      try service.request(for: .opening(), at: now).text
        == form(
          "title=ALARM%3A%20Haust%C3%BCr", message, "timestamp=1700000000", "priority=2", "retry=30",
          "expire=10800", "device=phone", "sound=siren"))
  }

  @Test("is sent no more than it takes")
  func long() throws {
    var notice = try Notice.opening(.normal, text: String(repeating: "门", count: 2_000))
    notice.title = String(repeating: "T", count: 300)
    notice.acknowledgement = Notice.Link(
      address: "https://alarm.example", label: String(repeating: "L", count: 200))
    #expect(
      try service().request(for: notice, at: now).text
        == form(
          "title=\(String(repeating: "T", count: 249))%E2%80%A6",
          "message=\(String(repeating: "%E9%97%A8", count: 1_023))%E2%80%A6", "timestamp=1700000000",
          "priority=0",
          "url=https%3A%2F%2Falarm.example", "url_title=\(String(repeating: "L", count: 99))%E2%80%A6"))
  }

  @Test("has a link that is too long for a link in the text, whole")
  func longLink() throws {
    let path = String(repeating: "a", count: 600)
    let notice = try Notice.opening(
      .normal, text: String(repeating: "门", count: 2_000),
      acknowledgement: Notice.Link(address: "https://alarm.example/\(path)", label: "I know"))
    // 1024, less the 631 of "\nI know: https://alarm.example/" and the path, less "…".
    #expect(
      try service().request(for: notice, at: now).text
        == form(
          "title=ALARM%3A%20Haust%C3%BCr",
          "message=\(String(repeating: "%E9%97%A8", count: 392))%E2%80%A6%0AI%20know%3A%20"
            + "https%3A%2F%2Falarm.example%2F\(path)", "timestamp=1700000000", "priority=0"))
  }

  @Test(
    "has what it answers with the request, and with the receipt of what is to be acknowledged",
    arguments: [
      (
        #"{"status":1,"request":"647d2300-702c-4b38-8b2f-d56326ae460b"}"#,
        "request 647d2300-702c-4b38-8b2f-d56326ae460b"
      ),
      (
        #"{"receipt":"rLqVuqTRh62UzxtmqiaLzQmVcPgiCy","status":1,"request":"5042"}"#,
        "request 5042, receipt rLqVuqTRh62UzxtmqiaLzQmVcPgiCy"
      ),
    ])
  func delivered(_ body: String, _ answer: String) throws {
    #expect(try service().judge(WebAnswer(200, body)) == .delivered(answer: answer))
  }

  @Test(
    "is tried again or not, as it says",
    arguments: [
      (
        WebAnswer(
          400, #"{"user":"invalid","errors":["user identifier is invalid"],"status":0,"request":"5042"}"#),
        DeliveryResult.refused(
          why: "Pushover answered HTTP 400 (user identifier is invalid): check its settings")
      ),
      (
        WebAnswer(
          400,
          #"{"errors":["retry must be supplied","expire must be supplied"],"status":0,"request":"5042"}"#),
        .refused(
          why:
            "Pushover answered HTTP 400 (retry must be supplied; expire must be supplied): check its settings"
        )
      ),
      (
        WebAnswer(200, #"{"errors":["message cannot be blank"],"status":0,"request":"5042"}"#),
        .refused(why: "Pushover has not taken it (message cannot be blank): check its settings")
      ),
      (
        WebAnswer(200, #"{"status":0,"request":"5042"}"#),
        .refused(why: "Pushover has not taken it (status 0): check its settings")
      ),
      (
        WebAnswer(
          429,
          #"{"token":"invalid","errors":["application is over its limit"],"status":0,"request":"70dc"}"#
        ),
        .retry(after: .seconds(3_600), why: "Pushover answered HTTP 429 (application is over its limit)")
      ),
      (WebAnswer(429, "", retryAfter: "7"), .retry(after: .seconds(7), why: "Pushover answered HTTP 429")),
      (WebAnswer(500, "<html>"), .retry(after: .seconds(5), why: "Pushover answered HTTP 500")),
      (
        WebAnswer(200, "<html>log in</html>"),
        .retry(after: nil, why: "Pushover answered HTTP 200 with something that is not its own answer")
      ),
    ])
  func judged(_ answer: WebAnswer, _ result: DeliveryResult) throws {
    #expect(try service().judge(answer) == result)
  }

  @Test("is pushover.net without a server")
  func usualServer() throws {
    let service = try bench.make(
      PushoverService.self, "token_file = \"\(try bench.secret("azGDO"))\"",
      "user_file = \"\(try bench.secret("uQiRz"))\"")
    #expect(
      try service.request(for: .opening(), at: now).address.reveal()
        == "https://api.pushover.net/1/messages.json")
    #expect(service.secrets == [Secret("azGDO"), Secret("uQiRz")])
  }

  @Test("needs a token and a user")
  func missing() throws {
    let secret = try bench.secret("hunter2")
    #expect(throws: SettingsError.self) { try bench.make(PushoverService.self, "token_file = \"\(secret)\"") }
    #expect(throws: SettingsError.self) { try bench.make(PushoverService.self, "user_file = \"\(secret)\"") }
  }

  @Test(
    "has refused times that it does not know",
    arguments: [
      "emergency_retry_s = 29", "emergency_expire_s = 10801", "emergency_retry_s = 3601",
      "emergency_retry_s = 120\nemergency_expire_s = 60",
    ])
  func times(_ settings: String) throws {
    #expect(throws: SettingsError.self) { try service(settings) }
  }
}
