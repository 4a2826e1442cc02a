import Appliance
import DoorCore
import NIOHTTP1
import Testing

@testable import Delivery

/// By github.com/caronc/apprise-api, README.md: "Persistent (Stateful) Storage Solution", "API Response
/// Codes"; and swagger.yaml, "LogResponse".
@Suite("An Apprise server")
struct AppriseServerServiceTests {
  private let bench: ServiceBench
  private let now = Timestamp(milliseconds: 1_700_000_009_999)

  init() throws {
    bench = try ServiceBench()
  }

  private func service(_ settings: String = "") throws -> AppriseServerService {
    try bench.make(
      AppriseServerService.self, "server = \"https://apprise.example/\"", "key = \"home-1\"", settings)
  }

  @Test("is sent an alarm as a failure, with a link that acknowledges in the text")
  func alarm() throws {
    let request = try service().request(for: .opening(acknowledgement: Notice.link), at: now)
    #expect(request.method == .POST)
    #expect(request.address.reveal() == "https://apprise.example/notify/home-1")
    #expect(request.header("Accept") == "application/json")
    #expect(
      try request.json() == [
        "title": "ALARM: Haustür",
        "body": "Haustür was \"opened\" at 1/2 & 3.\nI know: https://alarm.example/ack/hunter2",
        "type": "failure", "tag": "all", "format": "text",
      ])
  }

  @Test("is told what is less urgent", arguments: [(Notice.Urgency.normal, "warning"), (.low, "info")])
  func urgency(_ urgency: Notice.Urgency, _ type: String) throws {
    #expect(
      try service("tag = \"family\"").request(for: .opening(urgency), at: now).json() == [
        "title": "ALARM: Haustür", "body": "Haustür was \"opened\" at 1/2 & 3.", "type": .string(type),
        "tag": "family", "format": "text",
      ])
  }

  @Test("is sent a long text whole: each of its own services has another limit")
  func long() throws {
    let text = String(repeating: "门", count: 5_000)
    #expect(try service().request(for: .opening(text: text), at: now).json()["body"] == .string(text))
  }

  @Test("has what it answers with what it has written down")
  func delivered() throws {
    let answer = WebAnswer(
      200, #"{"error":null,"details":[["INFO","2025-01-01 12:00:00,000","Sent Telegram notification."]]}"#)
    #expect(try service().judge(answer) == .delivered(answer: "HTTP 200"))
  }

  @Test(
    "is tried again or not, as it says",
    arguments: [
      (
        WebAnswer(204, ""),
        DeliveryResult.refused(
          why: "the Apprise server answered HTTP 204 (there is nothing under the key): check its settings")
      ),
      (
        WebAnswer(400, #"{"error":"Payload lacks minimum requirements"}"#),
        .refused(
          why: "the Apprise server answered HTTP 400 (Payload lacks minimum requirements): check its settings"
        )
      ),
      (
        WebAnswer(421, "<html>"),
        .refused(why: "the Apprise server answered HTTP 421: check its settings")
      ),
      (
        WebAnswer(431, #"{"error":"JSON Payload provided is to large"}"#),
        .refused(
          why: "the Apprise server answered HTTP 431 (JSON Payload provided is to large): check its settings")
      ),
      (
        WebAnswer(424, #"{"error":"One or more notification could not be sent","details":[]}"#),
        .retry(
          after: nil, why: "the Apprise server answered HTTP 424 (One or more notification could not be sent)"
        )
      ),
      (
        WebAnswer(424, "", retryAfter: "7"),
        .retry(after: .seconds(7), why: "the Apprise server answered HTTP 424 (not all of it could be sent)")
      ),
      (
        WebAnswer(500, #"{"error":"An error occurred accessing configuration"}"#),
        .retry(
          after: nil, why: "the Apprise server answered HTTP 500 (An error occurred accessing configuration)")
      ),
      (
        WebAnswer(429, "", retryAfter: "7"),
        .retry(after: .seconds(7), why: "the Apprise server answered HTTP 429")
      ),
      (
        WebAnswer(200, "<html>log in</html>"),
        .retry(
          after: nil, why: "the Apprise server answered HTTP 200 with something that is not its own answer")
      ),
      (
        WebAnswer(200, #"{"error":"something","details":[]}"#),
        .retry(
          after: nil, why: "the Apprise server answered HTTP 200 with something that is not its own answer")
      ),
    ])
  func judged(_ answer: WebAnswer, _ result: DeliveryResult) throws {
    #expect(try service().judge(answer) == result)
  }

  @Test("has a key that is a secret in a file, and a part of the address")
  func secretKey() throws {
    let service = try bench.make(
      AppriseServerService.self, "server = \"https://apprise.example\"",
      "key_file = \"\(try bench.secret("a/b c"))\"")
    #expect(service.secrets == [Secret("a/b c")])
    #expect(
      try service.request(for: .opening(), at: now).address.reveal()
        == "https://apprise.example/notify/a%2Fb%20c")
  }

  @Test("needs a server and a key")
  func missing() throws {
    #expect(throws: SettingsError.self) { try bench.make(AppriseServerService.self, "key = \"home\"") }
    #expect(throws: SettingsError.self) {
      try bench.make(AppriseServerService.self, "server = \"https://apprise.example\"")
    }
  }
}
