import DoorCore
import Metrics
import Synchronization

/// What the agent measures of itself, for swift-metrics.
final class AgentMetrics: Sendable {
  private let transitions = DoorCounters("dooralarm_agent_transitions")
  private let missedEdges = DoorCounters("dooralarm_agent_missed_edges")
  private let unsent = Meter(label: "dooralarm_agent_unsent_transitions")
  private let journalFailures = Counter(label: "dooralarm_agent_journal_failures")
  private let heartbeats = Counter(label: "dooralarm_agent_heartbeats")
  private let states = Mutex<[Identifier: [DoorState: Gauge]]>([:])

  /// So many transitions waited for the broker when the agent was started.
  func begin(unsent count: Int) { unsent.set(count) }

  func recorded(_ door: Identifier) {
    transitions.increment(door, by: 1)
    unsent.increment()
  }

  func sent(_ count: Int) { unsent.decrement(by: Double(count)) }

  func missed(_ count: Int, of door: Identifier) { missedEdges.increment(door, by: count) }

  func journalFailed() { journalFailures.increment() }

  func heartbeat() { heartbeats.increment() }

  /// The doors as they are: 1 for the state that each one has. Those that are gone are not told of any more.
  func note(_ current: [Identifier: DoorState]) {
    states.withLock { states in
      for (door, gauges) in states where current[door] == nil {
        for gauge in gauges.values { gauge.destroy() }
        states[door] = nil
      }
      for (door, state) in current {
        let gauges =
          states[door]
          ?? Dictionary(
            uniqueKeysWithValues: DoorState.allCases.map { state in
              let labels = [("door", door.description), ("state", state.rawValue)]
              return (state, Gauge(label: "dooralarm_agent_door_state", dimensions: labels))
            })
        states[door] = gauges
        for (name, gauge) in gauges { gauge.record(name == state ? 1 : 0) }
      }
    }
  }
}

/// A counter for each door.
private final class DoorCounters: Sendable {
  private let label: String
  private let counters = Mutex<[Identifier: Counter]>([:])

  init(_ label: String) {
    self.label = label
  }

  func increment(_ door: Identifier, by count: Int) {
    counters.withLock { counters in
      let counter = counters[door] ?? Counter(label: label, dimensions: [("door", door.description)])
      counters[door] = counter
      counter.increment(by: count)
    }
  }
}
