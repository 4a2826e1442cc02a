import Foundation
import Logging
import Testing

@testable import Appliance

/// Standard error and the environment are the process's, so each of these has a process of its own.
@Suite("The console's log")
struct ConsoleLogHandlerTests {
  private func lines(_ result: ExitTest.Result?) throws -> [String] {
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  @Test("has one line for one event, whatever comes from outside")
  func oneLine() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      setenv("JOURNAL_STREAM", "8:1", 1)
      let logger = Logger(label: "test") { ConsoleLogHandler(label: $0, level: .info) }
      let forged = "a\nb\r\nc\rd\u{2028}e\u{85}f\u{b}g\u{0}h\u{1b}[2Ji"
      logger.error("\(forged)", metadata: ["k": "1\n<0>2"])
      logger.info("next")
    }
    #expect(try lines(result) == ["<3>a b c d e f g h [2Ji k=1 <0>2", "<6>next", ""])
  }

  @Test("has the priorities of syslog under journald")
  func priorities() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      setenv("JOURNAL_STREAM", "8:1", 1)
      let logger = Logger(label: "test") { ConsoleLogHandler(label: $0, level: .trace) }
      for level in Logger.Level.allCases { logger.log(level: level, "m") }
    }
    #expect(try lines(result) == ["<7>m", "<7>m", "<6>m", "<5>m", "<4>m", "<3>m", "<2>m", ""])
  }

  @Test("has the time, the program and the level for a person")
  func person() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      unsetenv("JOURNAL_STREAM")
      let logger = Logger(label: "door-agent") { ConsoleLogHandler(label: $0, level: .info) }
      logger.warning("m")
    }
    let written = try lines(result)
    #expect(written.count == 2)
    #expect(
      try written[0].wholeMatch(of: Regex(#"\d\d:\d\d:\d\d\.\d\d\d door-agent warning: m"#)) != nil,
      "\(written)"
    )
  }

  @Test("leaves out what is below its level")
  func level() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      setenv("JOURNAL_STREAM", "8:1", 1)
      let logger = Logger(label: "test") { ConsoleLogHandler(label: $0, level: .warning) }
      logger.notice("quiet")
      logger.warning("loud")
    }
    #expect(try lines(result) == ["<4>loud", ""])
  }

  @Test("has the metadata of the logger and of the event, sorted, the event's first in doubt")
  func metadata() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      setenv("JOURNAL_STREAM", "8:1", 1)
      var logger = Logger(label: "test") { ConsoleLogHandler(label: $0, level: .info) }
      logger[metadataKey: "z"] = "1"
      logger[metadataKey: "a"] = "1"
      logger.info("m", metadata: ["a": "2", "k": "3"])
    }
    #expect(try lines(result) == ["<6>m a=2 k=3 z=1", ""])
  }
}
