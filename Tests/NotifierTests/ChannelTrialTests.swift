import Appliance
import Delivery
import DoorCore
import Logging
import MQTT
import MQTTProtocol
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Notifier

@Suite("A trial of a channel")
struct ChannelTrialTests {
  /// What a logger got.
  private final class Log: LogHandler, Sendable {
    private let recorded = Mutex<[(level: Logger.Level, text: String)]>([])

    var lines: [(level: Logger.Level, text: String)] { recorded.withLock { $0 } }
    var metadata: Logger.Metadata {
      get { [:] }
      set {}
    }
    var logLevel: Logger.Level {
      get { .trace }
      set {}
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { nil }
      set {}
    }

    func log(event: LogEvent) { recorded.withLock { $0.append((event.level, "\(event.message)")) } }
  }

  private func settings(port: Int = 1) throws -> NotifierSettings {
    try NotifierSettings(
      text: """
        id = "main"
        store = "/nonexistent/store.sqlite"
        [broker]
        host = "127.0.0.1"
        port = \(port)
        [[area]]
        id = "home"
        [[door]]
        agent = "hall"
        id = "front"
        area = "home"
        [[channel]]
        id = "log"
        type = "log"
        [[channel]]
        id = "hers"
        type = "log"
        language = "zh"
        [[channel]]
        id = "broker"
        type = "mqtt"
        topic = "house/alarms"
        """, file: "notifier.toml")
  }

  private func run(_ channel: String, port: Int = 1, log: Log = Log()) async throws -> ChannelTrial.Finding? {
    let logger = Logger(label: "test") { _ in log }
    return await ChannelTrial(settings: try settings(port: port), logger: logger).run(try Identifier(channel))
  }

  @Test("sends what says that it is a test, in the channel's language, and says that it was taken")
  func log() async throws {
    let log = Log()
    let finding = try #require(try await run("log", log: log))
    #expect(finding.result == .delivered(answer: "written"))
    #expect(finding.duration >= .zero)
    #expect(log.lines.count == 1)
    let line = try #require(log.lines.first)
    #expect(line.level == .warning, "no alarm")
    #expect(line.text.hasPrefix("Test of channel log: This is a test from "))
    #expect(line.text.hasSuffix("Nothing has happened."))
    _ = try await run("hers", log: log)
    #expect(log.lines.last?.text.hasPrefix("渠道 hers 的测试: 这是 ") == true)
  }

  @Test("finds nothing where there is no such channel")
  func unknown() async throws {
    #expect(try await run("pigeon") == nil)
  }

  @Test("goes over the broker with a session of its own, so that a notifier that runs keeps its own")
  func broker() async throws {
    try await Mosquitto.with { broker in
      let received = Mutex<[ReceivedMessage]>([])
      let isTakenOver = Mutex(false)
      let settings = try settings(port: broker.port)
      let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      let notifier = MQTTClient(configuration: settings.clientConfiguration, logger: logger)
      let states = Task {
        for await state in notifier.states() {
          if case .waiting = state { isTakenOver.withLock { $0 = true } }
        }
      }
      let running = Task {
        try await notifier.run(routes: [
          Route("house/alarms") { messages in received.withLock { $0 += messages } }
        ])
      }
      try await eventually("the subscription") { try broker.log().contains("Sending SUBACK") }
      let finding = try #require(try await run("broker", port: broker.port))
      #expect(finding.result == .delivered(answer: "the broker has it"))
      try await eventually("the message") { received.withLock { $0.count } == 1 }
      let payload = received.withLock { String(buffer: $0.first?.payload ?? ByteBuffer()) }
      #expect(payload.contains(#""title":"Test of channel broker""#))
      #expect(!isTakenOver.withLock { $0 })
      running.cancel()
      _ = try? await running.value
      states.cancel()
    }
  }

  @Test("says so where the broker is not there")
  func brokerAway() async throws {
    let finding = try #require(try await run("broker", port: try freePort()))
    guard case .retry(nil, let why) = finding.result else {
      Issue.record("\(finding.result)")
      return
    }
    #expect(!why.isEmpty)
  }
}
