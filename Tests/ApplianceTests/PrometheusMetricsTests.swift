import Appliance
import Metrics
import TestSupport
import Testing

/// What Prometheus gets to read.
@Suite("Metrics for Prometheus")
struct PrometheusMetricsTests {
  private let metrics = PrometheusMetrics()

  private var lines: [String] { metrics.text.split(separator: "\n").map(String.init) }

  @Test("are lines of text in the order of their names, each name with its kind")
  func text() {
    let failures = Counter(label: "failures", factory: metrics)
    let front = Counter(label: "events_total", dimensions: [("door", "front")], factory: metrics)
    let back = Counter(label: "events_total", dimensions: [("door", "back")], factory: metrics)
    let depth = Gauge(label: "queue.depth", factory: metrics)
    let wait = Timer(label: "wait_seconds", factory: metrics)
    let size = Recorder(label: "size", dimensions: [], aggregate: true, factory: metrics)
    failures.increment()
    front.increment(by: 2)
    back.increment(by: 40)
    depth.record(2.5)
    wait.recordMilliseconds(250)
    wait.recordMilliseconds(500)
    size.record(7)
    #expect(
      lines == [
        "# TYPE events_total counter", "events_total{door=\"back\"} 40", "events_total{door=\"front\"} 2",
        "# TYPE failures_total counter", "failures_total 1",
        "# TYPE queue_depth gauge", "queue_depth 2.5",
        "# TYPE size summary", "size_sum 7", "size_count 1",
        "# TYPE wait_seconds summary", "wait_seconds_sum 0.75", "wait_seconds_count 2",
        "# TYPE metrics_refused_total counter", "metrics_refused_total 0",
      ])
  }

  @Test("go up and down as what they measure does")
  func values() {
    let level = Meter(label: "level", factory: metrics)
    level.set(10)
    level.increment(by: 2)
    level.decrement(by: 5)
    #expect(lines.contains("level 7"))
    level.set(Double.infinity)
    #expect(lines.contains("level +Inf"))
    let count = Counter(label: "count", factory: metrics)
    count.increment(by: 9_007_199_254_740_992)
    #expect(lines.contains("count_total 9007199254740992"))
    count.reset()
    #expect(lines.contains("count_total 0"))
  }

  @Test("cannot be broken by what stands in a label")
  func escaping() {
    Gauge(label: "7 of 9", dimensions: [("é", "a\"b\\c\nd")], factory: metrics).record(1)
    #expect(lines.contains(#"_7_of_9{_="a\"b\\c\nd"} 1"#))
  }

  @Test("of one name and labels are one, of one name and two kinds only the first")
  func sharing() {
    Counter(label: "events", factory: metrics).increment()
    Counter(label: "events", factory: metrics).increment()
    Gauge(label: "events_total", factory: metrics).record(9)
    #expect(lines.contains("events_total 2"))
    #expect(lines.contains("metrics_refused_total 1"))
  }

  @Test("that are not told of any more are gone, and their name is free")
  func destroyed() {
    let door = Gauge(label: "door", dimensions: [("door", "front")], factory: metrics)
    door.record(1)
    door.destroy()
    #expect(!metrics.text.contains("door"))
    Counter(label: "door", factory: metrics).increment()
    #expect(lines.contains("door_total 1"))
  }

  @Test("have a bound, and say how many were refused beyond it")
  func bound() {
    for number in 0..<1_010 {
      Counter(label: "many", dimensions: [("number", "\(number)")], factory: metrics).increment()
    }
    #expect(lines.count { $0.hasPrefix("many_total{") } == 1_000)
    #expect(lines.contains("metrics_refused_total 10"))
  }
}
