import DoorCore
import DoorWire
import Logging
import MQTT
import MQTTProtocol
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import AlarmStore
@testable import Notifier

@Suite("What the broker is told of deliveries")
struct AnnouncerTests {
  private let folder: TemporaryFolder
  private let house: NotifierHouse
  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  init() throws {
    folder = try TemporaryFolder()
    house = try NotifierHouse(
      path: folder.file("store.sqlite"), doors: NotifierHouse.door("front", "name = \"Front door\""))
  }

  /// Has an outcome announced, and returns what others hear of it on a topic.
  private func announced(_ outcome: Outcome, on topic: String) async throws -> ReceivedMessage {
    try await Mosquitto.with { broker in
      var configuration = MQTTClient.Configuration(
        address: BrokerAddress(host: "127.0.0.1", port: broker.port), clientIdentifier: "notifier")
      configuration.backoff = ReconnectBackoff(initial: .milliseconds(50), ceiling: .milliseconds(500))
      let client = MQTTClient(configuration: configuration, logger: logger)
      let received = Mutex<[ReceivedMessage]>([])
      let running = Task {
        try await client.run(routes: [Route(topic) { messages in received.withLock { $0 += messages } }])
      }
      try await eventually("the subscription") { try broker.log().contains("Sending SUBACK") }
      let announcer = Announcer(settings: house.settings, store: house.store, client: client, logger: logger)
      let announcing = Task { try await announcer.run() }
      await announcer.announce(outcome)
      try await eventually("the message") { received.withLock { !$0.isEmpty } }
      announcing.cancel()
      _ = try? await announcing.value
      running.cancel()
      _ = try? await running.value
      return try #require(received.withLock { $0.first })
    }
  }

  private func event(_ outcome: Outcome) async throws -> AreaEvent {
    let message = try await announced(outcome, on: "dooralarm/area/home/alarm/event")
    return try AreaEvent(decoding: Array(message.payload.readableBytesView))
  }

  @Test("is nothing of somebody who was forced: who forces may listen")
  func duress() async throws {
    var outcome = Outcome()
    let forced = try SampleAlerts.alert(.duress)
    outcome.told = [ToldAlert(alert: forced, stage: .raised)]
    outcome.acknowledged = [(forced, "link through phone")]
    outcome.undelivered = [forced, try SampleAlerts.alert(.opened, state: .open)]
    let event = try await event(outcome)
    #expect(event.text.hasPrefix("Front door was opened at "), "all of it before would be heard before")
  }

  @Test("is who has acknowledged, and of what")
  func acknowledged() async throws {
    var outcome = Outcome()
    outcome.acknowledged = [(try SampleAlerts.alert(.opened, state: .open), "link through phone")]
    let event = try await event(outcome)
    #expect(event.kind == .acknowledged && event.state == "alarm")
    #expect(event.text.hasPrefix("acknowledged by a link through phone: Front door was opened at "))
  }

  @Test("is what reaches nobody")
  func undelivered() async throws {
    var outcome = Outcome()
    outcome.undelivered = [try SampleAlerts.alert(.opened, state: .open)]
    let event = try await event(outcome)
    #expect(event.kind == .undelivered && event.state == "alarm")
    #expect(event.text.hasPrefix("Front door was opened at "))
    #expect(event.at == NotifierHouse.wall(0))
  }

  @Test("is how far a test has come, once it is written down")
  func report() async throws {
    let test = try Identifier("7f")
    try await house.store.transact { [settings = house.settings] store in
      var session = AreaSession(settings: settings, now: NotifierHouse.moment(0))
      let request = SelfTestRequest(id: test, asked: NotifierHouse.wall(0))
      try SelfTests(settings: settings).take(
        SelfTestEvent(answering: request, sent: NotifierHouse.wall(0)), of: try Identifier("hall"), store,
        &session)
    }
    var outcome = Outcome()
    outcome.selfTests = [test]
    let message = try await announced(outcome, on: "dooralarm/notifier/main/selftest")
    let report = try SelfTestReport(decoding: Array(message.payload.readableBytesView))
    #expect(report.id == test)
    #expect(report.channels.map(\.id.description) == ["log"])
  }

  @Test("is that an agent is asked for a test, for as long as somebody waits for it")
  func request() async throws {
    var outcome = Outcome()
    outcome.selfTestRequests = [(try Identifier("hall"), try Identifier("daily-1"))]
    let message = try await announced(outcome, on: "dooralarm/hall/selftest")
    #expect(
      try SelfTestRequest(decoding: Array(message.payload.readableBytesView)).id.description == "daily-1")
    #expect(!message.isRetained)
    let expiry = try #require(message.properties.messageExpiryInterval)
    #expect((1...300).contains(expiry))
  }
}
