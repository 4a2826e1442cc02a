import DoorCore
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Delivery

/// With real programs. Where a script would have to be started fast enough, its file is waited for in place of a time.
@Suite("A program as a channel")
struct ProgramChannelTests {
  private let bench: ServiceBench

  init() throws {
    bench = try ServiceBench()
  }

  /// A channel of a program with these arguments, which it gets as they are.
  private func channel(
    _ program: String, _ arguments: [String] = [], timeLimit: Int = 60, grace: Duration = .seconds(60)
  ) throws -> ProgramChannel {
    let words = arguments.map { "'''\($0)'''" }.joined(separator: ", ")
    let service = try bench.make(
      CommandService.self, "program = '\(program)'", "arguments = [\(words)]", "time_limit_s = \(timeLimit)")
    return ProgramChannel(id: try Identifier("script"), service: service, grace: grace)
  }

  /// The same of a script, whose first argument is `file`.
  private func script(
    _ text: String, file: String = "", timeLimit: Int = 60, grace: Duration = .seconds(60)
  ) throws -> ProgramChannel {
    try channel("/bin/sh", ["-c", text, "sh", bench.file(file)], timeLimit: timeLimit, grace: grace)
  }

  // MARK: What it is told

  @Test("is named by its id")
  func id() throws {
    #expect(try script("exit 0").id.description == "script")
    #expect(try script("exit 0").rate == nil)
  }

  @Test("has the notice as JSON on its standard input, to its end")
  func input() async throws {
    let notice = try Notice.opening(acknowledgement: Notice.link)
    let result = try await script("cat > \"$1\"", file: "input").deliver(notice)
    #expect(result == .delivered(answer: "exit status 0"))
    #expect(bench.written("input") == String(decoding: NoticeBody(notice).encoded(), as: UTF8.self))
  }

  @Test("has the arguments of the settings, each as one, whatever is in it")
  func arguments() async throws {
    let arguments = ["a b", "", "$HOME", "`x`", "\"", "*", "门"]
    let print = "f=$1; shift; for a; do printf '<%s>' \"$a\"; done > \"$f\""
    let result = try await channel("/bin/sh", ["-c", print, "sh", bench.file("arguments")] + arguments)
      .deliver(
        .opening())
    #expect(result == .delivered(answer: "exit status 0"))
    #expect(bench.written("arguments") == "<a b><><$HOME><`x`><\"><*><门>")
  }

  @Test("has the notice in its environment, and of the notifier's own no more than path, home and language")
  func environment() async throws {
    let own = ProcessInfo.processInfo.environment
    // That there is something to be left out.
    try #require(own.keys.contains { !["PATH", "HOME", "LANG", "LC_ALL", "TZ"].contains($0) })
    let notice = try Notice.opening(acknowledgement: Notice.link)
    // Not by way of a shell, which adds its own.
    let result = try await channel("/bin/cp", ["/proc/self/environ", bench.file("environment")]).deliver(
      notice)
    #expect(result == .delivered(answer: "exit status 0"))
    let written = try #require(bench.written("environment"))
    var expected = own.filter { ["PATH", "HOME", "LANG", "LC_ALL", "TZ"].contains($0.key) }
    expected.merge([
      "DOORALARM_ID": notice.key, "DOORALARM_TITLE": "ALARM: Haustür",
      "DOORALARM_TEXT": "Haustür was \"opened\" at 1/2 & 3.", "DOORALARM_SEVERITY": "alarm",
      "DOORALARM_AT_MS": "1700000000000", "DOORALARM_KIND": "opened", "DOORALARM_STAGE": "raised",
      "DOORALARM_AREA": "home", "DOORALARM_AGENT": "hall", "DOORALARM_DOOR": "front",
      "DOORALARM_ACKNOWLEDGE_URL": "https://alarm.example/ack/hunter2",
    ]) { $1 }
    #expect(
      written.split(separator: "\0").sorted()
        == expected.map { Substring("\($0.key)=\($0.value)") }.sorted())
  }

  @Test("has a text in its environment without what would end it there, and no longer than a variable can be")
  func longText() async throws {
    let notice = try Notice.opening(text: "a\0b" + String(repeating: "门", count: 100_000))
    let result = try await script("printf %s \"$DOORALARM_TEXT\" > \"$1\"", file: "text").deliver(notice)
    #expect(result == .delivered(answer: "exit status 0"))
    let text = try #require(bench.written("text"))
    #expect(text.hasPrefix("a b门") && text.hasSuffix("门…"))
    #expect((65_530...65_536).contains(text.utf8.count))
  }

  @Test(
    "runs nothing that a text says: there is no shell", arguments: ["$(touch X)", "`touch X`", "; touch X #"])
  func noShell(_ command: String) async throws {
    let command = command.replacing("X", with: bench.file("touched"))
    var notice = try Notice.opening(text: command)
    notice.title = command
    // Neither by its environment nor by an argument of a service that puts the title there.
    let configuration = try bench.write("", to: "apprise.txt")
    let service = try bench.make(
      AppriseProgramService.self,
      "program = '\(try bench.program("printf '%s' \"$2\" > '\(bench.file("title"))'"))'",
      "config_file = '\(configuration)'")
    #expect(try await script("exit 0").deliver(notice) == .delivered(answer: "exit status 0"))
    #expect(
      await ProgramChannel(id: try Identifier("apprise"), service: service).deliver(notice)
        == .delivered(answer: "exit status 0"))
    #expect(bench.written("title") == "--title=\(command)")
    #expect(bench.written("touched") == nil)
  }

  @Test("has no file of the notifier's open beside its three, of which the output goes nowhere")
  func descriptors() async throws {
    let open = try #require(fopen(try bench.write("hunter2", to: "open"), "r"))
    defer { fclose(open) }
    // A number that nothing else has, and without close-on-exec.
    let descriptor = fcntl(fileno(open), F_DUPFD, 200)
    try #require(descriptor >= 200)
    defer { close(descriptor) }
    let list = "(ls /proc/$$/fd; readlink /proc/$$/fd/1) > \"$1\"; exit 0"
    #expect(try await script(list, file: "list").deliver(.opening()) == .delivered(answer: "exit status 0"))
    #expect(bench.written("list") == "0\n1\n2\n/dev/null\n")
  }

  @Test("is not of the notifier's session, whose terminal's signals it would get")
  func session() async throws {
    let result = try await script(
      "cut -d ' ' -f 6 /proc/$$/stat > \"$1\"; echo $$ >> \"$1\"", file: "session"
    )
    .deliver(.opening())
    #expect(result == .delivered(answer: "exit status 0"))
    let ids = try #require(bench.written("session")).split(separator: "\n")
    try #require(ids.count == 2)
    #expect(ids[0] == ids[1])
  }

  // MARK: How it ends

  @Test(
    "is judged by how it has ended",
    arguments: [
      ("exit 0", DeliveryResult.delivered(answer: "exit status 0")),
      ("exit 1", .retry(after: nil, why: "the program ended with exit status 1")),
      ("exit 65", .refused(why: "the program ended with exit status 65: check its settings")),
      ("exit 75", .retry(after: nil, why: "the program ended with exit status 75")),
      ("exit 78", .refused(why: "the program ended with exit status 78: check its settings")),
      ("kill -9 $$", .retry(after: nil, why: "the program was ended by signal 9")),
      ("kill -15 $$", .retry(after: nil, why: "the program was ended by signal 15")),
    ])
  func status(_ text: String, _ result: DeliveryResult) async throws {
    #expect(try await script(text).deliver(.opening()) == result)
  }

  @Test("is tried again where there is none, or none that can be started")
  func missing() async throws {
    let missing = bench.file("none")
    #expect(
      try await channel(missing).deliver(.opening())
        == .retry(
          after: nil, why: "the program cannot be started: \(missing): No such file or directory"))
    for path in [
      try bench.write("exit 0\n", to: "text"), try bench.program("exit 0", interpreter: bench.file("none")),
    ] {
      let result = try await channel(path).deliver(.opening())
      #expect(
        result
          == .retry(
            after: nil,
            why:
              "the program cannot be started: \(path): it may not be executed, or what its first line names "
              + "is not there"))
    }
    let noScript = try bench.program("exit 0", interpreter: nil)
    #expect(
      try await channel(noScript).deliver(.opening())
        == .retry(after: nil, why: "the program cannot be started: \(noScript): Exec format error"))
  }

  @Test("can write as much as it wants")
  func output() async throws {
    let result = try await script("head -c 3000000 /dev/zero && : > \"$1\"", file: "done").deliver(.opening())
    #expect(result == .delivered(answer: "exit status 0"))
    #expect(bench.written("done") != nil)
  }

  /// More than a pipe holds.
  private func storm() throws -> Notice {
    var notice = try Notice.opening()
    notice.items = Array(repeating: notice.items[0], count: 2_000)
    return notice
  }

  @Test("is told much, if there is much to tell")
  func longInput() async throws {
    let notice = try storm()
    let body = NoticeBody(notice).encoded()
    try #require(body.count > 500_000)
    #expect(
      try await script("cat > \"$1\"", file: "input").deliver(notice) == .delivered(answer: "exit status 0"))
    #expect(bench.written("input").map { Array($0.utf8) } == body)
  }

  @Test(
    "does not have to read what it is told",
    arguments: ["exit 0", "exec 0<&-; sleep 0.3; exit 0", "head -c 10 > /dev/null; exec 0<&-; sleep 0.3"])
  func unread(_ text: String) async throws {
    #expect(try await script(text).deliver(storm()) == .delivered(answer: "exit status 0"))
  }

  @Test("does not end the notifier by not reading, also where nothing else ignores that")
  func brokenPipe() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_DFL)
      let result = try await ProgramChannelTests().script("exec 0<&-; sleep 0.3").deliver(
        ProgramChannelTests().storm())
      guard case .delivered = result else { throw TestSupportError("\(result)") }
    }
  }

  @Test("is not waited for any longer when it has left something behind that runs on")
  func leftBehind() async throws {
    let mark = Mark()
    defer { mark.end() }
    // It has the input, which nobody reads.
    let result = try await script("exec 3<&0; \(mark.program) <&3 & exit 0").deliver(storm())
    #expect(result == .delivered(answer: "exit status 0"))
    try await eventually("the start of what is left behind") { !mark.processes.isEmpty }
  }

  // MARK: When it takes too long

  @Test(
    "that takes too long is ended, with all that it has started",
    arguments: [
      "SLEEP", "SLEEP & wait", "trap '' TERM; SLEEP & wait", "trap '' TERM; while :; do SLEEP; done",
      "exec 0<&-; SLEEP",
    ])
  func tooLong(_ text: String) async throws {
    let mark = Mark()
    defer { mark.end() }
    let result = try await script(
      text.replacing("SLEEP", with: mark.program), timeLimit: 1, grace: .milliseconds(100)
    ).deliver(storm())
    #expect(result == .retry(after: nil, why: "the program took too long and was ended"))
    try await eventually("the end of everything") { mark.processes.isEmpty }
  }

  @Test("is asked to end before it is ended")
  func asked() async throws {
    let mark = Mark()
    defer { mark.end() }
    let channel = try script(
      "trap 'echo asked > \"$1\"; exit 0' TERM; echo ready > \"$1\"; while :; do \(mark.program); done",
      file: "state")
    let task = Task { await channel.deliver(try .opening()) }
    try await eventually("the script's start") { bench.written("state") == "ready\n" }
    task.cancel()
    _ = try await task.value
    #expect(bench.written("state") == "asked\n")
  }

  @Test("ends when nobody waits for it any more")
  func cancelled() async throws {
    let mark = Mark()
    defer { mark.end() }
    let channel = try script("\(mark.program); exit 0")
    let task = Task { await channel.deliver(try .opening()) }
    try await eventually("the script's start") { !mark.processes.isEmpty }
    task.cancel()
    guard case .retry = try await task.value else {
      Issue.record("what was ended is no delivery")
      return
    }
    try await eventually("the end of everything") { mark.processes.isEmpty }
  }
}

/// A program that runs for long and is found by its arguments, wherever it is.
private struct Mark {
  private let number = "86400.\(UInt32.random(in: 1...UInt32.max))"

  var program: String { "/bin/sleep \(number)" }

  /// Those that run, and not the shells that name it.
  var processes: [pid_t] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter { id in
      let words = FileManager.default.contents(atPath: "/proc/\(id)/cmdline")?.split(separator: 0) ?? []
      return words.count == 2 && words[1].elementsEqual(number.utf8)
    }
  }

  func end() {
    for id in processes { kill(id, SIGKILL) }
  }
}
