import Appliance
import DoorCore
import NIOHTTP1
import Testing

@testable import Delivery

/// By bark.day.app/#/en-us/tutorial, "Request Parameters"; github.com/Finb/bark-server, docs/API_V2.md,
/// "Push", and router.go for its answers; developer.apple.com/documentation/usernotifications, "Generating a
/// remote notification" and "Handling notification responses from APNs".
@Suite("Bark")
struct BarkServiceTests {
  private let bench: ServiceBench
  private let now = Timestamp(milliseconds: 1_700_000_009_999)

  init() throws {
    bench = try ServiceBench()
  }

  private func service(_ settings: String = "") throws -> BarkService {
    try bench.make(
      BarkService.self, "server = \"https://bark.example/\"",
      "key_file = \"\(try bench.secret("ynJ5Ft4a"))\"",
      settings)
  }

  @Test("is sent an alarm that sounds on a silenced phone, and of which a tap acknowledges")
  func alarm() throws {
    let request = try service().request(for: .opening(acknowledgement: Notice.link), at: now)
    #expect(request.method == .POST)
    #expect(request.address.reveal() == "https://bark.example/push")
    #expect(request.header("Content-Type") == "application/json; charset=utf-8")
    #expect(
      try request.json() == [
        "device_key": "ynJ5Ft4a", "title": "ALARM: Haustür", "body": "Haustür was \"opened\" at 1/2 & 3.",
        "level": "critical", "volume": "10", "call": "1", "group": "dooralarm",
        "id": "554abda8cafa7118274c8c85ff91c965", "url": "https://alarm.example/ack/hunter2",
      ])
  }

  @Test(
    "disturbs less with what is less urgent",
    arguments: [(Notice.Urgency.normal, "active"), (.low, "passive")])
  func urgency(_ urgency: Notice.Urgency, _ level: String) throws {
    #expect(
      try service().request(for: .opening(urgency), at: now).json() == [
        "device_key": "ynJ5Ft4a", "title": "ALARM: Haustür", "body": "Haustür was \"opened\" at 1/2 & 3.",
        "level": .string(level), "group": "dooralarm", "id": "554abda8cafa7118274c8c85ff91c965",
      ])
  }

  @Test("is as loud, and in the group, as its settings say")
  func chosen() throws {
    let sent = try service("group = \"home\"\nvolume = 3").request(for: .opening(), at: now).json()
    #expect(sent["group"] == "home" && sent["volume"] == "3")
  }

  /// 4096 bytes, less 512 around the texts, 15 of the title and twice 9 of the group, are 3551.
  @Test(
    "is sent no more than Apple carries to a phone",
    arguments: [("门", 1_182), ("&", 588), ("\"", 1_772), ("a", 3_548)])
  func long(_ character: String, _ count: Int) throws {
    let notice = try Notice.opening(text: String(repeating: character, count: 4_000))
    #expect(
      try service().request(for: notice, at: now).json()["body"]
        == .string(String(repeating: character, count: count) + "…"))
  }

  @Test("is sent no more of a title than leaves room for the text")
  func longTitle() throws {
    var notice = try Notice.opening()
    notice.title = String(repeating: "T", count: 300)
    #expect(
      try service().request(for: notice, at: now).json()["title"]
        == .string(String(repeating: "T", count: 253) + "…"))
  }

  @Test("has what it answers with success")
  func delivered() throws {
    let answer = WebAnswer(200, #"{"code":200,"message":"success","timestamp":1700000000}"#)
    #expect(try service().judge(answer) == .delivered(answer: "success"))
  }

  @Test(
    "is tried again or not, as it says",
    arguments: [
      (
        WebAnswer(400, #"{"code":400,"message":"failed to get device token","timestamp":1700000000}"#),
        DeliveryResult.refused(why: "Bark answered HTTP 400 (failed to get device token): check its settings")
      ),
      (
        WebAnswer(200, #"{"code":400,"message":"device key is empty","timestamp":1700000000}"#),
        .refused(why: "Bark answered HTTP 400 (device key is empty): check its settings")
      ),
      (
        WebAnswer(500, #"{"code":500,"message":"push failed: BadDeviceToken","timestamp":1700000000}"#),
        .refused(why: "Bark answered HTTP 500 (push failed: BadDeviceToken): check its settings")
      ),
      (
        WebAnswer(500, #"{"code":500,"message":"push failed: TooManyRequests","timestamp":1700000000}"#),
        .retry(after: nil, why: "Bark answered HTTP 500 (push failed: TooManyRequests)")
      ),
      (
        WebAnswer(200, #"{"code":500,"message":"push failed: timeout","timestamp":1700000000}"#),
        .retry(after: nil, why: "Bark answered HTTP 500 (push failed: timeout)")
      ),
      (
        WebAnswer(503, #"{"code":200,"message":"success","timestamp":1700000000}"#),
        .retry(after: nil, why: "Bark answered HTTP 503 (success)")
      ),
      (WebAnswer(429, "", retryAfter: "7"), .retry(after: .seconds(7), why: "Bark answered HTTP 429")),
      (WebAnswer(502, "<html>"), .retry(after: nil, why: "Bark answered HTTP 502")),
      (
        WebAnswer(200, "<html>log in</html>"),
        .retry(after: nil, why: "Bark answered HTTP 200 with something that is not its own answer")
      ),
    ])
  func judged(_ answer: WebAnswer, _ result: DeliveryResult) throws {
    #expect(try service().judge(answer) == result)
  }

  @Test("is api.day.app without a server, and needs a key")
  func settings() throws {
    let service = try bench.make(BarkService.self, "key_file = \"\(try bench.secret("ynJ5Ft4a"))\"")
    #expect(try service.request(for: .opening(), at: now).address.reveal() == "https://api.day.app/push")
    #expect(service.secrets == [Secret("ynJ5Ft4a")])
    #expect(throws: SettingsError.self) { try bench.make(BarkService.self, "group = \"home\"") }
  }

  @Test("has refused a volume that it does not know")
  func volume() throws {
    #expect(throws: SettingsError.self) { try service("volume = 11") }
  }
}
