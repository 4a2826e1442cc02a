import Appliance
import ArgumentParser
import BrokerLink
import DoorCore
import DoorWire
import MQTT
import MQTTProtocol

/// The words of `--mode`.
private enum ModeWord: String, CaseIterable, ExpressibleByArgument {
  case away, home, night, vacation
  case customBypass = "custom-bypass"

  var mode: ArmMode {
    switch self {
    case .away: .armedAway
    case .home: .armedHome
    case .night: .armedNight
    case .vacation: .armedVacation
    case .customBypass: .armedCustomBypass
    }
  }
}

struct ArmCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "arm", abstract: "Arms an area.")

  @OptionGroup var broker: BrokerOptions
  @OptionGroup var code: CodeOptions

  @Option(help: "How: away, home, night, vacation or custom-bypass.")
  private var mode = ModeWord.away

  @Flag(help: "Also with doors that are not known to be closed: they are bypassed.")
  var force = false

  @Flag(help: "At once, without an exit delay.")
  var now = false

  @Option(help: "A door, AGENT/DOOR, that is not to be guarded this time; can be given many times.")
  var bypass: [String] = []

  @Argument(help: "The area.")
  var area = "home"

  private func arming() throws -> AlarmEngine.Arming {
    do {
      let bypassing = Set(try bypass.map { try DoorAddress($0) })
      return AlarmEngine.Arming(mode.mode, isForced: force, skipsExitDelay: now, bypassing: bypassing)
    } catch {
      throw ValidationError("\(error)")
    }
  }

  func validate() throws { _ = try arming() }

  func run() async throws {
    try await AreaCommander(broker: broker, code: code, area: area).send(.arm(try arming()))
  }
}

struct DisarmCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "disarm", abstract: "Disarms an area, and acknowledges its alerts.")

  @OptionGroup var broker: BrokerOptions
  @OptionGroup var code: CodeOptions

  @Argument(help: "The area.")
  var area = "home"

  func run() async throws {
    try await AreaCommander(broker: broker, code: code, area: area).send(.disarm)
  }
}

struct AcknowledgeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "acknowledge",
    abstract: "Says that somebody knows of an area's alerts: what is over is not told again.",
    aliases: ["ack"])

  @OptionGroup var broker: BrokerOptions
  @OptionGroup var code: CodeOptions

  @Argument(help: "The area.")
  var area = "home"

  func run() async throws {
    try await AreaCommander(broker: broker, code: code, area: area).send(.acknowledge)
  }
}

/// Where a command's code comes from: never from the command line, which everybody on the machine can read.
struct CodeOptions: ParsableArguments {
  @Flag(
    name: .customLong("code"), help: "Ask for the code; without a terminal it is a line of standard input.")
  var asksForCode = false

  /// nil where none is wanted.
  func code() throws -> AccessCode? {
    guard asksForCode else { return nil }
    guard let code = CodePrompt.read("Code: ").flatMap({ AccessCode($0) }) else {
      throw ValidationError("a code has 1 to \(AccessCode.longest) bytes")
    }
    return code
  }
}

/// Sends one command to an area and waits for its answer.
struct AreaCommander {
  let broker: BrokerOptions
  let code: CodeOptions
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
    let code = try code.code()
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
      topic: topics.command(area: area),
      payload: AreaCommand(id: id, command: command, code: code, source: "doorctl").encoded())
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
