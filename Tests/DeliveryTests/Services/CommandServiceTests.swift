import Appliance
import DoorCore
import Testing

@testable import Delivery

@Suite("A command")
struct CommandServiceTests {
  private let bench: ServiceBench

  init() throws {
    bench = try ServiceBench()
  }

  private func service(_ lines: String...) throws -> CommandService {
    try bench.make(CommandService.self, "program = \"/opt/tell\"", lines.joined(separator: "\n"))
  }

  private func refusal(_ lines: String...) -> String? {
    #expect(throws: SettingsError.self) {
      try bench.make(CommandService.self, lines.joined(separator: "\n"))
    }?.description
  }

  @Test("is told everything on its input and in its environment, and nothing by its arguments")
  func whole() throws {
    let notice = try Notice.opening(acknowledgement: Notice.link)
    let call = try service("arguments = [\"--loud\", \"a b\"]").call(for: notice, at: .now)
    #expect(
      call
        == ProgramCall(
          path: "/opt/tell", arguments: ["--loud", "a b"],
          environment: [
            "DOORALARM_ID": "home/front/5e1f0c77/1042/1700000000000", "DOORALARM_TITLE": "ALARM: Haustür",
            "DOORALARM_TEXT": "Haustür was \"opened\" at 1/2 & 3.", "DOORALARM_SEVERITY": "alarm",
            "DOORALARM_AT_MS": "1700000000000", "DOORALARM_KIND": "opened", "DOORALARM_STAGE": "raised",
            "DOORALARM_AREA": "home", "DOORALARM_AGENT": "hall", "DOORALARM_DOOR": "front",
            "DOORALARM_ACKNOWLEDGE_URL": "https://alarm.example/ack/hunter2",
          ], input: NoticeBody(notice).encoded()))
  }

  @Test("has every variable also where there is nothing to say in it")
  func ownNotice() throws {
    let own = Notice(
      key: "store/1", severity: .trouble, urgency: .normal, title: "T", text: "X",
      at: Timestamp(milliseconds: 1), items: [])
    let call = try service().call(for: own, at: .now)
    #expect(call.arguments == [])
    #expect(
      call.environment == [
        "DOORALARM_ID": "store/1", "DOORALARM_TITLE": "T", "DOORALARM_TEXT": "X",
        "DOORALARM_SEVERITY": "trouble", "DOORALARM_AT_MS": "1", "DOORALARM_KIND": "",
        "DOORALARM_STAGE": "", "DOORALARM_AREA": "", "DOORALARM_AGENT": "", "DOORALARM_DOOR": "",
        "DOORALARM_ACKNOWLEDGE_URL": "",
      ])
  }

  @Test("is told the stage in the words of a webhook")
  func stage() throws {
    var notice = try Notice.opening()
    notice.items[0].stage = .reminder(3)
    #expect(try service().call(for: notice, at: .now).environment["DOORALARM_STAGE"] == "reminder")
    notice.items[0].stage = .resolved
    #expect(try service().call(for: notice, at: .now).environment["DOORALARM_STAGE"] == "resolved")
  }

  @Test("has half a minute, or as long as the settings say")
  func timeLimit() throws {
    #expect(try service().timeLimit == .seconds(30))
    #expect(try service("time_limit_s = 3600").timeLimit == .seconds(3_600))
  }

  @Test("is judged by its exit status, in its own name")
  func judged() throws {
    #expect(try service().judge(.exited(0)) == .delivered(answer: "exit status 0"))
    #expect(
      try service().judge(.exited(64))
        == .refused(why: "the program ended with exit status 64: check its settings"))
    #expect(
      try service().judge(.tookTooLong)
        == .retry(after: nil, why: "the program took too long and was ended"))
  }

  @Test("needs a program with its whole path, arguments that can be ones, and a time within reason")
  func settings() {
    #expect(
      refusal("") == "notifier.toml:1: program is missing: the absolute path of a program")
    #expect(
      refusal("program = \"tell\"")
        == "notifier.toml:1: program: a program is named by its absolute path")
    #expect(
      refusal("program = \"/opt/tell\"", #"arguments = ["a\u0000b"]"#)
        == "notifier.toml:2: arguments: an argument has no NUL in it")
    for seconds in [0, 3_601] {
      #expect(
        refusal("program = \"/opt/tell\"", "time_limit_s = \(seconds)")
          == "notifier.toml:2: time_limit_s must be a whole number from 1 to 3600")
    }
  }
}
