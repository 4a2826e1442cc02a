import Appliance
import DoorCore
import NIOHTTP1
import Testing

@testable import Delivery

/// By gotify.net/docs/pushmsg, /docs/priority, /docs/msgextras ("client::display", "client::notification"),
/// and gotify.net/api-docs, "createMessage".
@Suite("Gotify")
struct GotifyServiceTests {
  private let bench: ServiceBench
  private let now = Timestamp(milliseconds: 1_700_000_009_999)

  init() throws {
    bench = try ServiceBench()
  }

  private func service() throws -> GotifyService {
    try bench.make(
      GotifyService.self, "server = \"https://gotify.example/push/\"",
      "token_file = \"\(try bench.secret("AwHrJDGx"))\"")
  }

  @Test("is sent an alarm that sounds and vibrates, and of which a tap acknowledges")
  func alarm() throws {
    let request = try service().request(for: .opening(acknowledgement: Notice.link), at: now)
    #expect(request.method == .POST)
    #expect(request.address.reveal() == "https://gotify.example/push/message")
    #expect(request.header("X-Gotify-Key") == "AwHrJDGx")
    #expect(
      try request.json() == [
        "title": "ALARM: Haustür", "message": "Haustür was \"opened\" at 1/2 & 3.", "priority": 10,
        "extras": [
          "client::display": ["contentType": "text/plain"],
          "client::notification": ["click": ["url": "https://alarm.example/ack/hunter2"]],
        ],
      ])
  }

  @Test("disturbs less with what is less urgent", arguments: [(Notice.Urgency.normal, 5), (.low, 2)])
  func urgency(_ urgency: Notice.Urgency, _ priority: Int) throws {
    #expect(
      try service().request(for: .opening(urgency), at: now).json() == [
        "title": "ALARM: Haustür", "message": "Haustür was \"opened\" at 1/2 & 3.",
        "priority": .number(Double(priority)), "extras": ["client::display": ["contentType": "text/plain"]],
      ])
  }

  @Test("is sent a long text whole: it knows no limit")
  func long() throws {
    let text = String(repeating: "门", count: 5_000)
    #expect(
      try service().request(for: .opening(text: text), at: now).json()["message"] == .string(text))
  }

  @Test("has what it answers with the message's id")
  func delivered() throws {
    let answer = WebAnswer(
      200,
      #"{"id":25,"appid":5,"message":"Open.","title":"ALARM","priority":10,"date":"2018-02-27T19:36:10Z"}"#)
    #expect(try service().judge(answer) == .delivered(answer: "message 25"))
  }

  @Test(
    "is tried again or not, as it says",
    arguments: [
      (
        WebAnswer(
          401,
          """
          {"error":"Unauthorized","errorCode":401,\
          "errorDescription":"you need to provide a valid access token"}
          """),
        DeliveryResult.refused(
          why: "Gotify answered HTTP 401 (you need to provide a valid access token): check its settings")
      ),
      (
        WebAnswer(
          400, #"{"error":"Bad Request","errorCode":400,"errorDescription":"Field 'message' is required"}"#),
        .refused(why: "Gotify answered HTTP 400 (Field 'message' is required): check its settings")
      ),
      (
        WebAnswer(403, #"{"error":"Forbidden","errorCode":403}"#),
        .refused(why: "Gotify answered HTTP 403 (Forbidden): check its settings")
      ),
      (WebAnswer(404, "404 page not found"), .refused(why: "Gotify answered HTTP 404: check its settings")),
      (
        WebAnswer(
          500, #"{"error":"Internal Server Error","errorCode":500,"errorDescription":"database is locked"}"#),
        .retry(after: nil, why: "Gotify answered HTTP 500 (database is locked)")
      ),
      (WebAnswer(429, "", retryAfter: "7"), .retry(after: .seconds(7), why: "Gotify answered HTTP 429")),
      (WebAnswer(502, "<html>"), .retry(after: nil, why: "Gotify answered HTTP 502")),
      (
        WebAnswer(200, "<html>log in</html>"),
        .retry(after: nil, why: "Gotify answered HTTP 200 with something that is not its own answer")
      ),
    ])
  func judged(_ answer: WebAnswer, _ result: DeliveryResult) throws {
    #expect(try service().judge(answer) == result)
  }

  @Test("needs a server and a token")
  func settings() throws {
    let token = "token_file = \"\(try bench.secret("AwHrJDGx"))\""
    let server = "server = \"https://gotify.example\""
    #expect(try bench.make(GotifyService.self, server, token).secrets == [Secret("AwHrJDGx")])
    #expect(throws: SettingsError.self) { try bench.make(GotifyService.self, token) }
    #expect(throws: SettingsError.self) { try bench.make(GotifyService.self, server) }
  }
}
