import AlarmStore
import BrokerLink
import DoorCore
import DoorWire
import Logging
import MQTTProtocol

/// The stage that obeys commands: each is one transaction, and each gets an answer.
struct CommandIntake: Sendable {
  let settings: NotifierSettings
  let store: AlarmStore
  let logger: Logger

  /// Returns the event that answers the command; nil where there is nobody to answer.
  func take(_ message: ReceivedMessage, now: Timestamp) async throws -> (area: Identifier, event: AreaEvent)?
  {
    guard let area = settings.topics.commandArea(of: message.topic) else { return nil }
    guard settings.areas[area] != nil else {
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
      let engine = try await store.transact { try $0.engine(of: area, now: now) }
      return (area, AreaEvent(kind: .refused, id: nil, state: engine.stateName, text: "\(error)", at: now))
    }
    return (area, try await obey(command, area, now))
  }

  private func obey(_ command: AreaCommand, _ area: Identifier, _ now: Timestamp) async throws -> AreaEvent {
    let addresses = settings.doors.values.filter { $0.area == area }.map(\.address)
    let (outcome, engine) = try await store.transact { store in
      var doors: [DoorAddress: DoorState] = [:]
      for door in addresses { doors[door] = try store.state(of: door) }
      let before = try store.engine(of: area, now: now)
      var engine = before
      let outcome = engine.handle(command.command, doors: doors, now: now)
      try store.save(engine, before: before)
      return (outcome, engine)
    }
    let name = settings.areas[area]?.name ?? area.description
    let text: String
    switch outcome {
    case .changed: text = "\(name) is \(engine.stateName)"
    case .unchanged: text = "\(name) was \(engine.stateName) already"
    case .refused(let doors):
      let list = doors.map { "\(settings.doors[$0]?.name ?? $0.description) is \($1)" }.sorted()
      text = "\(name) is not armed: \(list.joined(separator: ", ")); close what is open, or force it"
    }
    logger.notice("\(text)")
    let kind: AreaEvent.Kind = if case .refused = outcome { .refused } else { .accepted }
    return AreaEvent(kind: kind, id: command.id, state: engine.stateName, text: text, at: now)
  }
}
