import DoorCore
import Testing

@testable import Delivery

/// Every service over a real connection, with a server that does not do as the service does.
@Suite("A service that answers as none should")
struct HostileAnswersTests {
  /// One of each, at a server of the tests' own.
  enum Subject: String, CaseIterable, CustomTestStringConvertible {
    case webhook, ntfy, pushover, telegram, gotify, slack, discord, matrix, bark, apprise, serverChan,
      pushPlus
    case dingTalk, weCom, feishu, lark

    var testDescription: String { rawValue }

    func service(_ bench: ServiceBench, at address: String) throws -> any WebService {
      let server = "server = \"\(address)\""
      let url = "url_file = \"\(try bench.secret("\(address)/hunter2"))\""
      let token = "token_file = \"\(try bench.secret("hunter2"))\""
      let key = "key_file = \"\(try bench.secret("hunter2"))\""
      return switch self {
      case .webhook: try bench.make(WebhookService.self, url)
      case .ntfy: try bench.make(NtfyService.self, server, "topic = \"door\"", token)
      case .pushover:
        try bench.make(
          PushoverService.self, server, token, "user_file = \"\(try bench.secret("hunter2-user"))\"")
      case .telegram: try bench.make(TelegramService.self, server, token, "chat = \"-100\"")
      case .gotify: try bench.make(GotifyService.self, server, token)
      case .slack: try bench.make(SlackService.self, url)
      case .discord: try bench.make(DiscordService.self, url)
      case .matrix: try bench.make(MatrixService.self, server, "room = \"!a:b\"", token)
      case .bark: try bench.make(BarkService.self, server, key)
      case .apprise: try bench.make(AppriseServerService.self, server, key)
      case .serverChan: try bench.make(ServerChanService.self, server, key)
      case .pushPlus: try bench.make(PushPlusService.self, server, token)
      case .dingTalk: try bench.make(DingTalkService.self, server, token)
      case .weCom: try bench.make(WeComService.self, server, key)
      case .feishu: try bench.make(FeishuService.self, server, token)
      case .lark: try bench.make(LarkService.self, server, token)
      }
    }

    /// What the service says when it has taken a message.
    var success: String {
      switch self {
      case .webhook: ""
      case .ntfy: #"{"id":"xE73Iyuabi"}"#
      case .pushover: #"{"status":1,"request":"5042","receipt":"rLqV"}"#
      case .telegram: #"{"ok":true,"result":{"message_id":42}}"#
      case .gotify:
        #"{"id":25,"appid":5,"message":"m","title":"t","priority":10,"date":"2018-02-27T19:36:10Z"}"#
      case .slack: "ok"
      case .discord: #"{"id":"1234567890"}"#
      case .matrix: #"{"event_id":"$a:b"}"#
      case .bark: #"{"code":200,"message":"success","timestamp":1700000000}"#
      case .apprise: #"{"error":null,"details":[["INFO","2025-01-01 12:00:00,000","Sent"]]}"#
      case .serverChan:
        #"{"code":0,"message":"","data":{"pushid":"1663686","readkey":"x","error":"SUCCESS","errno":0}}"#
      case .pushPlus: #"{"code":200,"msg":"请求成功","data":"075074e3c17e449e9a0cb79cc6f3fc83"}"#
      case .dingTalk, .weCom: #"{"errcode":0,"errmsg":"ok"}"#
      case .feishu, .lark: #"{"code":0,"msg":"success","data":{}}"#
      }
    }
  }

  private let bench: ServiceBench

  init() throws {
    bench = try ServiceBench()
  }

  private func deliver(
    _ subject: Subject, _ answer: WebhookServer.Answer, timeLimit: Duration = .seconds(30)
  ) async throws -> DeliveryResult? {
    var result: DeliveryResult?
    try await WebhookServer.with([answer]) { server in
      let service = try subject.service(bench, at: "http://127.0.0.1:\(server.port)")
      let channel = WebServiceChannel(id: try Identifier("phone"), service: service, timeLimit: timeLimit)
      result = await channel.deliver(try .opening(acknowledgement: Notice.link))
      #expect(server.requests.count == 1 || timeLimit < .seconds(30))
      // What its settings hold is in what is sent, and nowhere else.
      #expect(!"\(String(describing: result)) \(channel) \(String(reflecting: channel))".contains("hunter2"))
    }
    return result
  }

  @Test("has the notice when it says so in its own words", arguments: Subject.allCases)
  func success(_ subject: Subject) async throws {
    guard case .delivered? = try await deliver(subject, .status("200 OK", body: subject.success)) else {
      Issue.record("not delivered")
      return
    }
  }

  @Test("has nothing when a page of the network answers for it", arguments: Subject.allCases)
  func loginPage(_ subject: Subject) async throws {
    let result = try await deliver(subject, .status("200 OK", body: "<html>Please log in</html>"))
    switch (subject, result) {
    // Of a webhook nobody knows what it says.
    case (.webhook, .delivered?), (_, .retry?): break
    default: Issue.record("\(String(describing: result))")
    }
  }

  @Test("is left alone for as long as it says", arguments: Subject.allCases)
  func tooMany(_ subject: Subject) async throws {
    let result = try await deliver(subject, .status("429 Too Many", "Retry-After: 17\r\n", body: "hunter2"))
    guard case .retry(.seconds(17)?, _) = result else {
      Issue.record("\(String(describing: result))")
      return
    }
  }

  @Test("is tried again when it fails", arguments: Subject.allCases, ["500 Error", "502 Bad", "503 Busy"])
  func failing(_ subject: Subject, _ status: String) async throws {
    guard case .retry? = try await deliver(subject, .status(status, body: "<html>hunter2</html>")) else {
      Issue.record("not tried again")
      return
    }
  }

  @Test(
    "has refused what it never finds or forbids", arguments: Subject.allCases, ["404 None", "403 Forbidden"])
  func refusing(_ subject: Subject, _ status: String) async throws {
    guard case .refused(let why)? = try await deliver(subject, .status(status, body: "{}")) else {
      Issue.record("not refused")
      return
    }
    #expect(why.contains(status.prefix(3)))
  }

  @Test(
    "is tried again when what it says is garbage, cut, or nothing", arguments: Subject.allCases,
    [
      "", "HTTP/1.1 20", "220 mail.example ESMTP\r\n", "HTTP/9.9 999\r\n\r\n",
      String(repeating: "x", count: 2_000),
      "HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\n{\"half",
      "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
    ])
  func garbage(_ subject: Subject, _ bytes: String) async throws {
    let result = try await deliver(subject, .bytes(bytes))
    switch result {
    case .retry: break
    case .refused(let why) where bytes.contains("302"): #expect(why.contains("302"))
    default: Issue.record("\(String(describing: result))")
    }
  }

  @Test("costs the time limit and no more when it is silent", arguments: Subject.allCases)
  func silent(_ subject: Subject) async throws {
    guard case .retry(nil, _)? = try await deliver(subject, .silence, timeLimit: .milliseconds(300)) else {
      Issue.record("not tried again")
      return
    }
  }

  @Test("costs the time limit and no more when its answer never ends", arguments: Subject.allCases)
  func endless(_ subject: Subject) async throws {
    let head = "HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\n{"
    let result = try await deliver(subject, .unfinished(head), timeLimit: .seconds(1))
    guard case .retry? = result else {
      Issue.record("\(String(describing: result))")
      return
    }
  }
}
