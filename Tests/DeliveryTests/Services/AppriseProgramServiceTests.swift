import Appliance
import DoorCore
import TestSupport
import Testing

@testable import Delivery

/// By github.com/caronc/apprise/wiki/CLI_Usage, and with Debian's `apprise` itself.
@Suite("The program apprise")
struct AppriseProgramServiceTests {
  private let bench: ServiceBench

  init() throws {
    bench = try ServiceBench()
  }

  private func service(_ configuration: String = "", _ lines: String...) throws -> AppriseProgramService {
    let file = try bench.write(configuration, to: "apprise.conf")
    return try bench.make(
      AppriseProgramService.self, "config_file = \"\(file)\"", lines.joined(separator: "\n"))
  }

  private func refusal(_ text: String) -> String? {
    #expect(throws: SettingsError.self) { try bench.make(AppriseProgramService.self, text) }?.description
  }

  // MARK: How it is called

  @Test("has an alarm as a failure for all services, with a link that acknowledges under the text")
  func alarm() throws {
    #expect(
      try service().call(for: .opening(acknowledgement: Notice.link), at: .now)
        == ProgramCall(
          path: "/usr/bin/apprise",
          arguments: [
            "--config=\(bench.file("apprise.conf"))", "--title=ALARM: Haustür", "--input-format=text",
            "--notification-type=failure", "--tag=all",
          ],
          input: Array(
            "Haustür was \"opened\" at 1/2 & 3.\nI know: https://alarm.example/ack/hunter2".utf8)))
  }

  @Test("is told what is less urgent", arguments: [(Notice.Urgency.normal, "warning"), (.low, "info")])
  func urgency(_ urgency: Notice.Urgency, _ type: String) throws {
    let call = try service("", "tag = \"family\"", "program = \"/opt/apprise\"").call(
      for: .opening(urgency), at: .now)
    #expect(call.path == "/opt/apprise")
    #expect(call.arguments.suffix(2) == ["--notification-type=\(type)", "--tag=family"])
  }

  @Test("has nothing of its configuration, in which keys are, among its arguments")
  func secrets() throws {
    let call = try service("json://user:hunter2@127.0.0.1/").call(for: .opening(), at: .now)
    #expect(!"\(call)".contains("hunter2"))
  }

  @Test("has no option in a title")
  func option() throws {
    var notice = try Notice.opening()
    notice.title = "--body=x"
    #expect(try service().call(for: notice, at: .now).arguments[1] == "--title=--body=x")
  }

  @Test("has a minute: it asks services that have their own time")
  func timeLimit() throws {
    #expect(try service().timeLimit == .seconds(60))
  }

  @Test(
    "is tried again or not, as it ends",
    arguments: [
      (ProgramEnd.exited(0), DeliveryResult.delivered(answer: "exit status 0")),
      (.exited(1), .retry(after: nil, why: "apprise ended with exit status 1")),
      (.exited(2), .refused(why: "apprise ended with exit status 2: check its settings")),
      (.exited(3), .refused(why: "apprise ended with exit status 3: check its settings")),
      (.exited(4), .retry(after: nil, why: "apprise ended with exit status 4")),
      (.tookTooLong, .retry(after: nil, why: "apprise took too long and was ended")),
    ])
  func judged(_ end: ProgramEnd, _ result: DeliveryResult) throws {
    #expect(try service().judge(end) == result)
  }

  @Test("needs its own configuration, and a program with its whole path")
  func settings() throws {
    #expect(
      refusal("")
        == "notifier.toml:1: config_file is missing: apprise's own file, with the services' addresses")
    let none = bench.file("none")
    #expect(
      refusal("config_file = \"\(none)\"")
        == "notifier.toml:1: config_file must be a file; \(none) cannot be read: No such file or directory")
    let file = try bench.write("", to: "apprise.conf")
    #expect(
      refusal("config_file = \"\(file)\"\nprogram = \"apprise\"")
        == "notifier.toml:2: program: a program is named by its absolute path")
  }

  // MARK: The program itself

  private func deliver(_ notice: Notice, _ service: AppriseProgramService) async throws -> DeliveryResult {
    await ProgramChannel(id: try Identifier("apprise"), service: service).deliver(notice)
  }

  /// Its configuration: one service without a tag, one with. By itself it gives a service four seconds, which a busy
  /// machine can need to answer.
  private func configuration(of server: WebhookServer) -> String {
    let patience = "?cto=50&rto=50"
    return """
      json://127.0.0.1:\(server.port)/plain\(patience)
      family=json://127.0.0.1:\(server.port)/family\(patience)

      """
  }

  @Test("itself hands on every word to every service, also those with a tag")
  func real() async throws {
    try await WebhookServer.with([.status("200 OK"), .status("200 OK")]) { server in
      var notice = try Notice.opening(text: "前门 \"a\" \\n $(x)\n* 2 <b>", acknowledgement: Notice.link)
      notice.title = "--警报: *Haustür* & $(x)"
      let service = try service(configuration(of: server))
      #expect(try await deliver(notice, service) == .delivered(answer: "exit status 0"))
      #expect(Set(server.requests.map(\.line)) == ["POST /plain HTTP/1.1", "POST /family HTTP/1.1"])
      for request in server.requests {
        let json = try JSON(Array(request.body.utf8))
        #expect(json["title"] == .string(notice.title))
        #expect(
          json["message"]
            == "前门 \"a\" \\n $(x)\n* 2 <b>\nI know: https://alarm.example/ack/hunter2")
        #expect(json["type"] == "failure")
      }
    }
  }

  @Test("itself leaves out what has not the tag of the settings")
  func tag() async throws {
    try await WebhookServer.with([.status("200 OK"), .status("200 OK")]) { server in
      let service = try service(configuration(of: server), "tag = \"family\"")
      #expect(try await deliver(.opening(), service) == .delivered(answer: "exit status 0"))
      #expect(server.requests.map(\.line) == ["POST /family HTTP/1.1"])
    }
  }

  @Test("itself is tried again where one of its services has failed, and refuses where it has none")
  func failing() async throws {
    try await WebhookServer.with([.status("200 OK"), .status("500 No")]) { server in
      let service = try service(configuration(of: server))
      #expect(
        try await deliver(.opening(), service)
          == .retry(after: nil, why: "apprise ended with exit status 1"))
    }
    let nobody = try service("family=json://127.0.0.1:1/", "tag = \"others\"")
    #expect(
      try await deliver(.opening(), nobody)
        == .refused(why: "apprise ended with exit status 3: check its settings"))
  }
}
