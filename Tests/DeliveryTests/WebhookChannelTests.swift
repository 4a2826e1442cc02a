import DoorCore
import Testing

@testable import Delivery

@Suite("A webhook")
struct WebhookChannelTests {
  private let notice: Notice
  private let id: Identifier

  init() throws {
    id = try Identifier("phone")
    let alert = Alert(
      id: "hall/front/5e1f0c77/1042/1700000000000",
      severity: .alarm,
      kind: .opened,
      area: try Identifier("house"),
      subject: .door(try DoorAddress("hall/front")),
      state: .open,
      at: Timestamp(milliseconds: 1_700_000_000_000),
      isLate: true,
      simulated: true
    )
    let text = "It was \"opened\" at 1/2."
    notice = Notice(
      key: alert.id, severity: .alarm, title: "ALARM: Haustür", text: text, at: alert.at,
      items: [Notice.Item(alert: alert, stage: .raised, count: 1, text: text)])
  }

  /// The key in it is what nobody may see.
  private func address(_ port: Int) -> String { "http://127.0.0.1:\(port)/hook/hunter2?token=hunter2" }

  private func channel(_ port: Int, timeLimit: Duration = .seconds(30)) throws -> WebhookChannel {
    try WebhookChannel(id: id, address: address(port), timeLimit: timeLimit)
  }

  private func deliver(to answer: WebhookServer.Answer, timeLimit: Duration = .seconds(30)) async throws
    -> DeliveryResult?
  {
    var result: DeliveryResult?
    try await WebhookServer.with([answer]) { server in
      result = try await channel(server.port, timeLimit: timeLimit).deliver(notice)
    }
    return result
  }

  // MARK: What is sent

  @Test("is posted the alert as JSON, to the byte the same with every try, under one key")
  func request() async throws {
    let answers: [WebhookServer.Answer] = [.status("503 Busy"), .status("200 OK")]
    try await WebhookServer.with(answers) { server in
      let channel = try channel(server.port)
      #expect(await channel.deliver(notice) == .retry(after: nil, why: "the webhook answered HTTP 503"))
      #expect(await channel.deliver(notice) == .delivered(answer: "HTTP 200"))
      let requests = server.requests
      #expect(requests.count == 2)
      for request in requests {
        #expect(request.line == "POST /hook/hunter2?token=hunter2 HTTP/1.1")
        #expect(request.headers["content-type"] == "application/json")
        #expect(request.headers["idempotency-key"] == "hall/front/5e1f0c77/1042/1700000000000")
        #expect(request.headers["user-agent"] == "dooralarm")
        #expect(
          request.body
            == #"{"agent":"hall","area":"house","at_ms":1700000000000,"count":1,"door":"front","#
            + #""id":"hall/front/5e1f0c77/1042/1700000000000","kind":"opened","late":true,"severity":"alarm","#
            + #""simulated":true,"stage":"raised","state":"open","text":"It was \"opened\" at 1/2.","#
            + #""title":"ALARM: Haustür"}"#
        )
      }
    }
  }

  @Test("is posted no state where none is known")
  func noState() async throws {
    try await WebhookServer.with([.status("204 No Content")]) { server in
      var notice = notice
      notice.items[0].alert.state = nil
      _ = try await channel(server.port).deliver(notice)
      #expect(server.requests.first?.body.contains("\"state\"") == false)
    }
  }

  @Test("is posted many alerts as one message, with the first one's fields and a list of all")
  func storm() async throws {
    try await WebhookServer.with([.status("204 No Content")]) { server in
      var notice = notice
      notice.key = "a/and-1-more"
      notice.items.append(notice.items[0])
      notice.items[1].alert.id = "b"
      notice.items[1].stage = .reminder(3)
      _ = try await channel(server.port).deliver(notice)
      let body = server.requests.first?.body ?? ""
      #expect(server.requests.first?.headers["idempotency-key"] == "a/and-1-more")
      #expect(body.contains(#""alerts":[{"#))
      #expect(body.contains(#""id":"b""#))
      #expect(body.contains(#""stage":"reminder""#))
      #expect(
        body.contains(#""id":"a/and-1-more","kind":"opened""#), "the message's own key, the first one's kind")
    }
  }

  @Test("is posted what the notifier says of itself without an alert's fields")
  func ownNotice() async throws {
    try await WebhookServer.with([.status("204 No Content")]) { server in
      let own = Notice(
        key: "store/1", severity: .alarm, title: "T", text: "X", at: Timestamp(milliseconds: 1), items: [])
      _ = try await channel(server.port).deliver(own)
      #expect(
        server.requests.first?.body
          == #"{"at_ms":1,"id":"store/1","severity":"alarm","text":"X","title":"T"}"#)
    }
  }

  // MARK: What is answered

  @Test(
    "has the alert when it says so",
    arguments: ["200 OK", "201 Created", "202 Accepted", "204 No Content"]
  )
  func delivered(_ status: String) async throws {
    #expect(try await deliver(to: .status(status)) == .delivered(answer: "HTTP \(status.prefix(3))"))
  }

  @Test("that is busy is tried again, when it says")
  func retryAfter() async throws {
    #expect(
      try await deliver(to: .status("429 Slow Down", "Retry-After: 7\r\n"))
        == .retry(after: .seconds(7), why: "the webhook answered HTTP 429")
    )
  }

  @Test("that refuses is not tried again")
  func refused() async throws {
    #expect(
      try await deliver(to: .status("404 Not Found", body: "hunter2"))
        == .refused(why: "the webhook answered HTTP 404: check its address")
    )
  }

  @Test(
    "that sends elsewhere has nothing: a POST that becomes a GET on its way is no delivery",
    arguments: [
      "301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent",
    ]
  )
  func redirect(_ status: String) async throws {
    let answers: [WebhookServer.Answer] = [.status(status, "Location: /elsewhere\r\n"), .status("200 OK")]
    try await WebhookServer.with(answers) { server in
      let result = try await channel(server.port).deliver(notice)
      #expect(result == .refused(why: "the webhook answered HTTP \(status.prefix(3)): check its address"))
      #expect(server.requests.count == 1)
    }
  }

  @Test(
    "means by its status what HTTP says",
    arguments: [
      (200, nil, .delivered(answer: "HTTP 200")),
      (299, nil, .delivered(answer: "HTTP 299")),
      (300, nil, .refused(why: "the webhook answered HTTP 300: check its address")),
      (400, nil, .refused(why: "the webhook answered HTTP 400: check its address")),
      (401, "5", .refused(why: "the webhook answered HTTP 401: check its address")),
      (410, nil, .refused(why: "the webhook answered HTTP 410: check its address")),
      (408, nil, .retry(after: nil, why: "the webhook answered HTTP 408")),
      (425, "0", .retry(after: .zero, why: "the webhook answered HTTP 425")),
      (429, "3600", .retry(after: .seconds(3_600), why: "the webhook answered HTTP 429")),
      (429, "999999999", .retry(after: .seconds(3_600), why: "the webhook answered HTTP 429")),
      (429, "-5", .retry(after: .zero, why: "the webhook answered HTTP 429")),
      (429, "Fri, 31 Dec 1999 23:59:59 GMT", .retry(after: nil, why: "the webhook answered HTTP 429")),
      (429, "99999999999999999999", .retry(after: nil, why: "the webhook answered HTTP 429")),
      (500, nil, .retry(after: nil, why: "the webhook answered HTTP 500")),
      (599, "1", .retry(after: .seconds(1), why: "the webhook answered HTTP 599")),
      (600, nil, .refused(why: "the webhook answered HTTP 600: check its address")),
    ] as [(Int, String?, DeliveryResult)]
  )
  func judges(_ status: Int, _ retryAfter: String?, _ result: DeliveryResult) {
    #expect(WebhookChannel.judge(status: status, retryAfter: retryAfter) == result)
  }

  // MARK: What is not answered

  @Test("that never answers costs the time limit and no more")
  func silence() async throws {
    #expect(
      try await deliver(to: .silence, timeLimit: .milliseconds(300))
        == .retry(after: nil, why: "the webhook did not answer: Deadline exceeded")
    )
  }

  @Test(
    "that answers what is no HTTP, or half of it, is tried again",
    arguments: [
      "", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\nContent-Le", "220 mail.example ESMTP\r\n",
      "\0\u{1}\u{2}\r\n\r\n",
      "HTTP/9.9 999\r\n\r\n", String(repeating: "x", count: 2_000),
    ]
  )
  func garbage(_ text: String) async throws {
    let result = try #require(try await deliver(to: .bytes(text)))
    guard case .retry(nil, let why) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(!why.contains("hunter2"))
    #expect(!why.contains("127.0.0.1"))
  }

  @Test("that has said yes has the alert, also where its body is cut")
  func cutBody() async throws {
    #expect(
      try await deliver(to: .bytes("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"))
        == .delivered(answer: "HTTP 200")
    )
  }

  @Test("that nobody runs is tried again, and its address is not shown")
  func connectionRefused() async throws {
    var port = 0
    try await WebhookServer.with([]) { port = $0.port }
    let result = try await channel(port, timeLimit: .seconds(1)).deliver(notice)
    guard case .retry(nil, let why) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(!why.contains("hunter2"))
    #expect(!why.contains("127.0.0.1"))
    #expect(why.hasPrefix("the webhook "))
  }

  // MARK: Addresses

  @Test(
    "has an http or https address",
    arguments: [
      "http://example.org", "https://example.org/hook?key=hunter2", "http://127.0.0.1:1/",
      "http://[::1]:65535/x",
    ]
  )
  func address(_ address: String) throws {
    #expect(try WebhookChannel(id: id, address: address).id == id)
  }

  @Test("does not show its address where it is printed itself")
  func hidden() throws {
    let channel = try channel(1_234)
    var shown = "\(channel) \(String(reflecting: channel)) \([channel as any DeliveryChannel])"
    dump(channel, to: &shown)
    #expect(!shown.contains("hunter2"))
    #expect(shown.contains("phone"))
  }

  @Test(
    "has no other address, and the refusal does not repeat it: it can have a key in it",
    arguments: [
      "", "hunter2", "example.org/hunter2", "ftp://example.org/hunter2", "file:///etc/hunter2", "http:",
      "http://",
      "http:///hunter2", "https://?hunter2", "javascript:hunter2", "http://example.org:0/hunter2",
      "http://example.org:65536/hunter2", "http://example.org:70000/hunter2",
      "http://example.org:99999999999999999999/hunter2", "http://example.org:x/hunter2",
    ]
  )
  func invalid(_ address: String) {
    let error = #expect(throws: WebAddressError.self) { try WebhookChannel(id: id, address: address) }
    #expect(error.map { "\($0)" } == "this is no http or https address")
    #expect(error.map { String(reflecting: $0).contains("hunter2") } == false)
  }
}
