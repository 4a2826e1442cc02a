import Appliance
import DoorCore
import Foundation
import TestSupport
import Testing

@testable import Delivery

/// By RFC 5322 (the message), RFC 2045 and 2047 (what is in it), RFC 3834 (that a machine has written it).
@Suite("A mail")
struct EmailServiceTests {
  private let bench: ServiceBench

  init() throws {
    bench = try ServiceBench()
  }

  private static let addresses =
    "from = \"alarm@house.example\"\nto = [\"ada@mail.example\", \"bob+door@b.example\"]"

  private func service(_ lines: String...) throws -> EmailService {
    try bench.make(EmailService.self, ([Self.addresses] + lines).joined(separator: "\n"))
  }

  private func message(of notice: Notice, at now: Timestamp = .now) throws -> String {
    String(decoding: try service().call(for: notice, at: now).input, as: UTF8.self)
  }

  /// The lines above the first empty one.
  private func head(of notice: Notice, at now: Timestamp = .now) throws -> [Substring] {
    let message = try message(of: notice, at: now)
    return message[..<(try #require(message.firstRange(of: "\n\n"))).lowerBound].split(separator: "\n")
  }

  private func header(_ name: String, of notice: Notice) throws -> Substring? {
    try head(of: notice).first { $0.hasPrefix("\(name): ") }?.dropFirst(name.count + 2)
  }

  // MARK: How it is handed over

  @Test("goes to sendmail, with the addresses where no address can be an option")
  func call() throws {
    let call = try service().call(for: .opening(), at: .now)
    #expect(call.path == "/usr/sbin/sendmail")
    #expect(
      call.arguments == ["-i", "-f", "alarm@house.example", "--", "ada@mail.example", "bob+door@b.example"])
    #expect(call.environment == [:])
    #expect(
      try service("program = \"/usr/bin/msmtp\"").call(for: .opening(), at: .now).path == "/usr/bin/msmtp")
  }

  @Test("is handed to a real program as it is, which says how it went")
  func program() async throws {
    let script = "printf '%s\\n' \"$@\" > '\(bench.file("arguments"))'; cat > '\(bench.file("mail"))'; exit 0"
    let service = try service("program = \"\(try bench.program(script))\"")
    let notice = try Notice.opening(acknowledgement: Notice.link)
    let channel = ProgramChannel(id: try Identifier("mail"), service: service)
    #expect(await channel.deliver(notice) == .delivered(answer: "exit status 0"))
    #expect(
      bench.written("arguments") == "-i\n-f\nalarm@house.example\n--\nada@mail.example\nbob+door@b.example\n")
    func undated(_ mail: String) -> [Substring] {
      mail.split(separator: "\n").filter { !$0.hasPrefix("Date: ") }
    }
    let mail = try #require(bench.written("mail"))
    #expect(undated(mail) == undated(try message(of: notice)))
    #expect(mail.split(separator: "\n").count == undated(mail).count + 1)
  }

  @Test("is judged by the exit status of sendmail")
  func judged() throws {
    #expect(try service().judge(.exited(0)) == .delivered(answer: "exit status 0"))
    #expect(
      try service().judge(.exited(67))
        == .refused(why: "sendmail ended with exit status 67: check its settings"))
    #expect(try service().judge(.exited(75)) == .retry(after: nil, why: "sendmail ended with exit status 75"))
  }

  // MARK: The message

  @Test("of an alarm is this one, to the byte")
  func alarm() throws {
    #expect(
      try message(of: .opening(acknowledgement: Notice.link)) == """
        From: alarm@house.example
        To: ada@mail.example,
         bob+door@b.example
        Subject: =?utf-8?B?QUxBUk06IEhhdXN0w7xy?=
        Date: Tue, 14 Nov 2023 22:15:00 +0000
        Message-ID: <554abda8cafa7118274c8c85ff91c965.dooralarm@house.example>
        MIME-Version: 1.0
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: base64
        Auto-Submitted: auto-generated
        Importance: high
        X-Priority: 1

        SGF1c3TDvHIgd2FzICJvcGVuZWQiIGF0IDEvMiAmIDMuDQpJIGtub3c6IGh0dHBzOi8vYWxhcm0u
        ZXhhbXBsZS9hY2svaHVudGVyMg0K

        """)
  }

  @Test("is important only as an alarm", arguments: [Notice.Urgency.normal, .low])
  func urgency(_ urgency: Notice.Urgency) throws {
    #expect(try header("Importance", of: .opening()) == "high")
    #expect(try header("Importance", of: .opening(urgency)) == nil)
    #expect(try header("X-Priority", of: .opening(urgency)) == nil)
  }

  @Test("has the same identifier with every try, and another than every other")
  func identifier() throws {
    let notice = try Notice.opening()
    let later = Timestamp(milliseconds: 1_700_000_900_000)
    let first = try #require(try head(of: notice).first { $0.hasPrefix("Message-ID: ") })
    #expect(try head(of: notice, at: later).contains(first))
    #expect(
      try !head(of: notice, at: later).contains(
        try #require(try head(of: notice).first { $0.hasPrefix("Date: ") })))
    var other = notice
    other.key += "/reminder 1"
    #expect(try !head(of: other).contains(first))
  }

  @Test("of a further stage answers the alert's first one", arguments: [AlertStage.reminder(2), .resolved])
  func stages(_ stage: AlertStage) throws {
    let first = try Notice.opening()
    #expect(try header("In-Reply-To", of: first) == nil)
    #expect(try header("References", of: first) == nil)
    var notice = first
    notice.key = "\(first.key)/\(stage)"
    notice.items[0].stage = stage
    let identifier = try header("Message-ID", of: first)
    #expect(try header("In-Reply-To", of: notice) == identifier)
    #expect(try header("References", of: notice) == identifier)
    #expect(try header("Message-ID", of: notice) != identifier)
  }

  @Test("of many alerts, or of none, answers no other")
  func many() throws {
    var notice = try Notice.opening()
    notice.items[0].stage = .resolved
    notice.items.append(notice.items[0])
    #expect(try header("In-Reply-To", of: notice) == nil)
    notice.items = []
    #expect(try header("In-Reply-To", of: notice) == nil)
  }

  // MARK: Its texts

  private static let chineseTitle = String(repeating: "前门在布防时被打开", count: 12)
  /// One character of 25 signs, which is longer than a word of a header can be.
  private static let family = "e" + String(repeating: "\u{301}", count: 24)

  @Test(
    "has a title of every script in lines of ASCII, none over 76 characters, each word whole in itself",
    arguments: [
      chineseTitle, String(repeating: "x", count: 200), family + family, String(repeating: "👩🏽‍🚒", count: 20),
      "Haustür " + String(repeating: "a", count: 100),
    ])
  func encoded(_ title: String) throws {
    var notice = try Notice.opening()
    notice.title = title
    let lines = try head(of: notice)
    let begin = try #require(lines.firstIndex { $0.hasPrefix("Subject: ") })
    let end = try #require(lines.firstIndex { $0.hasPrefix("Date: ") })
    var words: [Substring] = []
    for line in lines[begin..<end] {
      #expect(line.utf8.count <= 76)
      let word = line.dropFirst(words.isEmpty ? 9 : 1)
      #expect(words.isEmpty || line.hasPrefix(" "))
      try #require(word.hasPrefix("=?utf-8?B?") && word.hasSuffix("?="))
      words.append(word.dropFirst(10).dropLast(2))
    }
    #expect(words.count > 1)
    let texts = try words.map { word in
      let bytes = try #require(Data(base64Encoded: String(word)))
      #expect(!bytes.isEmpty)
      return try #require(String(validating: bytes, as: UTF8.self), "half a sign")
    }
    #expect(texts.joined().unicodeScalars.elementsEqual(title.unicodeScalars.prefix(200)))
  }

  @Test("has a short title of ASCII as it is, unless it looks like an encoded one")
  func plain() throws {
    #expect(MailText.header("ALARM: front door") == "ALARM: front door")
    #expect(MailText.header("=?utf-8?B?eA==?=") == "=?utf-8?B?PT91dGYtOD9CP2VBPT0/PQ==?=")
  }

  @Test(
    "has no header of a title's making", arguments: ["\n", "\r", "\r\n", "\n\n", "\u{85}", "\0", "\u{2028}"])
  func injection(_ lineBreak: String) throws {
    var notice = try Notice.opening()
    notice.title = "a\(lineBreak)Bcc: eve@evil.example"
    let plain = try head(of: .opening()).map { $0.prefix { $0 != ":" } }
    #expect(try head(of: notice).map { $0.prefix { $0 != ":" } } == plain)
    #expect(try header("Subject", of: notice)?.contains(lineBreak) == false)
  }

  @Test("has a text of base64 in lines of 76 characters, whose own lines end as those of mails do")
  func body() throws {
    let text = "one\ntwo\r\n." + String(repeating: "门", count: 100)
    let message = try message(of: .opening(text: text))
    let body = message[(try #require(message.firstRange(of: "\n\n"))).upperBound...]
    #expect(body.hasSuffix("\n"))
    let lines = body.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count > 1 && lines.dropLast().allSatisfy { $0.utf8.count == 76 })
    #expect((1...76).contains(lines.last?.utf8.count ?? 0))
    let decoded = try #require(Data(base64Encoded: lines.joined()))
    #expect(
      String(decoding: decoded, as: UTF8.self).utf8.elementsEqual(
        "one\r\ntwo\r\n.\(String(repeating: "门", count: 100))\r\n".utf8))
  }

  @Test(
    "has a date as mails have them",
    arguments: [
      (0, "Thu, 01 Jan 1970 00:00:00 +0000"), (1_709_251_199_999, "Thu, 29 Feb 2024 23:59:59 +0000"),
      (1_798_761_600_000, "Fri, 01 Jan 2027 00:00:00 +0000"),
    ])
  func date(_ milliseconds: Int64, _ text: String) {
    #expect(MailText.date(Timestamp(milliseconds: milliseconds)) == text)
  }

  /// What another program reads in a mail.
  private struct Reading: Decodable, Equatable {
    var headers: [String: String]
    var body: String
    var defects: [String]
  }

  private static let reader = """
    import email, email.policy, json, sys
    with open(sys.argv[1], "rb") as file:
        mail = email.message_from_binary_file(file, policy=email.policy.default)
    defects = list(mail.defects)
    for name, value in mail.items():
        defects += value.defects
    print(json.dumps({"headers": dict((name, str(value)) for name, value in mail.items()),
        "body": mail.get_content(), "defects": [repr(defect) for defect in defects]}))
    """

  private func read(_ message: String) throws -> Reading {
    let file = try bench.write(message, to: "mail-\\(UInt64.random(in: 0...UInt64.max))")
    let reading = file + ".json"
    let status = try ChildProcess(
      "/usr/bin/python3", ["-I", "-c", Self.reader, file], output: reading, errors: file + ".errors"
    ).waitUntilEnd()
    try #require(status == 0)
    return try JSONDecoder().decode(Reading.self, from: Data(contentsOf: URL(filePath: reading)))
  }

  @Test("is read by another program as it was meant")
  func readBack() throws {
    var notice = try Notice.opening(
      text: "前门在布防时被打开。\n第二行 <b>&amp;", acknowledgement: Notice.link)
    notice.title = Self.chineseTitle + "!"
    notice.key += "/resolved"
    notice.items[0].stage = .resolved
    let reading = try read(message(of: notice))
    #expect(reading.defects == [])
    #expect(
      reading.body.replacing("\r\n", with: "\n")
        == "前门在布防时被打开。\n第二行 <b>&amp;\nI know: https://alarm.example/ack/hunter2\n")
    let first = "<554abda8cafa7118274c8c85ff91c965.dooralarm@house.example>"
    #expect(
      reading.headers == [
        "From": "alarm@house.example", "To": "ada@mail.example, bob+door@b.example", "Subject": notice.title,
        "Date": "Tue, 14 Nov 2023 22:15:00 +0000",
        "Message-ID": "<\(notice.fingerprint).dooralarm@house.example>", "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=\"utf-8\"", "Content-Transfer-Encoding": "base64",
        "Auto-Submitted": "auto-generated", "In-Reply-To": first, "References": first, "Importance": "high",
        "X-Priority": "1",
      ])
  }

  @Test(
    "is read by another program with its title, whatever is in it",
    arguments: [
      "ALARM: front door", "a\nBcc: eve@evil.example", "=?utf-8?Q?x?=", family + "?= " + family, "👩🏽‍🚒🚪",
    ])
  func titles(_ title: String) throws {
    var notice = try Notice.opening()
    notice.title = title
    let reading = try read(message(of: notice))
    #expect(reading.defects == [])
    #expect(reading.headers["Bcc"] == nil)
    #expect(
      reading.headers["Subject"].map { Array($0.unicodeScalars) }
        == Array(title.replacing("\n", with: " ").unicodeScalars))
  }

  // MARK: Settings

  private func refusal(_ text: String) -> String? {
    #expect(throws: SettingsError.self) { try bench.make(EmailService.self, text) }?.description
  }

  @Test(
    "goes to no address that is an option, a list, a comment or a line",
    arguments: [
      "-oQ/tmp@a", "a", "@a", "a@", "a@b@c", "a b@c", " a@b", "a@b ", "a,b@c", "a@b,c@d", "<a@b>", "a@b>",
      "\\\"a\\\"@b", "a(x)@b", "a;b@c", "a:b@c", "a@[127.0.0.1]", "a\\\\b@c", "a\\n@b", "a\\u0000@b", "ü@b",
      "a@münchen.example", String(repeating: "a", count: 253) + "@b",
    ])
  func addresses(_ address: String) {
    #expect(refusal("from = \"a@b\"\nto = [\"c@d\", \"\(address)\"]") != nil)
    #expect(refusal("from = \"\(address)\"\nto = [\"c@d\"]") != nil)
  }

  @Test(
    "goes to addresses as people have them",
    arguments: ["a@b", "o'brien+door_1@sub.mail.example", "a/b=c@d-e.f"])
  func good(_ address: String) throws {
    let service = try bench.make(EmailService.self, "from = \"a@b\"\nto = [\"\(address)\"]")
    #expect(try service.call(for: .opening(), at: .now).arguments.last == address)
  }

  @Test("says what its settings lack")
  func settings() {
    #expect(refusal("to = [\"a@b\"]") == "notifier.toml:1: from is missing: the sender's address")
    #expect(
      refusal("from = \"a@b\"")
        == "notifier.toml:1: to is missing: the addresses of those who are told")
    #expect(refusal("from = \"a@b\"\nto = []") == "notifier.toml:2: to must be 1 to 50 addresses")
    let many = Array(repeating: "\"a@b\"", count: 51).joined(separator: ", ")
    #expect(refusal("from = \"a@b\"\nto = [\(many)]") == "notifier.toml:2: to must be 1 to 50 addresses")
    #expect(
      refusal("from = \"a b@c\"\nto = [\"a@b\"]")
        == "notifier.toml:1: from: a mail address is name@domain, of letters, digits and signs of ASCII")
    #expect(
      refusal("from = \"a@b\"\nto = [\"a@b\"]\nprogram = \"sendmail\"")
        == "notifier.toml:3: program: a program is named by its absolute path")
  }
}
