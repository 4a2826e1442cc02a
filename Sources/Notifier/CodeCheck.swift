import AccessCodes
import AlarmStore
import DoorCore
import DoorWire

/// Finds out who commands by the code that came with the command, and whether they may.
struct CodeCheck: Sendable {
  enum Verdict: Sendable {
    /// nil: nobody has to say who they are.
    case allowed(Person?)
    case refused(why: String, Outcome)
  }

  let settings: NotifierSettings
  let store: AlarmStore

  func check(_ command: AreaCommand, in area: NotifierSettings.Area, at now: Moment) async throws -> Verdict {
    guard !settings.users.isEmpty else { return .allowed(nil) }
    let isArming = if case .arm = command.command { true } else { false }
    let name = "codes of \(area.id)"
    let (guarding, state) = try await store.transact { [settings] store in
      var session = AreaSession(settings: settings, now: now)
      return (
        try store.remembered(name, as: CodeGuard.self) ?? CodeGuard(),
        try session.engine(of: area.id, store)?.state ?? .disarmed
      )
    }
    guard let code = command.code else {
      return isCodeNeeded(for: command.command, in: area, state)
        ? .refused(why: "it takes a code", Outcome()) : .allowed(nil)
    }
    if let wait = guarding.refusal(at: now) {
      return .refused(why: "no code is looked at for another \(wait.components.seconds + 1) s", Outcome())
    }
    guard let person = await owner(of: code) else {
      return try await noteWrong(guarding, name, area.id, at: now)
    }
    if guarding != CodeGuard() { try await store.transact { try $0.remember(CodeGuard(), as: name) } }
    guard person.may(isArming ? .arm : .disarm, in: area.id) else {
      return .refused(why: "\(person.name) has no right to", Outcome())
    }
    return .allowed(person)
  }

  /// Arming takes none where it only makes the house safer: from disarmed, with all doors. Arming otherwise what is armed
  /// opens it for an exit delay, and a door that is bypassed is open.
  private func isCodeNeeded(
    for command: AlarmEngine.Command, in area: NotifierSettings.Area, _ state: AreaState
  ) -> Bool {
    guard case .arm(let arming) = command, !area.isCodeRequiredToArm else { return true }
    return state != .disarmed || arming.isForced || !arming.bypassing.isEmpty
  }

  /// Everybody's hash is tried, also after the right one: the time tells nothing. It is some tens of milliseconds each, and
  /// not the time of whoever waits for messages.
  private func owner(of code: AccessCode) async -> Person? {
    await Task.detached { [users = settings.users] in
      users.reduce(nil as Person?) { found, user in user.codeHash.matches(code) ? found ?? user.person : found
      }
    }.value
  }

  private func noteWrong(
    _ guarding: CodeGuard, _ name: String, _ area: Identifier, at now: Moment
  ) async throws -> Verdict {
    try await store.transact { [settings] store in
      var session = AreaSession(settings: settings, now: now)
      var guarding = guarding
      let isLockedOut = guarding.noteWrong(at: now)
      try store.remember(guarding, as: name)
      if isLockedOut {
        let failures = guarding.failures
        try session.decide(area, store) { $0.wrongCodes(failures, at: now) }
      }
      return .refused(
        why: isLockedOut ? "the code is wrong; no code is looked at for a while" : "the code is wrong",
        session.outcome)
    }
  }
}
