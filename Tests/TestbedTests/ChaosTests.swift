import AlarmStore
import DoorCore
import Foundation
import MainJobSupport
import TestSupport
import Testing

/// The promise under fire: broker, notifier and agent killed again and again, and nothing lost or invented.
@Suite(.enabled(if: GPIOSimulator.isAvailable, "\(GPIOSimulator.reason)"))
struct ChaosTests {
  /// Set to repeat a run that failed.
  private static let seed =
    ProcessInfo.processInfo.environment["DOORALARM_SEED"].flatMap { UInt64($0) }
    ?? .random(in: 0...UInt64.max)

  @Test("200 transitions, everything killed three times: the history is the line's, each opening one alarm")
  func chaos() async throws {
    var random = SeededGenerator(seed: Self.seed)
    let chip = try GPIOSimulator(lines: ["front"])
    defer { chip.remove() }
    let door = Household.Door(
      id: "front",
      lines: ["chip = \"\(chip.label)\"", "line = \"front\"", "bias = \"as-is\"", "debounce_ms = 20"])
    try await Household.with(doors: [door], heartbeatSeconds: 10) { house in
      try await house.start()
      try await house.sees("house/front: closed since", status: 0)
      #expect(try await house.doorctl("arm", "home").status == 0)

      // Three kills of each, at moments of their own, none of them while another one is down.
      var kills: [Int: Victim] = [:]
      for (index, victim) in (Victim.allCases + Victim.allCases + Victim.allCases).shuffled(using: &random)
        .enumerated()
      {
        kills[15 + index * 20 + .random(in: 0..<10, using: &random)] = victim
      }
      var line: [DoorState] = [.closed]
      for step in 1...200 {
        let isOpening = step % 2 == 1
        if let victim = kills[step] { try await strike(victim, house, isOpening, chip, &line, &random) }
        try chip.set("front", high: isOpening)
        line.append(isOpening ? .open : .closed)
        try await Task.sleep(for: .milliseconds(.random(in: 60...150, using: &random)))
        // A contact that never rests is a fault.
        if step % 40 == 0 { try await Task.sleep(for: .milliseconds(1_500)) }
      }
      try await house.sees("house/front: closed since", status: 0)
      let expected = line.count
      try await eventually(within: .seconds(120), "the whole history (seed \(Self.seed))") {
        try await house.history(of: "front").count >= expected
      }
      let history = try await house.history(of: "front").sorted {
        $0.transition.sequence < $1.transition.sequence
      }
      #expect(history.map(\.transition.state) == line, "seed \(Self.seed)")
      #expect(history.map(\.transition.sequence) == Array(1...Int64(expected)), "seed \(Self.seed)")
      #expect(Set(history.map(\.transition.journal)).count == 1)
      // Armed all the while: every opening is an alarm, told at least once and always as the same one, and
      // there is no other.
      let openings = Set(history.filter { $0.transition.state == .open }.map(Self.alertIdentifier))
      try await eventually("the last alarm (seed \(Self.seed))") {
        house.webhook.alerts.isSuperset(of: openings)
      }
      #expect(house.webhook.alerts == openings, "seed \(Self.seed)")
    }
  }

  private static func alertIdentifier(_ entry: HistoryEntry) -> String {
    let transition = entry.transition
    return "house/front/\(transition.journal)/\(transition.sequence)/\(transition.since.milliseconds)"
  }

  private enum Victim: CaseIterable {
    case broker, notifier, agent
  }

  /// Kills one part and starts it again, after transitions that happen without it. The line rests while the
  /// agent is away: what a contact does unwatched nobody can know.
  private func strike(
    _ victim: Victim, _ house: Household, _ isOpening: Bool, _ chip: GPIOSimulator, _ line: inout [DoorState],
    _ random: inout SeededGenerator
  ) async throws {
    func pass() async throws {
      for high in [isOpening, !isOpening] {
        try chip.set("front", high: high)
        line.append(high ? .open : .closed)
        try await Task.sleep(for: .milliseconds(.random(in: 60...150, using: &random)))
      }
    }
    switch victim {
    case .broker:
      house.broker.kill()
      try await pass()
      try await house.broker.start()
    case .notifier:
      house.notifier.kill()
      try await pass()
      try house.notifier.start()
    case .agent:
      // What has settled is in the journal before it dies.
      let settled = line.count
      try await eventually("the journal to have \(settled)") {
        house.agent.log.contains("seq=\(settled)\n")
      }
      house.agent.kill()
      let returns = Self.returns(of: house)
      try house.agent.start()
      try await eventually("the agent's return") { Self.returns(of: house) > returns }
    }
  }
}

extension ChaosTests {
  /// How often the agent has found the door, at its start, as its journal has it.
  fileprivate static func returns(of house: Household) -> Int {
    house.agent.log.components(separatedBy: "door front is still").count
  }
}
