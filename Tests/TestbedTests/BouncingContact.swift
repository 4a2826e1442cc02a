import DoorCore
import GPIO
import Glibc
import MainJobSupport
import TestSupport

/// A contact that bounces, and what has to settle of it.
///
/// On a busy machine the pause between two of its edges can come out longer than the settle time: then more settles
/// than was meant. So each burst has all outcomes that its moments allow, usually one, and the history has to be one
/// of them, time by time.
struct BouncingContact {
  static let settleTime: Duration = .milliseconds(20)

  /// One edge; the kernel's time of it lies between these moments.
  private struct Edge {
    var state: DoorState
    var before: MonotonicTime
    var after: MonotonicTime

    func isTime(of transition: Transition) -> Bool {
      (before.nanoseconds / 1_000_000...after.nanoseconds / 1_000_000).contains(
        transition.uptimeMilliseconds)
    }
  }

  private let chip: GPIOSimulator
  private let line: String
  /// What can have settled of each burst.
  private var outcomes: [[[Edge]]]
  private(set) var state = DoorState.closed

  init(chip: GPIOSimulator, line: String) {
    self.chip = chip
    self.line = line
    outcomes = [[[Edge(state: .closed, before: .now, after: .now)]]]
  }

  /// Opens or closes it as often as that, with a bounce or without, and sometimes bounces for nothing before.
  mutating func change(_ random: inout SeededGenerator, times: Int = 1) async throws {
    for _ in 0..<times {
      let next: DoorState = state == .closed ? .open : .closed
      if Int.random(in: 0..<20, using: &random) == 0 {
        try await burst([next, state], &random)
      }
      try await burst(Bool.random(using: &random) ? [next] : [next, state, next], &random)
    }
  }

  private mutating func burst(_ states: [DoorState], _ random: inout SeededGenerator) async throws {
    var edges: [Edge] = []
    for state in states {
      let before = MonotonicTime.now
      try chip.set(line, high: state == .open)
      edges.append(Edge(state: state, before: before, after: .now))
    }
    outcomes.append(outcomes(of: edges))
    state = states.last ?? state
    try await Task.sleep(for: .milliseconds(.random(in: 50...110, using: &random)))
  }

  /// What is left when each pause between two edges was a rest, or none, or, where the moments do not tell, either.
  private func outcomes(of edges: [Edge]) -> [[Edge]] {
    var outcomes: [(settled: [Edge], state: DoorState)] = [([], state)]
    for (index, edge) in edges.enumerated() {
      var rests: [Bool] = [true]
      if index + 1 < edges.count {
        let next = edges[index + 1]
        rests = []
        if next.before.elapsed(since: edge.after) < Self.settleTime { rests.append(false) }
        if next.after.elapsed(since: edge.before) >= Self.settleTime { rests.append(true) }
      }
      outcomes = outcomes.flatMap { outcome in
        rests.map { isRest in
          isRest && edge.state != outcome.state
            ? (outcome.settled + [edge], edge.state) : (outcome.settled, outcome.state)
        }
      }
    }
    return outcomes.map(\.settled)
  }

  /// Where a history, in its order, is not what the contact has done; nil where it is.
  ///
  /// All ways of reading it are followed: where a burst may have been nothing or two transitions, only what comes
  /// after tells which.
  func difference(from history: [Transition]) -> String? {
    var ends: Set<Int> = [0]
    for (number, burst) in outcomes.enumerated() {
      let nextEnds = ends.flatMap { end in
        burst.filter { Self.matches($0, history[end...].prefix($0.count)) }.map { end + $0.count }
      }
      guard !nextEnds.isEmpty else {
        let end = ends.max() ?? 0
        return "burst \(number) was \(burst), and there is \(history[end...].prefix(4))"
      }
      ends = Set(nextEnds)
    }
    return ends.contains(history.count) ? nil : "\(history.count - (ends.max() ?? 0)) more than there were"
  }

  private static func matches(_ edges: [Edge], _ transitions: ArraySlice<Transition>) -> Bool {
    edges.count == transitions.count
      && zip(edges, transitions).allSatisfy { edge, transition in
        // A change that nobody saw has no time.
        edge.state == transition.state && (transition.cause != .edge || edge.isTime(of: transition))
      }
  }

  /// From the monotonic clock to the wall clock.
  static var wallOffset: Duration {
    var wall = timespec()
    clock_gettime(CLOCK_REALTIME, &wall)
    return .nanoseconds(
      Int64(wall.tv_sec) * 1_000_000_000 + Int64(wall.tv_nsec) - MonotonicTime.now.nanoseconds)
  }
}
