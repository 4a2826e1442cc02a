import AlarmStore
import BrokerLink
import DoorCore
import DoorWire
import Logging
import MQTTProtocol

/// The stage that obeys commands, from wherever they come: each is one transaction, gets an answer, and is written down
/// with who gave it.
struct CommandIntake: Sendable {
  let settings: NotifierSettings
  let store: AlarmStore
  let logger: Logger

  /// What a command led to.
  struct Answer: Sendable {
    var area: Identifier
    var event: AreaEvent
    var outcome = Outcome()
  }

  /// nil where there is nobody to answer.
  func take(_ message: ReceivedMessage, now: Moment) async throws -> Answer? {
    guard let area = settings.topics.commandArea(of: message.topic) else { return nil }
    guard let settings = settings.areas[area] else {
      logger.warning("a command for the area \"\(area)\", which the settings do not have, is ignored")
      return nil
    }
    // A retained command would be obeyed again at every start.
    guard !message.isRetained else {
      logger.warning(
        "a retained command for the area \"\(area)\" is ignored: commands are sent without retain")
      return nil
    }
    let command: AreaCommand
    do throws(WireError) {
      command = try AreaCommand(decoding: message.wholePayload())
    } catch {
      logger.warning("a command for the area \"\(area)\" cannot be read: \(error)")
      return try await refuse(nil, in: area, "\(error)", at: now)
    }
    switch try await CodeCheck(settings: self.settings, store: store).check(command, in: settings, at: now) {
    case .allowed(let person):
      return try await obey(command, by: person, in: area, at: now)
    case .refused(let why, let outcome):
      logger.warning("a command for the area \"\(area)\" is refused: \(why)")
      return try await refuse(command, in: area, why, at: now, outcome)
    }
  }

  private func refuse(
    _ command: AreaCommand?, in area: Identifier, _ why: String, at now: Moment,
    _ outcome: Outcome = Outcome()
  ) async throws -> Answer {
    let text = CommandText(settings: settings)
    return try await store.transact { [settings] store in
      var session = AreaSession(settings: settings, now: now)
      let state = try session.engine(of: area, store)?.state ?? .disarmed
      if let command {
        try store.noteCommand(
          CommandRecord(
            at: now.wall, area: area, person: nil, source: command.source ?? "MQTT",
            command: text.name(of: command.command), outcome: "refused: \(why)"))
      }
      let event = AreaEvent(
        kind: .refused, id: command?.id, state: state.rawValue, text: "\(text.name(area)): \(why)",
        at: now.wall)
      return Answer(area: area, event: event, outcome: outcome)
    }
  }

  private func obey(
    _ command: AreaCommand, by person: Person?, in area: Identifier, at now: Moment
  ) async throws -> Answer? {
    let text = CommandText(settings: settings)
    let answer = try await store.transact { [settings] store -> Answer? in
      var session = AreaSession(settings: settings, now: now)
      session.source = command.source ?? "MQTT"
      let doors = try session.doors(of: area, store)
      var result: AlarmEngine.CommandOutcome?
      try session.decide(area, store) { engine in
        let (outcome, effects) = engine.handle(command.command, by: person?.name, doors: doors, at: now)
        result = outcome
        return effects + (person?.isUnderDuress == true ? engine.duress(of: person?.name, at: now) : [])
      }
      guard let result, let engine = try session.engine(of: area, store) else { return nil }
      try store.noteCommand(
        CommandRecord(
          at: now.wall, area: area, person: person?.name, source: command.source ?? "MQTT",
          command: text.name(of: command.command), outcome: text.word(of: result)))
      let event = AreaEvent(
        kind: result.isObeyed ? .accepted : .refused, id: command.id, state: engine.state.rawValue,
        text: text.answer(to: command.command, result, engine, at: now), at: now.wall)
      return Answer(area: area, event: event, outcome: session.outcome)
    }
    if let answer {
      logger.notice("\(answer.event.text)", metadata: person.map { ["by": "\($0.name)"] } ?? [:])
    }
    return answer
  }
}
