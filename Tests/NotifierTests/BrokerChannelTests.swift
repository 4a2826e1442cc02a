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

@Suite("The channel over the broker")
struct BrokerChannelTests {
  /// A client that is subscribed to the channel's topic, and what it has heard there.
  private final class Bench: Sendable {
    let client: MQTTClient
    private let received = Mutex<[ReceivedMessage]>([])
    private let running = Mutex<Task<Void, any Error>?>(nil)

    init(port: Int) {
      var configuration = MQTTClient.Configuration(
        address: BrokerAddress(host: "127.0.0.1", port: port), clientIdentifier: "notifier")
      configuration.backoff = ReconnectBackoff(initial: .milliseconds(50), ceiling: .milliseconds(500))
      client = MQTTClient(
        configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    var messages: [ReceivedMessage] { received.withLock { $0 } }
    var keys: [String] {
      messages.compactMap { message in
        String(buffer: message.payload).firstMatch(of: /"id":"([^"]*)","kind/).map { String($0.1) }
      }
    }

    func start() {
      let task = Task { [client] in
        try await client.run(
          routes: [Route("house/alarms") { messages in self.received.withLock { $0 += messages } }])
      }
      running.withLock { $0 = task }
    }

    func end() async {
      let task = running.withLock { $0 }
      task?.cancel()
      _ = try? await task?.value
    }

    func channel(timeLimit: Duration = .seconds(60)) throws -> BrokerChannel {
      BrokerChannel(
        id: try Identifier("broker"), topic: "house/alarms", client: client, timeLimit: timeLimit)
    }
  }

  private func notice(_ key: String) throws -> Notice {
    var alert = try SampleAlerts.alert(.opened, state: .open)
    alert.id = key
    return Notice(
      key: key, severity: .alarm, urgency: .critical, title: "ALARM: Haustür", text: "Haustür was opened.",
      at: alert.at, items: [Notice.Item(alert: alert, stage: .raised, count: 1, text: "Haustür was opened.")],
      acknowledgement: Notice.Link(address: "https://alarm.example/ack/x", label: "I know about it"))
  }

  @Test(
    "publishes the notice as JSON on its topic, not retained, and has it delivered when the broker has it")
  func delivered() async throws {
    try await Mosquitto.with { broker in
      let bench = Bench(port: broker.port)
      bench.start()
      try await eventually("the subscription") { try broker.log().contains("Sending SUBACK") }
      let result = await (try bench.channel()).deliver(try notice("1"))
      #expect(result == .delivered(answer: "the broker has it"))
      try await eventually("the message") { bench.messages.count == 1 }
      let message = try #require(bench.messages.first)
      #expect(message.topic == "house/alarms")
      #expect(message.qualityOfService == .atLeastOnce)
      #expect(message.properties.contentType == "application/json")
      let text = String(buffer: message.payload)
      #expect(text == String(decoding: NoticeBody(try notice("1")).encoded(), as: UTF8.self))
      #expect(text.contains(#""acknowledge_url":"https://alarm.example/ack/x""#))
      await bench.end()
      await #expect(throws: MQTTError.noRetainedMessage(filter: "house/alarms")) {
        try await MQTTClient.receiveOne(
          from: "house/alarms", retained: .only, at: BrokerAddress(host: "127.0.0.1", port: broker.port),
          timeout: .seconds(60), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      }
    }
  }

  @Test("gives up within its time limit while the broker is away, and leaves nothing behind that comes later")
  func brokerAway() async throws {
    let broker = try Mosquitto()
    defer { broker.discard() }
    let bench = Bench(port: broker.port)
    bench.start()
    for key in ["1", "2", "3"] {
      let result = await (try bench.channel(timeLimit: .milliseconds(100))).deliver(try notice(key))
      #expect(result == .retry(after: nil, why: "the broker has not taken it: it does not answer"))
    }
    try await broker.start()
    #expect(await (try bench.channel()).deliver(try notice("3")) == .delivered(answer: "the broker has it"))
    try await eventually("the message") { bench.keys.contains("3") }
    #expect(bench.keys == ["3"], "messages keep their order, so those before would be there by now")
    await bench.end()
  }

  @Test("has it tried again where the client has ended")
  func ended() async throws {
    try await Mosquitto.with { broker in
      let bench = Bench(port: broker.port)
      bench.start()
      try await eventually("the connection") { try broker.log().contains("Sending SUBACK") }
      await bench.end()
      guard case .retry(nil, _) = await (try bench.channel()).deliver(try notice("1")) else {
        Issue.record("it is not to be tried again")
        return
      }
    }
  }
}
