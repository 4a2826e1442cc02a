package import Metrics
import Synchronization

/// What the program and its libraries measure, kept for Prometheus to fetch.
///
/// Counters get the suffix `_total` where they have none; timers and aggregating recorders become summaries of count
/// and sum, timers in seconds. See prometheus.io/docs/instrumenting/exposition_formats.
package final class PrometheusMetrics: MetricsFactory {
  /// How many series there are at most. Who makes more gets some that nobody sees; `metrics_refused_total` counts them.
  private static let seriesLimit = 1_000

  private enum Kind: String {
    case counter, gauge, summary
  }

  private struct Key: Hashable {
    var name: String
    /// As they stand between the braces.
    var labels: String
  }

  private struct Contents {
    var kinds: [String: Kind] = [:]
    var series: [Key: Series] = [:]
    var refused = 0
  }

  private let contents = Mutex(Contents())

  package init() {}

  /// Everything as text, in the order of the names.
  package var text: String {
    let (kinds, series, refused) = contents.withLock { ($0.kinds, $0.series, $0.refused) }
    var text = ""
    var lastName = ""
    for (key, series) in series.sorted(by: { ($0.key.name, $0.key.labels) < ($1.key.name, $1.key.labels) }) {
      let kind = kinds[key.name] ?? .gauge
      if key.name != lastName { text += "# TYPE \(key.name) \(kind.rawValue)\n" }
      lastName = key.name
      let labels = key.labels.isEmpty ? "" : "{\(key.labels)}"
      let (value, count) = series.reading
      if kind == .summary {
        text += "\(key.name)_sum\(labels) \(Self.number(value))\n\(key.name)_count\(labels) \(count)\n"
      } else {
        text += "\(key.name)\(labels) \(Self.number(value))\n"
      }
    }
    return text + "# TYPE metrics_refused_total counter\nmetrics_refused_total \(refused)\n"
  }

  // MARK: Making

  package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    series(.counter, label.hasSuffix("_total") ? label : label + "_total", dimensions)
  }

  package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    series(.gauge, label, dimensions)
  }

  package func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    series(aggregate ? .summary : .gauge, label, dimensions)
  }

  package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    series(.summary, label, dimensions)
  }

  package func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
  package func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
  package func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
  package func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

  private func series(_ kind: Kind, _ label: String, _ dimensions: [(String, String)]) -> Series {
    let name = Self.name(label)
    let labels = dimensions.map { "\(Self.name($0.0))=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
    let key = Key(name: name, labels: labels)
    return contents.withLock { contents in
      if let known = contents.series[key], contents.kinds[name] == kind { return known }
      let series = Series(isSummary: kind == .summary)
      guard contents.kinds[name, default: kind] == kind, contents.series.count < Self.seriesLimit else {
        contents.refused += 1
        return series
      }
      contents.kinds[name] = kind
      contents.series[key] = series
      return series
    }
  }

  private func remove(_ handler: AnyObject) {
    contents.withLock { contents in
      contents.series = contents.series.filter { $0.value !== handler }
      let left = Set(contents.series.keys.map(\.name))
      contents.kinds = contents.kinds.filter { left.contains($0.key) }
    }
  }

  // MARK: Writing

  private static func name(_ label: String) -> String {
    let name = String(
      label.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") ? $0 : "_" })
    return name.first?.isNumber ?? true ? "_" + name : name
  }

  private static func escaped(_ value: String) -> String {
    value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }

  private static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    return Int64(exactly: value).map { "\($0)" } ?? "\(value)"
  }
}

/// One line of what is exposed.
private final class Series: CounterHandler, MeterHandler, RecorderHandler, TimerHandler {
  private let isSummary: Bool
  private let state = Mutex<(value: Double, count: Int)>((0, 0))

  init(isSummary: Bool) {
    self.isSummary = isSummary
  }

  var reading: (value: Double, count: Int) { state.withLock { $0 } }

  func increment(by amount: Int64) { increment(by: Double(amount)) }
  func increment(by amount: Double) { state.withLock { $0.value += amount } }
  func decrement(by amount: Double) { increment(by: -amount) }
  func reset() { state.withLock { $0 = (0, 0) } }
  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { state.withLock { $0.value = value } }
  func record(_ value: Int64) { record(Double(value)) }
  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

  func record(_ value: Double) {
    guard isSummary else { return set(value) }
    state.withLock { state in
      state.value += value
      state.count += 1
    }
  }
}
