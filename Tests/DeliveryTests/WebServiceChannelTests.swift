import DoorCore
import TestSupport
import Testing

@testable import Delivery

@Suite("A service as a channel")
struct WebServiceChannelTests {
  private let bench: ServiceBench

  init() throws {
    bench = try ServiceBench()
  }

  private func channel(at port: Int, timeLimit: Duration = .seconds(60)) throws -> WebServiceChannel {
    WebServiceChannel(
      id: try Identifier("phone"),
      service: try bench.make(
        NtfyService.self, "server = \"http://127.0.0.1:\(port)\"",
        "topic_file = \"\(try bench.secret("hunter2"))\"",
        "token_file = \"\(try bench.secret("tk_hunter2"))\""), timeLimit: timeLimit)
  }

  private func deliver(_ answer: WebhookServer.Answer) async throws -> DeliveryResult? {
    var result: DeliveryResult?
    try await WebhookServer.with([answer]) { server in
      result = try await channel(at: server.port).deliver(.opening())
    }
    return result
  }

  @Test("sends what the service makes of the notice, and says who asks")
  func sends() async throws {
    try await WebhookServer.with([.status("200 OK", body: #"{"id":"xE73Iyuabi"}"#)]) { server in
      let channel = try channel(at: server.port)
      #expect(await channel.deliver(try .opening()) == .delivered(answer: "message xE73Iyuabi"))
      let request = try #require(server.requests.first)
      #expect(request.line == "POST / HTTP/1.1")
      #expect(request.headers["user-agent"] == "dooralarm")
      #expect(request.headers["authorization"] == "Bearer tk_hunter2")
      #expect(try JSON(Array(request.body.utf8))["topic"] == "hunter2")
    }
  }

  @Test(
    "repeats no secret that a service repeats, however it answers",
    arguments: [
      (
        "200 OK", #"{"id":"a tk_hunter2 b"}"#, DeliveryResult.delivered(answer: "message a (secret) b")
      ),
      (
        "403 No", #"{"code":1,"error":"no hunter2 for tk_hunter2, hunter2"}"#,
        .refused(
          why: "ntfy answered HTTP 403 (no (secret) for (secret), (secret)): check its settings")
      ),
      (
        "503 Busy", #"{"code":1,"error":"tk_hunter2"}"#,
        .retry(after: nil, why: "ntfy answered HTTP 503 ((secret))")
      ),
    ])
  func secrets(_ status: String, _ body: String, _ result: DeliveryResult) async throws {
    #expect(try await deliver(.status(status, body: body)) == result)
  }

  @Test("repeats no address that is a secret")
  func secretAddress() async throws {
    try await WebhookServer.with([.status("400 No", body: "no_such_hook")]) { server in
      let url = "http://127.0.0.1:\(server.port)/services/no_such_hook"
      let service = try bench.make(SlackService.self, "url_file = \"\(try bench.secret(url))\"")
      let result = await WebServiceChannel(id: try Identifier("phone"), service: service).deliver(
        try .opening())
      guard case .refused(let why) = result else {
        Issue.record("\(result)")
        return
      }
      #expect(why.contains("(secret)") && !why.contains("no_such_hook"))
    }
  }

  @Test("says that nobody is there, without saying where")
  func nobody() async throws {
    let port = try freePort()
    let result = try await channel(at: port, timeLimit: .seconds(1)).deliver(.opening())
    guard case .retry(nil, let why) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(why.hasPrefix("ntfy "))
    #expect(!why.contains("\(port)") && !why.contains("127.0.0.1"))
  }

  @Test("is shown by its id, and is as fast as its service may be asked")
  func shown() throws {
    let channel = try channel(at: 1)
    #expect("\(channel)" == "channel phone")
    var dumped = ""
    dump(channel, to: &dumped)
    #expect(dumped.contains("phone") && !dumped.contains("hunter2"))
    let robot = try bench.make(DingTalkService.self, "token_file = \"\(try bench.secret("hunter2"))\"")
    #expect(robot.rate != nil)
    #expect(WebServiceChannel(id: channel.id, service: robot).rate == robot.rate)
  }
}
