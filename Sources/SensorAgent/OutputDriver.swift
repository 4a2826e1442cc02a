import Appliance
import DoorCore
import GPIO
import Journal
import Logging
import Synchronization

/// The stage beside the journal: drives the local outputs by what the lines say and what was last heard of the
/// areas. It needs neither the journal nor the broker to work.
final class OutputDriver: Sendable {
  private enum Input: Sendable {
    case doors([Identifier: DoorState])
    case area(Identifier, AreaState)
    case outputs([AgentSettings.Output])
    case timer
  }

  /// One output, and its line while that is taken.
  private struct Output {
    let settings: AgentSettings.Output
    var decision: OutputSwitch
    var line: (any DrivenLine)?
    /// What the line was set to.
    var isOn = false
    var hasFailed = false
  }

  /// Changes that wait to be looked at. At the bound the oldest go: the newest states count.
  private static let inputLimit = 1_024
  /// How soon a line that cannot be taken or set is tried again.
  private static let retryDelay: Duration = .seconds(5)

  /// The doors' states at last, and whether an output depends on any.
  private struct Doors {
    var states: [Identifier: DoorState] = [:]
    var areWanted: Bool
  }

  private let outputs: [AgentSettings.Output]
  private let doors: Mutex<Doors>
  private let known: (doors: [Identifier: DoorState], areas: [Identifier: AreaState])
  private let journal: TransitionJournal
  private let logger: Logger
  private let inputs: AsyncStream<Input>
  private let input: AsyncStream<Input>.Continuation

  /// Reads what was last known; the journal must not take new transitions before that.
  init(outputs: [AgentSettings.Output], journal: TransitionJournal, logger: Logger) async throws(JournalError)
  {
    self.outputs = outputs
    self.doors = Mutex(Doors(areWanted: outputs.dependOnDoors))
    var doors: [Identifier: DoorState] = [:]
    for door in Set(outputs.flatMap(\.rule.doors)) { doors[door] = try await journal.newest(of: door)?.state }
    known = (doors, try await journal.areas())
    self.journal = journal
    self.logger = logger
    (inputs, input) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(Self.inputLimit))
  }

  /// The doors' states now.
  func note(doors states: [Identifier: DoorState]) {
    // Within the lock, so that no older states follow newer ones.
    doors.withLock { doors in
      doors.states = states
      // Nobody is woken, beside an alarm that goes its way, for what is nobody's concern.
      if doors.areWanted { input.yield(.doors(states)) }
    }
  }

  /// An area's state has been heard.
  func note(area: Identifier, is state: AreaState) { input.yield(.area(area, state)) }

  /// Drives these outputs from now on.
  func change(to outputs: [AgentSettings.Output]) {
    doors.withLock { doors in
      doors.areWanted = outputs.dependOnDoors
      input.yield(.doors(doors.states))
      input.yield(.outputs(outputs))
    }
  }

  /// Drives the outputs until the task is cancelled, and then switches them off.
  func run() async throws {
    var (doors, areas) = known
    var kept = areas
    var driven = outputs.map { output in
      Output(settings: output, decision: OutputSwitch(rule: output.rule, doors: doors, areas: areas))
    }
    defer { for output in driven { try? output.line?.set(isOn: false) } }
    for output in driven.indices { drive(&driven[output]) }
    var timer: Timer?
    defer { timer?.cancel() }
    for await input in inputs {
      switch input {
      case .timer: break
      case .doors(let states):
        doors.merge(states) { $1 }
        for index in driven.indices { driven[index].decision.note(doors: states, at: .now) }
      case .area(let area, let state):
        areas[area] = state
        for index in driven.indices { driven[index].decision.note(area: area, is: state, at: .now) }
      case .outputs(let outputs):
        driven = change(driven, to: outputs, doors: doors, areas: areas)
      }
      for index in driven.indices { drive(&driven[index]) }
      // Not before the outputs: a siren that is to be silent does not wait for a disk.
      if kept != areas { kept = await keep(areas, insteadOf: kept) }
      timer?.cancel()
      timer = nextLook(at: driven).map { look in
        Timer(after: look) { [input = self.input] in input.yield(.timer) }
      }
    }
  }

  /// Those that stay as they are keep their lines and go on as they were.
  private func change(
    _ driven: [Output], to outputs: [AgentSettings.Output], doors: [Identifier: DoorState],
    areas: [Identifier: AreaState]
  ) -> [Output] {
    for output in driven where !outputs.contains(output.settings) { try? output.line?.set(isOn: false) }
    return outputs.map { settings in
      if let kept = driven.first(where: { $0.settings == settings }) { return kept }
      var decision = OutputSwitch(rule: settings.rule, doors: doors, areas: areas)
      decision.note(doors: doors, at: .now)
      return Output(settings: settings, decision: decision)
    }
  }

  private func drive(_ output: inout Output) {
    let isOn = output.decision.isOn(at: .now)
    do throws(LineError) {
      if output.line == nil {
        output.line = try output.settings.source.open()
        output.isOn = false
      }
      if isOn != output.isOn {
        try output.line?.set(isOn: isOn)
        logger.notice("output \(output.settings.id) is \(isOn ? "on" : "off")")
      }
      output.isOn = isOn
      if output.hasFailed { logger.notice("output \(output.settings.id) works again") }
      output.hasFailed = false
    } catch {
      output.line = nil
      if !output.hasFailed { logger.error("output \(output.settings.id) does not work: \(error)") }
      output.hasFailed = true
    }
  }

  /// How long until something changes by itself, or a line is to be tried again.
  private func nextLook(at driven: [Output]) -> Duration? {
    let now = MonotonicTime.now
    let ends = driven.compactMap { $0.decision.deadline(at: now)?.elapsed(since: now) }
    return (ends + (driven.contains(where: \.hasFailed) ? [Self.retryDelay] : [])).min()
  }

  /// Keeps the areas for the next start without a network, and returns what is kept. What the journal does not take is
  /// tried again with the next change.
  private func keep(
    _ areas: [Identifier: AreaState], insteadOf kept: [Identifier: AreaState]
  ) async -> [Identifier: AreaState] {
    var kept = kept
    for (area, state) in areas where kept[area] != state {
      do throws(JournalError) {
        try await journal.note(state, of: area)
        kept[area] = state
      } catch {
        logger.error("that area \(area) is \(state.rawValue) is not kept for the next start: \(error)")
      }
    }
    return kept
  }
}

extension [AgentSettings.Output] {
  fileprivate var dependOnDoors: Bool { contains { !$0.rule.doors.isEmpty } }
}
