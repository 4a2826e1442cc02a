import DoorCore

/// Puts commands and what came of them into words, for the answers and for the record.
struct CommandText {
  let settings: NotifierSettings

  /// The command's own word.
  func name(of command: AlarmEngine.Command) -> String {
    switch command {
    case .arm(let arming): arming.mode.rawValue.replacing("armed_", with: "arm_", maxReplacements: 1)
    case .disarm: "disarm"
    case .acknowledge: "acknowledge"
    }
  }

  /// One word on the outcome.
  func word(of outcome: AlarmEngine.CommandOutcome) -> String {
    switch outcome {
    case .changed: "done"
    case .unchanged: "unchanged"
    case .notClosed: "not closed"
    case .unknownDoors: "unknown doors"
    case .alarmUnderWay: "alarm under way"
    }
  }

  /// One sentence for the person who has commanded.
  func answer(
    to command: AlarmEngine.Command, _ outcome: AlarmEngine.CommandOutcome, _ engine: AlarmEngine,
    at now: Moment
  ) -> String {
    let area = name(engine.area)
    switch (outcome, command) {
    case (.changed, .acknowledge): return "the alerts of \(area) are acknowledged"
    case (.changed, _), (.unchanged, _):
      let already = outcome == .unchanged ? " already" : ""
      guard case .arming(let mode, let exit) = engine.memory.phase else {
        return "\(area) is \(engine.state.rawValue)\(already)" + bypassed(engine)
      }
      let left = exit.countdown.remaining(at: now).components.seconds
      return "\(area) is arming\(already): \(mode.rawValue) in \(left) s" + bypassed(engine)
    default: return "\(area) is not armed: \(reason(of: outcome, in: engine.area))"
    }
  }

  /// Why a command is not obeyed.
  func reason(of outcome: AlarmEngine.CommandOutcome, in area: Identifier) -> String {
    switch outcome {
    case .changed, .unchanged: "it is"
    case .notClosed(let doors):
      doors.map { "\(name($0)) is \($1)" }.sorted().joined(separator: ", ")
        + "; close what is open, or force it"
    case .unknownDoors(let doors):
      doors.map { "it has no door \($0)" }.sorted().joined(separator: ", ")
    case .alarmUnderWay: "an alarm is under way; disarm it first"
    }
  }

  private func bypassed(_ engine: AlarmEngine) -> String {
    guard !engine.memory.bypassed.isEmpty else { return "" }
    return ", without " + engine.memory.bypassed.keys.map(name).sorted().joined(separator: ", ")
  }

  func name(_ area: Identifier) -> String { settings.areas[area]?.name ?? area.description }

  private func name(_ door: DoorAddress) -> String { settings.doors[door]?.name ?? door.description }
}

extension AlarmEngine.CommandOutcome {
  /// Whether the area is as it was commanded to be.
  var isObeyed: Bool { self == .changed || self == .unchanged }
}
