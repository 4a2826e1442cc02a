import Delivery
import DoorCore
import Logging
import Synchronization
import Testing

@Suite("The log as a channel")
struct LogChannelTests {
  @Test(
    "has every alert at once, an alarm as critical and trouble as a warning",
    arguments: [
      (Notice.Urgency.critical, Logger.Level.critical), (.normal, .warning), (.low, .notice),
    ]
  )
  func delivers(_ urgency: Notice.Urgency, _ level: Logger.Level) async throws {
    let log = Lines()
    let channel = LogChannel(
      id: try Identifier("log"),
      logger: Logger(label: "test") { _ in LineHandler(lines: log) }
    )
    let result = await channel.deliver(
      Notice(
        key: "1", severity: .alarm, urgency: urgency, title: "ALARM: Front", text: "It was opened.",
        at: Timestamp(milliseconds: 0), items: []))
    #expect(result == .delivered(answer: "written"))
    #expect(log.lines.withLock { $0 } == ["\(level) ALARM: Front: It was opened."])
    #expect(channel.id.description == "log")
  }
}

private final class Lines: Sendable {
  let lines = Mutex<[String]>([])
}

private struct LineHandler: LogHandler {
  let lines: Lines
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .trace

  init(lines: Lines) {
    self.lines = lines
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    lines.lines.withLock { $0.append("\(event.level) \(event.message)") }
  }
}
