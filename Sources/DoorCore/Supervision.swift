/// Notices agents that have fallen silent, and that they are heard again, by their heartbeats.
///
/// What a retained `online` says plays no part: a broker that crashed, or a will that was never set, leaves it
/// behind for ever.
package struct Supervision: Sendable, Equatable {
  /// An agent is silent after so many of its periods without a heartbeat.
  package static let toleratedPeriods = 3

  private struct Watch: Sendable, Equatable {
    var lastHeard: MonotonicTime
    var period: Duration
    var isSilent: Bool

    var deadline: MonotonicTime { lastHeard.advanced(by: period * Supervision.toleratedPeriods) }
  }

  private var watches: [Identifier: Watch] = [:]
  /// Since when the broker is not there; nil while it is. Nobody can be heard then, so nobody is silent.
  private var brokerLost: MonotonicTime?
  private var isBrokerReported = false
  private let assumedPeriod: Duration
  /// When it last seemed that another program uses our name at the broker.
  private var takeovers: [MonotonicTime] = []

  /// - Parameters:
  ///   - agents: who is expected to be heard.
  ///   - silent: those of them that were known to be silent before.
  ///   - period: an agent's period until a heartbeat names it.
  ///   - now: from when on they are expected. The broker is not there yet.
  package init(agents: Set<Identifier>, silent: Set<Identifier>, period: Duration, now: MonotonicTime) {
    assumedPeriod = period
    brokerLost = now
    for agent in agents {
      watches[agent] = Watch(lastHeard: now, period: period, isSilent: silent.contains(agent))
    }
  }

  /// When the next agent, or the broker, is overdue, unless it is heard before; nil where all are silent.
  package var nextDeadline: MonotonicTime? {
    if let brokerDeadline { return isBrokerReported ? nil : brokerDeadline }
    return watches.values.filter { !$0.isSilent }.map(\.deadline).min()
  }

  /// The broker has the time that the most often heard agent has.
  private var brokerDeadline: MonotonicTime? {
    let period = watches.values.map(\.period).min() ?? assumedPeriod
    return brokerLost?.advanced(by: min(period, assumedPeriod) * Self.toleratedPeriods)
  }

  // MARK: The broker

  package mutating func brokerLost(at now: MonotonicTime) {
    if brokerLost == nil { brokerLost = now }
  }

  /// It is there (again). The time without it does not count for the agents; more than that would let a connection that
  /// comes and goes hide their silence.
  package mutating func brokerBack(at now: MonotonicTime) {
    guard let brokerLost else { return }
    let outage = now.elapsed(since: brokerLost)
    for (agent, watch) in watches { watches[agent]?.lastHeard = watch.lastHeard.advanced(by: outage) }
    self.brokerLost = nil
    isBrokerReported = false
  }

  /// Nobody could be heard until now, whatever they said: all have their whole time from here on.
  package mutating func begin(at now: MonotonicTime) {
    for agent in watches.keys { watches[agent]?.lastHeard = now }
  }

  /// Whether the broker has been away for too long, once.
  package mutating func isBrokerNewlyGone(at now: MonotonicTime) -> Bool {
    guard let brokerDeadline, !isBrokerReported, brokerDeadline <= now else { return false }
    isBrokerReported = true
    return true
  }

  /// A connection was lost as by another program of our name. Once is no reason to say so: a broker that starts again and
  /// again looks the same. Returns whether it has come so often in a short time that it is.
  package mutating func isNameTaken(at now: MonotonicTime) -> Bool {
    takeovers = takeovers.filter { now.elapsed(since: $0) < Self.takeoverWindow } + [now]
    guard takeovers.count >= Self.takeoverLimit else { return false }
    takeovers = []
    return true
  }

  private static let takeoverLimit = 3
  private static let takeoverWindow: Duration = .seconds(120)

  // MARK: Agents

  /// A heartbeat has come. Returns whether its agent had been silent and is back.
  ///
  /// - Parameter isLive: false for a retained one, which can be old: it only tells the period.
  package mutating func heard(_ agent: Identifier, period: Duration, isLive: Bool, at now: MonotonicTime)
    -> Bool
  {
    guard var watch = watches[agent] else { return false }
    defer { watches[agent] = watch }
    watch.period = period
    guard isLive else { return false }
    watch.lastHeard = now
    defer { watch.isSilent = false }
    return watch.isSilent
  }

  /// The agents that have fallen silent since the last call.
  package mutating func newlySilent(at now: MonotonicTime) -> [Identifier] {
    guard brokerLost == nil else { return [] }
    let agents = watches.filter { !$0.value.isSilent && $0.value.deadline <= now }.map(\.key).sorted()
    for agent in agents { watches[agent]?.isSilent = true }
    return agents
  }
}
