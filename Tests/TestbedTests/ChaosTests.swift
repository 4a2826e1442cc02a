import AlarmStore
import DoorCore
import Foundation
import MainJobSupport
import TestSupport
import Testing

/// The promise under fire: a bouncing contact, and broker, notifier and agent struck again and again; nothing is lost,
/// nothing invented, and every time is the kernel's.
@Suite(.enabled(if: GPIOSimulator.isAvailable, "\(GPIOSimulator.reason)"))
struct ChaosTests {
  /// Set to repeat a run that failed.
  private static let seed =
    ProcessInfo.processInfo.environment["DOORALARM_SEED"].flatMap { UInt64($0) }
    ?? .random(in: 0...UInt64.max)

  private enum Blow: CaseIterable {
    case brokerStopped, brokerKilled, brokerPaused, brokerEmptied, notifierKilled, agentKilled
  }

  @Test(
    "1,000 transitions with bounce, everything struck three times: the history is the line's, to the time")
  func chaos() async throws {
    var random = SeededGenerator(seed: Self.seed)
    let chip = try GPIOSimulator(lines: ["front"])
    defer { chip.remove() }
    let door = Household.Door(
      id: "front",
      lines: [
        "chip = \"\(chip.label)\"", "line = \"front\"", "bias = \"as-is\"",
        "debounce_ms = \(BouncingContact.settleTime.wholeMilliseconds)",
      ])
    try await Household.with(doors: [door]) { house in
      // Without the limit for a contact that swings, and with a siren that does not end.
      try house.writeSettings(
        doors: [door], areaLines: "entry_delay_s = 0\nexit_delay_s = 0\nsiren_s = 0\n",
        doorLines: "trip_limit = 10000\n")
      try await house.start()
      try await house.sees("house/front: closed since", status: 0)
      #expect(try await house.doorctl("arm", "home").status == 0)

      let blows = (Blow.allCases + Blow.allCases + Blow.allCases).shuffled(using: &random)
      var steps: [Int: Blow] = [:]
      for (index, blow) in blows.enumerated() {
        steps[20 + index * 54 + .random(in: 0..<40, using: &random)] = blow
      }
      var contact = BouncingContact(chip: chip, line: "front")
      for step in 1...1_000 {
        if let blow = steps[step] { try await strike(blow, house, &contact, &random) }
        try await contact.change(&random)
        // A contact that never rests is a fault.
        if step % 80 == 0 { try await Task.sleep(for: .milliseconds(1_200)) }
      }
      try await house.sees("house/front: \(contact.state) since")
      var history: [HistoryEntry] = []
      var difference: String? = "nothing"
      do {
        try await eventually(within: .seconds(120)) {
          history = try await house.history(of: "front").sorted {
            $0.transition.sequence < $1.transition.sequence
          }
          difference = contact.difference(from: history.map(\.transition))
          return difference == nil
        }
      } catch {
        throw TestSupportError("the history is not the line's: \(difference ?? "") (seed \(Self.seed))")
      }
      #expect(history.map(\.transition.sequence) == Array(1...Int64(history.count)), "seed \(Self.seed)")
      #expect(Set(history.map(\.transition.journal)).count == 1)
      #expect(history.count > 1_000)
      checkTimes(of: history.map(\.transition))
      // Armed all the while: every opening is an alarm, told at least once and always as the same one, and
      // there is no other.
      let openings = Set(history.filter { $0.transition.state == .open }.map(Self.alertIdentifier))
      try await eventually(within: .seconds(120), "the last alarm (seed \(Self.seed))") {
        house.webhook.alerts.isSuperset(of: openings)
      }
      #expect(house.webhook.alerts == openings, "seed \(Self.seed)")
    }
  }

  /// The kernel's times, which the contact has compared with the moments of its own doing, are also the wall clock's, to
  /// 5 ms; only where the agent was not there to see the edge is a time unknown.
  private func checkTimes(of history: [Transition]) {
    let seen = history.filter { $0.cause == .edge }
    let wall = BouncingContact.wallOffset.wholeMilliseconds
    for transition in seen {
      let error = abs(transition.since.milliseconds - transition.uptimeMilliseconds - wall)
      #expect(error <= 5, "transition \(transition.sequence), seed \(Self.seed)")
    }
    #expect(seen.count > history.count - 20, "the agent was killed three times only")
  }

  private static func alertIdentifier(_ entry: HistoryEntry) -> String {
    let transition = entry.transition
    return "house/front/\(transition.journal)/\(transition.sequence)/\(transition.since.milliseconds)"
  }

  /// Strikes one part and puts it right again, after transitions that happen without it.
  private func strike(
    _ blow: Blow, _ house: Household, _ contact: inout BouncingContact, _ random: inout SeededGenerator
  ) async throws {
    switch blow {
    case .brokerStopped:
      house.broker.terminate()
      try await contact.change(&random, times: 4)
      try await house.broker.start()
    case .brokerKilled:
      house.broker.kill()
      try await contact.change(&random, times: 4)
      try await house.broker.start()
    case .brokerPaused:
      house.broker.pause()
      try await contact.change(&random, times: 4)
      // Sometimes longer than anybody waits for an answer.
      try await Task.sleep(for: .seconds(.random(in: 0...10, using: &random)))
      house.broker.resume()
    case .brokerEmptied:
      house.broker.kill()
      try await contact.change(&random, times: 4)
      try await house.broker.restart(emptied: true)
    case .notifierKilled:
      house.notifier.kill()
      try await contact.change(&random, times: 4)
      try house.notifier.start()
    case .agentKilled:
      // At any moment, also while a level has not settled; then the line rests: what a contact does unwatched
      // nobody can know.
      try await Task.sleep(for: .milliseconds(.random(in: 0...60, using: &random)))
      house.agent.kill()
      let statements = Self.statements(of: house)
      try house.agent.start()
      try await eventually("the agent's return") { Self.statements(of: house) > statements }
    }
  }

  /// How often the agent has said what the door is.
  private static func statements(of house: Household) -> Int {
    house.agent.log.components(separatedBy: "door front is ").count
  }
}
