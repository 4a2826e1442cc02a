import Appliance
import DoorCore
import NIOHTTP1
import Testing

@testable import Delivery

/// By spec.matrix.org/latest/client-server-api: "Sending events to a room", "Transaction identifiers",
/// "Standard error response", "Rate limiting", "Size limits", "User and room mentions", `m.text` and
/// `m.notice`.
@Suite("Matrix")
struct MatrixServiceTests {
  private let bench: ServiceBench

  init() throws {
    bench = try ServiceBench()
  }

  private func service(_ line: String = "") throws -> MatrixService {
    try bench.make(
      MatrixService.self, "server = \"https://matrix.example/\"", "room = \"!aB/c:matrix.example\"",
      "token_file = \"\(try bench.secret("syt_hunter2"))\"", line)
  }

  @Test("is sent an alarm as a message with a link that acknowledges, under one transaction for every try")
  func alarm() throws {
    let service = try service()
    let notice = try Notice.opening(acknowledgement: Notice.link)
    let request = service.request(for: notice, at: .now)
    #expect(request.method == .PUT)
    #expect(
      request.address.reveal()
        == "https://matrix.example/_matrix/client/v3/rooms/%21aB%2Fc%3Amatrix.example/send/m.room.message/"
        + "554abda8cafa7118274c8c85ff91c965")
    #expect(request.header("Authorization") == "Bearer syt_hunter2")
    #expect(
      try request.json() == [
        "msgtype": "m.text",
        "body":
          "ALARM: Haustür\nHaustür was \"opened\" at 1/2 & 3.\nI know: https://alarm.example/ack/hunter2",
        "m.mentions": [:],
      ])
    let repetition = service.request(for: notice, at: Timestamp(milliseconds: 1))
    #expect(repetition.address.reveal() == request.address.reveal())
    #expect(repetition.body == request.body)
  }

  @Test("mentions the room for an alarm, if it is to")
  func mention() throws {
    let notice = try Notice.opening(text: "Open.")
    #expect(
      try service("mention_room = true").request(for: notice, at: .now).json() == [
        "msgtype": "m.text", "body": "ALARM: Haustür\nOpen.", "m.mentions": ["room": true],
      ])
  }

  @Test(
    "mentions nobody for what is no alarm, and makes a notice of what is only good to know",
    arguments: [(Notice.Urgency.normal, "m.text"), (.low, "m.notice")])
  func urgency(_ urgency: Notice.Urgency, _ type: String) throws {
    let notice = try Notice.opening(urgency, text: "@room <b>open</b>")
    #expect(
      try service("mention_room = true").request(for: notice, at: .now).json() == [
        "msgtype": .string(type), "body": "ALARM: Haustür\n@room <b>open</b>", "m.mentions": [:],
      ])
  }

  @Test("is sent no more than an event holds, and the whole link")
  func long() throws {
    var notice = try Notice.opening(
      text: String(repeating: "门", count: 20_000), acknowledgement: Notice.link)
    notice.title = String(repeating: "a", count: 300)
    let body =
      String(repeating: "a", count: 247) + "…\n" + String(repeating: "门", count: 3_318)
      + "…\nI know: https://alarm.example/ack/hunter2"
    #expect(try service().request(for: notice, at: .now).json()["body"] == .string(body))
    notice.text = String(repeating: "\u{1}", count: 20_000)
    #expect(try service().request(for: notice, at: .now).body.count < 65_536 - 1_024)
  }

  @Test(
    "is tried again or not, as it says",
    arguments: [
      (
        WebAnswer(200, #"{"event_id":"$YUwRidLecu:matrix.example"}"#),
        .delivered(answer: "event $YUwRidLecu:matrix.example")
      ),
      (
        WebAnswer(
          429, #"{"errcode":"M_LIMIT_EXCEEDED","error":"Too Many Requests","retry_after_ms":2500}"#),
        .retry(
          after: .milliseconds(2_500),
          why: "Matrix answered HTTP 429 (M_LIMIT_EXCEEDED: Too Many Requests)")
      ),
      (
        WebAnswer(429, #"{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2500}"#, retryAfter: "3"),
        .retry(after: .seconds(3), why: "Matrix answered HTTP 429 (M_LIMIT_EXCEEDED)")
      ),
      (WebAnswer(429, "slow", retryAfter: "9"), .retry(after: .seconds(9), why: "Matrix answered HTTP 429")),
      (
        WebAnswer(
          403, #"{"errcode":"M_RESOURCE_LIMIT_EXCEEDED","error":"Full","admin_contact":"mailto:a@b"}"#),
        .retry(after: nil, why: "Matrix answered HTTP 403 (M_RESOURCE_LIMIT_EXCEEDED: Full)")
      ),
      (
        WebAnswer(401, #"{"errcode":"M_UNKNOWN_TOKEN","error":"Unknown","soft_logout":true}"#),
        .refused(why: "Matrix answered HTTP 401 (M_UNKNOWN_TOKEN: Unknown): check its settings")
      ),
      (
        WebAnswer(403, #"{"errcode":"M_FORBIDDEN","error":"User not in room"}"#),
        .refused(why: "Matrix answered HTTP 403 (M_FORBIDDEN: User not in room): check its settings")
      ),
      (
        WebAnswer(413, #"{"errcode":"M_TOO_LARGE","error":"event too large"}"#),
        .refused(why: "Matrix answered HTTP 413 (M_TOO_LARGE: event too large): check its settings")
      ),
      (
        WebAnswer(404, #"{"errcode":"M_UNRECOGNIZED","error":"Unrecognized request"}"#),
        .refused(
          why: "Matrix answered HTTP 404 (M_UNRECOGNIZED: Unrecognized request): check its settings")
      ),
      (
        WebAnswer(500, #"{"errcode":"M_UNKNOWN","error":"Internal server error"}"#),
        .retry(after: nil, why: "Matrix answered HTTP 500 (M_UNKNOWN: Internal server error)")
      ),
      (WebAnswer(502, "<html>"), .retry(after: nil, why: "Matrix answered HTTP 502")),
      (WebAnswer(404, "<html>"), .refused(why: "Matrix answered HTTP 404: check its settings")),
      (
        WebAnswer(200, "<html>log in</html>"),
        .retry(after: nil, why: "Matrix answered HTTP 200 with something that is not its own answer")
      ),
      (
        WebAnswer(200, "{}"),
        .retry(after: nil, why: "Matrix answered HTTP 200 with something that is not its own answer")
      ),
    ] as [(WebAnswer, DeliveryResult)])
  func judged(_ answer: WebAnswer, _ result: DeliveryResult) throws {
    #expect(try service().judge(answer) == result)
  }

  @Test("needs a homeserver, a token and a room's id, and no alias")
  func settings() throws {
    let token = "token_file = \"\(try bench.secret("syt_hunter2"))\""
    let server = "server = \"https://matrix.example\""
    #expect(throws: SettingsError.self) { try bench.make(MatrixService.self, server, "room = \"!a:b\"") }
    #expect(throws: SettingsError.self) { try bench.make(MatrixService.self, token, "room = \"!a:b\"") }
    #expect(throws: SettingsError.self) { try bench.make(MatrixService.self, server, token) }
    #expect(throws: SettingsError.self) {
      try bench.make(MatrixService.self, server, token, "room = \"#home:matrix.example\"")
    }
    #expect(throws: SettingsError.self) { try bench.make(MatrixService.self, server, token, "room = \"!\"") }
    #expect(try service().secrets.map { $0.reveal() } == ["syt_hunter2"])
  }
}
