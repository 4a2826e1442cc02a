import Appliance
import DoorCore
import NIOHTTP1
import Testing

@testable import Delivery

@Suite("A webhook")
struct WebhookServiceTests {
  private let bench: ServiceBench

  init() throws {
    bench = try ServiceBench()
  }

  /// The key in it is what nobody may see.
  private static let url = #"url = "https://hook.example/hunter2?token=hunter2""#

  private func service(_ lines: String...) throws -> WebhookService {
    try bench.make(WebhookService.self, Self.url, lines.joined(separator: "\n"))
  }

  private static let body =
    #"{"agent":"hall","area":"home","at_ms":1700000000000,"count":1,"door":"front","#
    + #""id":"home/front/5e1f0c77/1042/1700000000000","kind":"opened","late":false,"severity":"alarm","#
    + #""simulated":false,"stage":"raised","state":"open","text":"Haustür was \"opened\" at 1/2 & 3.","#
    + #""title":"ALARM: Haustür"}"#

  // MARK: What is sent

  @Test("is posted the alert as JSON, to the byte the same with every try, under one key")
  func request() throws {
    let service = try service()
    for now in [Timestamp(milliseconds: 0), Timestamp(milliseconds: 1_800_000_000_000)] {
      let request = try service.request(for: .opening(), at: now)
      #expect(request.method == .POST)
      #expect(request.address.reveal() == "https://hook.example/hunter2?token=hunter2")
      #expect(
        request.headers.map { "\($0.name): \($0.value)" } == [
          "Content-Type: application/json", "Idempotency-Key: home/front/5e1f0c77/1042/1700000000000",
        ])
      #expect(request.text == Self.body)
    }
  }

  @Test("is posted where to acknowledge, and no state where none is known")
  func parts() throws {
    var notice = try Notice.opening(acknowledgement: Notice.link)
    notice.items[0].alert.state = nil
    let json = try service().request(for: notice, at: .now).json()
    #expect(json["acknowledge_url"] == "https://alarm.example/ack/hunter2")
    #expect(json["state"] == nil)
    #expect(json["door"] == "front")
  }

  @Test("is posted many alerts as one message, with the first one's fields and a list of all")
  func storm() throws {
    var notice = try Notice.opening()
    notice.key = "a/and-1-more"
    notice.text = "Two doors were opened."
    notice.items.append(notice.items[0])
    notice.items[1].alert.id = "b"
    notice.items[1].alert.isLate = true
    notice.items[1].stage = .reminder(3)
    notice.items[1].count = 2
    let request = try service().request(for: notice, at: .now)
    #expect(request.header("Idempotency-Key") == "a/and-1-more")
    let first: JSON = [
      "id": "home/front/5e1f0c77/1042/1700000000000", "severity": "alarm", "kind": "opened",
      "stage": "raised", "area": "home", "agent": "hall", "door": "front", "state": "open",
      "at_ms": 1_700_000_000_000, "late": false, "simulated": false, "count": 1,
      "text": "Haustür was \"opened\" at 1/2 & 3.",
    ]
    let second: JSON = [
      "id": "b", "severity": "alarm", "kind": "opened", "stage": "reminder", "area": "home",
      "agent": "hall", "door": "front", "state": "open", "at_ms": 1_700_000_000_000, "late": true,
      "simulated": false, "count": 2, "text": "Haustür was \"opened\" at 1/2 & 3.",
    ]
    #expect(
      try request.json() == [
        "id": "a/and-1-more", "severity": "alarm", "kind": "opened", "stage": "raised", "area": "home",
        "agent": "hall", "door": "front", "state": "open", "at_ms": 1_700_000_000_000, "late": false,
        "simulated": false, "count": 1, "title": "ALARM: Haustür", "text": "Two doors were opened.",
        "alerts": [first, second],
      ])
  }

  @Test("is posted what the notifier says of itself without an alert's fields")
  func ownNotice() throws {
    let own = Notice(
      key: "store/1", severity: .trouble, urgency: .normal, title: "T", text: "X",
      at: Timestamp(milliseconds: 1), items: [])
    #expect(
      try service().request(for: own, at: .now).text
        == #"{"at_ms":1,"id":"store/1","severity":"trouble","text":"X","title":"T"}"#)
  }

  @Test("is sent a PUT of another type, if it is to")
  func method() throws {
    let service = try service("method = \"PUT\"", "content_type = \"text/plain\"")
    let request = try service.request(for: .opening(), at: .now)
    #expect(request.method == .PUT)
    #expect(request.header("Content-Type") == "text/plain")
    #expect(request.text == Self.body)
    #expect(throws: SettingsError.self) { try self.service("method = \"GET\"") }
  }

  // MARK: A body and headers of its own

  @Test("is posted a body of its own form, whose values are escaped as JSON has them")
  func template() throws {
    let service = try service(
      #"body = '{"t":"{{title}}: {{{text}}}","at":{{at_ms}},"alarm":{{is_alarm}}"#
        + #"{{#door}},"door":"{{door}}"{{/door}}"#
        + #"{{#acknowledge_url}},"link":"{{acknowledge_url}}"{{/acknowledge_url}}}'"#)
    let text = "a \"b\"\n\\c/ü"
    #expect(
      try service.request(for: .opening(text: text, acknowledgement: Notice.link), at: .now).text
        == #"{"t":"ALARM: Haustür: a \"b\"\n\\c/ü","at":1700000000000,"alarm":true,"door":"front","#
        + #""link":"https://alarm.example/ack/hunter2"}"#)
    var notice = try Notice.opening(.low, text: "x")
    notice.items = []
    #expect(
      service.request(for: notice, at: .now).text
        == #"{"t":"ALARM: Haustür: x","at":1700000000000,"alarm":false}"#)
  }

  @Test("is posted all alerts in a body of its own form")
  func templateOfMany() throws {
    let service = try service(
      #"body = '[{{#alerts}}{"id":"{{id}}","n":{{count}},"of":"{{title}}"}"#
        + #"{{^is_last}},{{/is_last}}{{/alerts}}]'"#
    )
    var notice = try Notice.opening()
    notice.items.append(notice.items[0])
    notice.items[0].alert.id = "a"
    notice.items[1].alert.id = "b"
    notice.items[1].count = 7
    #expect(
      service.request(for: notice, at: .now).text
        == #"[{"id":"a","n":1,"of":"ALARM: Haustür"},{"id":"b","n":7,"of":"ALARM: Haustür"}]"#)
  }

  @Test(
    "is posted values as its type needs them",
    arguments: [
      ("application/x-www-form-urlencoded", "text=a%20%26%20b%3Dc%20%3Cd%3E"),
      ("text/xml; charset=utf-8", "text=a &amp; b=c &lt;d&gt;"),
      ("application/soap+xml", "text=a &amp; b=c &lt;d&gt;"), ("text/plain", "text=a & b=c <d>"),
    ])
  func escaping(_ type: String, _ body: String) throws {
    let service = try service("content_type = \"\(type)\"", "body = \"text={{text}}\"")
    #expect(try service.request(for: .opening(text: "a & b=c <d>"), at: .now).text == body)
  }

  @Test(
    "is refused a body, when settings are read, that could fail when there is an alarm",
    arguments: [
      #"{"t":"{{name}}"}"#, #"{"t":"{{title"}"#, #"{"t":{{title}}}"#, #"{"t":"{{title}}",}"#,
      #"[{{#alerts}}"{{id}}",{{/alerts}}]"#, #"[{{#alerts}}"{{id}}"{{/alerts}}]"#,
      #"{{#is_alarm}}{"t":"{{title}}"}{{/is_alarm}}"#, #"{"a":1{{#door}} "door":"{{door}}"{{/door}}}"#,
      "{{title}}",
    ])
  func invalidBody(_ body: String) {
    let error = #expect(throws: SettingsError.self) { try service("body = '\(body)'") }
    #expect(error?.description.hasPrefix("notifier.toml:2: body: ") == true)
  }

  @Test("may be sent a comma in a text as it likes")
  func comma() throws {
    let service = try service(#"body = '{"t":"[{{title}},]\"],}"}'"#)
    #expect(try service.request(for: .opening(), at: .now).text == #"{"t":"[ALARM: Haustür,]\"],}"}"#)
  }

  @Test("is sent headers of its own: templates in one line, and secrets out of files as they are")
  func headers() throws {
    let service = try service(
      "[[header]]", "name = \"X-Title\"", "value = \"{{title}} of {{area}}: {{text}}\"", "[[header]]",
      "name = \"Authorization\"", "value_file = \"\(try bench.secret("Bearer {{hunter2}}"))\"")
    let request = try service.request(for: .opening(text: "a\r\nHost: b\t\u{0}c"), at: .now)
    #expect(
      request.headers.map { "\($0.name): \($0.value)" } == [
        "Content-Type: application/json", "Idempotency-Key: home/front/5e1f0c77/1042/1700000000000",
        "X-Title: ALARM: Haustür of home: a  Host: b  c", "Authorization: Bearer {{hunter2}}",
      ])
  }

  @Test(
    "is refused headers that the channel or its connection writes",
    arguments: [
      "Content-Type", "content-length", "HOST", "Idempotency-Key", "X-Dooralarm-Signature", "User-Agent",
      "Transfer-Encoding", "Connection",
    ])
  func reserved(_ name: String) {
    #expect(throws: SettingsError.self) {
      try service("[[header]]", "name = \"\(name)\"", "value = \"1\"")
    }
  }

  @Test(
    "is refused headers that are none",
    arguments: [
      ("X Title", "1"), ("X:", "1"), ("Tür", "1"), ("X", "ü"), ("X", #"a\nb"#), ("X", "{{name}}"),
      ("X", "{{title"),
    ])
  func invalidHeader(_ name: String, _ value: String) {
    #expect(throws: SettingsError.self) {
      try service("[[header]]", "name = \"\(name)\"", "value = \"\(value)\"")
    }
  }

  @Test("is refused headers without a name, without a value, or with two")
  func incompleteHeader() throws {
    let file = "value_file = \"\(try bench.secret("2"))\""
    #expect(throws: SettingsError.self) { try service("[[header]]", "name = \"X\"") }
    #expect(throws: SettingsError.self) { try service("[[header]]", "value = \"1\"") }
    #expect(throws: SettingsError.self) { try service("[[header]]", "name = \"X\"", "value = \"1\"", file) }
  }

  // MARK: The signature

  @Test("is posted the HMAC-SHA256 of the body with its key")
  func signature() throws {
    let key = "signing_key_file = \"\(try bench.secret("hunter2"))\""
    let own = try service(key).request(for: .opening(), at: .now)
    #expect(
      own.header("X-Dooralarm-Signature")
        == "sha256=cbe0ff9b8dcec886405352bea074ee19eca23c04880c1f1c548d15ea409ff804")
    let templated = try service(key, "content_type = \"text/plain\"", "body = \"{{title}}\"")
    #expect(
      try templated.request(for: .opening(), at: .now).header("X-Dooralarm-Signature")
        == "sha256=c83e29f479d3e2e22e9dfe4bb3a73369441262dcbda79baf1670d31bc6c86872")
    #expect(try service().request(for: .opening(), at: .now).header("X-Dooralarm-Signature") == nil)
  }

  // MARK: What is answered

  @Test(
    "means by its status what HTTP says",
    arguments: [
      (200, nil, .delivered(answer: "HTTP 200")),
      (204, nil, .delivered(answer: "HTTP 204")),
      (299, nil, .delivered(answer: "HTTP 299")),
      (300, nil, .refused(why: "the webhook answered HTTP 300: check its settings")),
      (307, nil, .refused(why: "the webhook answered HTTP 307: check its settings")),
      (400, nil, .refused(why: "the webhook answered HTTP 400: check its settings")),
      (401, "5", .refused(why: "the webhook answered HTTP 401: check its settings")),
      (410, nil, .refused(why: "the webhook answered HTTP 410: check its settings")),
      (408, nil, .retry(after: nil, why: "the webhook answered HTTP 408")),
      (425, "0", .retry(after: .zero, why: "the webhook answered HTTP 425")),
      (429, "3600", .retry(after: .seconds(3_600), why: "the webhook answered HTTP 429")),
      (429, "999999999", .retry(after: .seconds(3_600), why: "the webhook answered HTTP 429")),
      (429, "-5", .retry(after: .zero, why: "the webhook answered HTTP 429")),
      (429, "Fri, 31 Dec 1999 23:59:59 GMT", .retry(after: nil, why: "the webhook answered HTTP 429")),
      (429, "99999999999999999999", .retry(after: nil, why: "the webhook answered HTTP 429")),
      (500, nil, .retry(after: nil, why: "the webhook answered HTTP 500")),
      (599, "1", .retry(after: .seconds(1), why: "the webhook answered HTTP 599")),
      (600, nil, .refused(why: "the webhook answered HTTP 600: check its settings")),
    ] as [(Int, String?, DeliveryResult)])
  func judged(_ status: Int, _ retryAfter: String?, _ result: DeliveryResult) throws {
    #expect(try service().judge(WebAnswer(status, "hunter2", retryAfter: retryAfter)) == result)
  }

  // MARK: Secrets

  @Test("does not show its address, its headers or its key where it is printed")
  func hidden() throws {
    let service = try service(
      "signing_key_file = \"\(try bench.secret("hunter2-key"))\"", "[[header]]", "name = \"X-Token\"",
      "value_file = \"\(try bench.secret("hunter2-token"))\"")
    var shown = "\(service) \(String(reflecting: service)) \([service as any WebService])"
    dump(service, to: &shown)
    #expect(!shown.contains("hunter2"))
    #expect(
      service.secrets.map { $0.reveal() } == [
        "https://hook.example/hunter2?token=hunter2", "hunter2", "hunter2-token", "hunter2-key",
      ])
  }

  @Test("needs an address")
  func noAddress() {
    #expect(throws: SettingsError.self) { try bench.make(WebhookService.self, "method = \"PUT\"") }
  }

  @Test(
    "has no address but of http or https, and the refusal does not repeat it: it can have a key in it",
    arguments: [
      "hunter2", "example.org/hunter2", "ftp://example.org/hunter2", "file:///etc/hunter2", "http:",
      "http:///hunter2", "https://?hunter2", "javascript:hunter2", "http://example.org:0/hunter2",
      "http://example.org:65536/hunter2", "http://example.org:99999999999999999999/hunter2",
      "http://example.org:x/hunter2",
    ])
  func invalidAddress(_ address: String) throws {
    let file = try bench.secret(address)
    for line in ["url = \"\(address)\"", "url_file = \"\(file)\""] {
      let error = #expect(throws: SettingsError.self) { try bench.make(WebhookService.self, line) }
      #expect(error.map { String(reflecting: $0).contains("hunter2") } == false)
    }
  }
}
