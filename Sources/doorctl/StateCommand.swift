import Appliance
import ArgumentParser
import BrokerLink
import DoorCore
import DoorWire
import FoundationEssentials
import MQTT
import MQTTProtocol
import Synchronization

/// What the broker's retained messages say of the doors.
final class DoorBoard: Sendable {
  struct Door: Sendable {
    /// nil where the topic holds no door's state.
    var transition: Transition?
    var problem: String?
  }

  struct Contents: Sendable {
    var doors: [DoorAddress: Door] = [:]
    var availability: [Identifier: Availability] = [:]
    var heartbeats: [Identifier: HeartbeatMessage] = [:]

    /// How an agent stands. A retained `online` alone says little: a broker that crashed leaves it behind for
    /// ever. Its heartbeat tells, by the clocks of both machines.
    func presence(of agent: Identifier, now: Timestamp) -> Presence {
      switch availability[agent] {
      case nil: return .unknown
      case .offline: return .offline
      case .online:
        guard let heartbeat = heartbeats[agent] else { return .silent(since: nil) }
        let tolerated = Duration.seconds(heartbeat.periodSeconds) * Supervision.toleratedPeriods
        return now.elapsed(since: heartbeat.sent) <= tolerated ? .online : .silent(since: heartbeat.sent)
      }
    }
  }

  enum Presence: Sendable, Equatable {
    case online, offline, unknown
    case silent(since: Timestamp?)

    var word: String {
      switch self {
      case .online: "online"
      case .offline: "offline"
      case .unknown: "unknown"
      case .silent: "silent"
      }
    }

    /// What is wrong with it; nil where nothing is.
    var problem: String? {
      switch self {
      case .online: nil
      case .offline, .unknown: "its agent is not online"
      case .silent(nil): "its agent has no heartbeat"
      case .silent(let since?): "its agent was last heard at \(since.wireFormat)"
      }
    }
  }

  private let contents = Mutex(Contents())
  private let topics: Topics

  init(topics: Topics) {
    self.topics = topics
  }

  var all: Contents { contents.withLock { $0 } }

  /// Takes a message of a door's or an agent's topic; returns the door or agent that it spoke of.
  func take(_ message: ReceivedMessage) {
    if let address = topics.doorAddress(of: message.topic) {
      contents.withLock { $0.doors[address] = Self.door(message) }
    } else if let agent = topics.agent(of: message.topic), let payload = try? message.wholePayload() {
      if let word = Availability(rawValue: String(decoding: payload, as: UTF8.self)) {
        contents.withLock { $0.availability[agent] = word }
      } else if let heartbeat = try? HeartbeatMessage(decoding: payload) {
        contents.withLock { $0.heartbeats[agent] = heartbeat }
      }
    }
  }

  static func door(_ message: ReceivedMessage) -> Door {
    do throws(WireError) {
      return Door(transition: try DoorMessage(decoding: message.wholePayload()).transition)
    } catch {
      return Door(transition: nil, problem: error.description)
    }
  }
}

/// One line of the answer.
struct DoorLine: Encodable {
  var door: String
  /// `unknown` also where the agent is gone: silence is never taken for safety.
  var state: String
  /// What the door was last known to be, where that is not its state now.
  var last: String?
  var since: String?
  var agent: String
  var simulated: Bool?
  var problem: String?

  init(_ address: DoorAddress, _ door: DoorBoard.Door?, _ presence: DoorBoard.Presence) {
    self.door = address.description
    agent = presence.word
    since = door?.transition?.since.wireFormat
    simulated = door?.transition.flatMap { $0.simulated ? true : nil }
    let known = door?.transition?.state
    if presence == .online, let known {
      state = known.rawValue
    } else {
      state = DoorState.unknown.rawValue
      last = known?.rawValue
    }
    problem = door?.problem ?? (door == nil ? "no state is retained for it" : presence.problem)
  }

  var text: String {
    var text = "\(door): \(state)"
    if let last { text += " (last known: \(last))" }
    if let since { text += " since \(since)" }
    if simulated == true { text += ", simulated" }
    if let problem { text += " - \(problem)" }
    return text
  }
}

struct StateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "state",
    abstract: "Says whether doors are open, from their retained topics.",
    discussion: "Exits with 0 when all are closed, 1 when one is open, 2 when one is unknown or the broker "
      + "cannot be reached.")

  @OptionGroup var broker: BrokerOptions

  @Flag(name: .customLong("json"), help: "Answer in JSON.")
  var isJSON = false

  @Argument(help: "Doors as AGENT/DOOR; all of them where none is named.")
  var doors: [String] = []

  private func addresses() throws -> [DoorAddress] {
    try doors.map { name in
      do throws(IdentifierError) {
        return try DoorAddress(name)
      } catch {
        throw ValidationError("\(error)")
      }
    }
  }

  func validate() throws {
    _ = try addresses()
  }

  func run() async throws {
    let settings = try broker.settings()
    let topics = settings.topics
    let board = DoorBoard(topics: topics)
    // At most once: the broker then sends all that is retained at once, and the fence is behind it.
    let routes = [topics.everyDoor, topics.everyAgentAvailability, topics.everyHeartbeat].map {
      Route($0, qualityOfService: .atMostOnce) { messages in messages.forEach(board.take) }
    }
    let limit = Duration.seconds(broker.timeoutSeconds)
    do {
      try await broker.visit(settings, routes: routes) { client in
        try await Deadline.run(limit, or: ControlError.noAnswer("the broker does not answer")) {
          try await client.fence()
          // The standard does not order retained messages before the fence's answer; a moment makes up for
          // brokers that take the freedom.
          try await Task.sleep(for: .milliseconds(100))
        }
      }
    } catch {
      ProgramOutput.complain("doorctl: \(error)")
      throw ExitCode(2)
    }
    try answer(board.all)
  }

  private func answer(_ contents: DoorBoard.Contents) throws {
    let named = try addresses()
    let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
    let lines = (named.isEmpty ? contents.doors.keys.sorted() : named).map {
      DoorLine($0, contents.doors[$0], contents.presence(of: $0.agent, now: now))
    }
    if isJSON {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(lines), as: UTF8.self))
    } else if lines.isEmpty {
      ProgramOutput.complain("doorctl: the broker has no door's state: is the agent running?")
    } else {
      for line in lines { print(line.text) }
    }
    let states = lines.map(\.state)
    if states.isEmpty || states.contains(where: { $0 != "open" && $0 != "closed" }) { throw ExitCode(2) }
    if states.contains("open") { throw ExitCode(1) }
  }
}
