import Metrics
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import MQTT

@Suite struct ClientMetricsTests {
  @Test func theQueueTheBytesAndTheReconnectsAreCounted() async throws {
    try await ScriptedBroker.with { broker in
      let metrics = RecordedMetrics()
      let client = MQTTClient(
        configuration: configuration(port: broker.port, "measured"), logger: LogRecord().logger,
        metrics: metrics)
      let running = Task { try await client.run(routes: []) }
      let first = try await broker.accept()
      _ = try await first.receivePacket()
      first.send([0x20, 3, 0, 0, 0])
      let publishing = Task { try await client.publish(Message("t", "x")) }
      let packet = try await first.receivePacket()
      try await eventually("a message in flight") { metrics.value("mqtt_client_in_flight") == 1 }
      #expect(metrics.value("mqtt_client_received_bytes") == 5)
      #expect(try #require(metrics.value("mqtt_client_sent_bytes")) > Double(packet.count))
      first.close()
      let second = try await broker.accept()
      _ = try await second.receivePacket()
      #expect(metrics.value("mqtt_client_reconnects") == 1)
      second.send([0x20, 3, 1, 0, 0])
      _ = try await second.receivePacket()
      second.send([0x40, 2, 0, 1])
      try await publishing.value
      try await eventually("an empty queue") {
        metrics.value("mqtt_client_in_flight") == 0 && metrics.value("mqtt_client_queued") == 0
          && metrics.value("mqtt_client_oldest_unacknowledged_seconds") == 0
      }
      #expect(metrics.dimensions == ["client_id=measured"])
      running.cancel()
      try await running.value
    }
  }
}

extension ClientMetricsTests {
  @Test func anUpdateIsDueOnlyWhileThereIsSomethingToTell() {
    let metrics = ClientMetrics(factory: RecordedMetrics(), clientIdentifier: "c")
    let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
    metrics.update((0, 0, nil), at: start)
    #expect(metrics.nextDeadline == nil)
    metrics.update((3, 1, start), at: start + .milliseconds(10))
    #expect(metrics.nextDeadline == start + .milliseconds(250))
    metrics.update((0, 0, nil), at: start + .milliseconds(20))
    #expect(metrics.nextDeadline == nil, "what was due has become nothing")
    metrics.update((3, 1, start), at: start + .milliseconds(300))
    #expect(metrics.nextDeadline == start + .milliseconds(300) + .seconds(10))
  }
}

/// A metrics backend that keeps the last value of every label.
private final class RecordedMetrics: MetricsFactory {
  private struct Contents {
    var values: [String: Double] = [:]
    var dimensions: Set<String> = []
  }

  private let contents = Mutex(Contents())

  func value(_ label: String) -> Double? { contents.withLock { $0.values[label] } }

  var dimensions: Set<String> { contents.withLock { $0.dimensions } }

  private func handler(_ label: String, _ dimensions: [(String, String)]) -> Handler {
    contents.withLock { $0.dimensions.formUnion(dimensions.map { "\($0)=\($1)" }) }
    return Handler(label: label, metrics: self)
  }

  func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    handler(label, dimensions)
  }
  func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    handler(label, dimensions)
  }
  func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    handler(label, dimensions)
  }
  func destroyCounter(_ handler: any CounterHandler) {}
  func destroyRecorder(_ handler: any RecorderHandler) {}
  func destroyTimer(_ handler: any TimerHandler) {}

  private final class Handler: CounterHandler, RecorderHandler, TimerHandler {
    private let label: String
    private let metrics: RecordedMetrics

    init(label: String, metrics: RecordedMetrics) {
      self.label = label
      self.metrics = metrics
    }

    func increment(by amount: Int64) {
      metrics.contents.withLock { $0.values[label, default: 0] += Double(amount) }
    }
    func reset() {}
    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) { metrics.contents.withLock { $0.values[label] = value } }
    func recordNanoseconds(_ duration: Int64) {}
  }
}
