import Appliance
import ArgumentParser
import BrokerLink
import DoorCore
import DoorWire
import Glibc
import MQTT
import MQTTProtocol

struct SelfTestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "selftest",
    abstract: "Tests the whole way from an agent, over the broker and the notifier, to every channel.",
    discussion:
      "People get a message that says that it is a test. Exits with 0 when every channel has taken it, 1 when "
      + "one has not, 2 when nobody answers.")

  @OptionGroup var broker: BrokerOptions

  @Option(help: "Seconds for the channels to take it.")
  var wait = 60

  @Argument(help: "The agent.")
  var agent: String

  private func name() throws -> Identifier {
    do throws(IdentifierError) {
      return try Identifier(agent)
    } catch {
      throw ValidationError("\(error)")
    }
  }

  func validate() throws {
    guard (1...3_600).contains(wait) else { throw ValidationError("--wait is 1 to 3600 seconds") }
    _ = try name()
  }

  func run() async throws {
    let agent = try name()
    let test = try Identifier(.randomHexadecimal(digits: 16))
    let settings = try broker.settings()
    let topics = settings.topics
    let board = SelfTestBoard(agent: agent)
    let routes = [
      Route(topics.selfTestEvent(ofAgent: agent)) { messages in
        for message in messages {
          let event = try? SelfTestEvent(decoding: message.wholePayload())
          if event?.request.id == test { board.answered() }
        }
      },
      Route(topics.everySelfTestReport) { messages in
        for message in messages {
          guard let report = try? SelfTestReport(decoding: message.wholePayload()), report.id == test
          else { continue }
          board.note(report)
        }
      },
    ]
    var request = Message(
      topic: topics.selfTest(agent: agent), payload: SelfTestRequest(id: test, asked: .present).encoded())
    // A test that nobody waits for any more is none.
    request.properties.messageExpiryInterval = UInt32(broker.timeoutSeconds)
    let limits = (answer: Duration.seconds(broker.timeoutSeconds), channels: Duration.seconds(wait))
    do {
      try await broker.visit(settings, routes: routes) { [request] client in
        board.begin()
        try await client.publish(request)
        board.brokerHasIt()
        while !board.isOver(answer: limits.answer, channels: limits.channels) {
          try await Task.sleep(for: .milliseconds(20))
        }
      }
    } catch {
      ProgramOutput.complain("doorctl: \(error)")
      throw ExitCode(2)
    }
    let table = board.table
    for line in table.lines { print(line) }
    switch table.standing {
    case .passed: break
    case .failed: throw ExitCode(1)
    case .unanswered: throw ExitCode(2)
    }
  }
}

extension Timestamp {
  /// The wall clock of this machine.
  fileprivate static var present: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
  }
}
