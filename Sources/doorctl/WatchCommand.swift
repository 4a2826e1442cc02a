import Appliance
import ArgumentParser
import BrokerLink
import DoorCore
import DoorWire
import MQTT
import MQTTProtocol

struct WatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Shows doors, agents and areas as they change, until it is interrupted.")

  @OptionGroup var broker: BrokerOptions

  func run() async throws {
    let settings = try broker.settings()
    let topics = settings.topics
    let client = MQTTClient(configuration: broker.clientConfiguration(settings), logger: broker.logger)
    let show: Route.Handler = { messages in
      for message in messages { ProgramOutput.say(Self.line(message, topics)) }
    }
    let routes = [topics.everyDoor, topics.everyAgentAvailability, topics.everyArea, topics.everyEvent].map {
      Route($0, handler: show)
    }
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await client.run(routes: routes) }
        for await state in client.states() {
          if case .waiting(_, let reason) = state { ProgramOutput.complain("doorctl: \(reason)") }
        }
        try await group.waitForAll()
      }
    } catch {
      ProgramOutput.complain("doorctl: \(error)")
      throw ExitCode(2)
    }
  }

  private static func line(_ message: ReceivedMessage, _ topics: Topics) -> String {
    let payload = (try? message.wholePayload()) ?? []
    if let address = topics.doorAddress(of: message.topic) {
      let door = DoorBoard.door(message)
      guard let transition = door.transition else { return "\(address): \(door.problem ?? "unreadable")" }
      return "\(address): \(transition.state) since \(transition.since.wireFormat)"
        + (transition.simulated ? ", simulated" : "")
    }
    if let state = try? AreaMessage(decoding: payload) {
      return "\(message.topic): \(state.state.rawValue) since \(state.since.wireFormat)"
    }
    if let event = try? AreaEvent(decoding: payload) {
      return "\(message.topic): \(event.kind) - \(event.text)"
    }
    // What comes from outside is shown without its control characters.
    let text = String(decoding: payload.prefix(80), as: UTF8.self)
    return "\(message.topic): \(text.filter { !$0.isNewline && $0.asciiValue.map { $0 >= 32 } ?? true })"
  }
}
