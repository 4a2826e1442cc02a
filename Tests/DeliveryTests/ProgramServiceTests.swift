import Testing

@testable import Delivery

@Suite("The end of a program")
struct ProgramServiceTests {
  @Test("is a delivery with exit status 0, and with no other")
  func delivered() {
    #expect(ProgramEnd.exited(0).result(of: "sendmail") == .delivered(answer: "exit status 0"))
    for status in Int32(1)...255 {
      if case .delivered = ProgramEnd.exited(status).result(of: "sendmail") {
        Issue.record("exit status \(status) is a delivery")
      }
    }
  }

  @Test("is a refusal where sysexits.h says that another try would end the same", arguments: 1...255)
  func refused(_ status: Int32) {
    let isRefusal = (64...68).contains(status) || status == 77 || status == 78
    #expect(
      ProgramEnd.exited(status).result(of: "sendmail")
        == (isRefusal
          ? .refused(why: "sendmail ended with exit status \(status): check its settings")
          : .retry(after: nil, why: "sendmail ended with exit status \(status)")))
  }

  @Test(
    "is worth another try where it was no end of its own",
    arguments: [
      (ProgramEnd.killed(signal: 9), "sendmail was ended by signal 9"),
      (.tookTooLong, "sendmail took too long and was ended"),
      (.notStarted(why: "/x: No such file"), "sendmail cannot be started: /x: No such file"),
    ])
  func retried(_ end: ProgramEnd, _ why: String) {
    #expect(end.result(of: "sendmail") == .retry(after: nil, why: why))
  }

  @Test("is waited for half a minute where the service says nothing else")
  func timeLimit() throws {
    let bench = try ServiceBench()
    let service = try bench.make(EmailService.self, "from = \"a@b\"", "to = [\"c@d\"]")
    #expect(service.timeLimit == .seconds(30))
  }

  @Test(
    "is that of a program with an absolute path", arguments: ["", "sendmail", "./sendmail", "~/x", " /bin/x"])
  func path(_ text: String) throws {
    #expect(try ProgramPath.checked("/usr/sbin/sendmail") == "/usr/sbin/sendmail")
    let error = #expect(throws: ProgramPath.InvalidPath.self) { try ProgramPath.checked(text) }
    #expect(error?.description == "a program is named by its absolute path")
  }
}
