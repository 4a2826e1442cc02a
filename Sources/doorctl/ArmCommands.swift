import Appliance
import ArgumentParser
import BrokerLink
import DoorCore
import DoorWire
import MQTT
import MQTTProtocol

struct ArmCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "arm", abstract: "Arms an area.")

  @OptionGroup var broker: BrokerOptions

  @Flag(help: "Also with doors that are not known to be closed.")
  var force = false

  @Argument(help: "The area.")
  var area = "home"

  func run() async throws {
    try await AreaCommander(broker: broker, area: area).send(.arm(force: force))
  }
}

struct DisarmCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "disarm", abstract: "Disarms an area.")

  @OptionGroup var broker: BrokerOptions

  @Argument(help: "The area.")
  var area = "home"

  func run() async throws {
    try await AreaCommander(broker: broker, area: area).send(.disarm)
  }
}

/// Sends one command to an area and waits for its answer.
struct AreaCommander {
  let broker: BrokerOptions
  let area: String

  /// Exits with 0 when it is obeyed, 1 when it is refused, 2 when nobody answers.
  func send(_ command: AlarmEngine.Command) async throws {
    let area: Identifier
    do throws(IdentifierError) {
      area = try Identifier(self.area)
    } catch {
      throw ValidationError("\(error)")
    }
    let settings = try broker.settings()
    let topics = settings.topics
    let id = String.randomHexadecimal(digits: 16)
    let (answers, answer) = AsyncStream.makeStream(of: AreaEvent.self, bufferingPolicy: .bufferingOldest(1))
    let routes = [
      Route(topics.event(area: area)) { messages in
        for message in messages {
          guard let event = try? AreaEvent(decoding: message.wholePayload()), event.id == id else { continue }
          answer.yield(event)
        }
      }
    ]
    let limit = Duration.seconds(broker.timeoutSeconds)
    var message = Message(
      topic: topics.command(area: area), payload: AreaCommand(id: id, command: command).encoded())
    // A command that nobody has taken by then is not to be obeyed later, unforeseen.
    message.properties.messageExpiryInterval = UInt32(broker.timeoutSeconds)
    do {
      let event = try await broker.visit(settings, routes: routes) { [message] client in
        try await Deadline.run(
          limit, or: ControlError.noAnswer("the notifier does not answer: is it running?")
        ) {
          try await client.publish(message)
          for await event in answers { return event }
          throw ControlError.noAnswer("interrupted")
        }
      }
      print(event.text)
      if event.kind == .refused { throw ExitCode(1) }
    } catch let error as ExitCode {
      throw error
    } catch {
      ProgramOutput.complain("doorctl: \(error)")
      throw ExitCode(2)
    }
  }
}
