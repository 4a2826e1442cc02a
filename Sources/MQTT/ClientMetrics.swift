import Metrics
import NIOCore

/// What a client tells swift-metrics. The labels are documented at ``MQTTClient``.
///
/// Not `Sendable`: it belongs to the session's driver.
final class ClientMetrics {
  /// Between two updates of the gauges under load, and while messages wait and nothing else happens.
  private static let pause = TimeAmount.milliseconds(250)
  private static let idlePause = TimeAmount.seconds(10)

  private let inFlight: Gauge
  private let queued: Gauge
  private let oldest: Gauge
  private let reconnects: Counter
  private let bytesSent: Counter
  private let bytesReceived: Counter
  private var nextUpdate = NIODeadline.uptimeNanoseconds(0)
  private var lastUnfinished = -1

  init(factory: any MetricsFactory, clientIdentifier: String) {
    let dimensions = [("client_id", clientIdentifier)]
    inFlight = Gauge(label: "mqtt_client_in_flight", dimensions: dimensions, factory: factory)
    queued = Gauge(label: "mqtt_client_queued", dimensions: dimensions, factory: factory)
    oldest = Gauge(
      label: "mqtt_client_oldest_unacknowledged_seconds", dimensions: dimensions, factory: factory)
    reconnects = Counter(label: "mqtt_client_reconnects", dimensions: dimensions, factory: factory)
    bytesSent = Counter(label: "mqtt_client_sent_bytes", dimensions: dimensions, factory: factory)
    bytesReceived = Counter(label: "mqtt_client_received_bytes", dimensions: dimensions, factory: factory)
  }

  func sent(_ bytes: Int) { bytesSent.increment(by: bytes) }

  func received(_ bytes: Int) { bytesReceived.increment(by: bytes) }

  func reconnecting() { reconnects.increment() }

  /// When ``update(_:at:)`` is to be called again, whatever happens; nil while there is nothing to tell.
  private(set) var nextDeadline: NIODeadline?

  /// Sets the gauges: now and then under load, and always when there is nothing left to do.
  func update(_ queue: (unfinished: Int, inFlight: Int, oldest: NIODeadline?), at now: NIODeadline) {
    guard queue.unfinished > 0 || lastUnfinished != 0 else {
      nextDeadline = nil
      return
    }
    guard now >= nextUpdate || queue.unfinished == 0 else {
      nextDeadline = nextUpdate
      return
    }
    nextUpdate = now + Self.pause
    nextDeadline = queue.unfinished > 0 ? now + Self.idlePause : nil
    lastUnfinished = queue.unfinished
    inFlight.record(queue.inFlight)
    queued.record(queue.unfinished - queue.inFlight)
    oldest.record(queue.oldest.map { Double((now - $0).nanoseconds) / 1e9 } ?? 0)
  }
}
