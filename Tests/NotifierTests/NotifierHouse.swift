import AlarmStore
import Appliance
import DoorCore
import DoorWire
import Logging
import MQTTProtocol
import NIOCore
import TestSupport

@testable import Notifier

/// A notifier's stages on a store of their own, with a clock that the test sets: what comes in, and what is kept.
struct NotifierHouse {
  static let beginning: Int64 = 1_700_000_000_000

  let settings: NotifierSettings
  let store: AlarmStore
  private let doors: DoorIntake
  private let commands: CommandIntake
  private let timekeeper: Timekeeper

  /// - Parameter lines: of the settings, after those of the broker and the channel, and before the doors.
  init(path: String, area: String = "", doors: String, lines: String = "") throws {
    settings = try NotifierSettings(
      text: """
        id = "main"
        store = "\(path)"
        \(lines)
        [broker]
        host = "localhost"
        [[area]]
        id = "home"
        name = "Home"
        \(area)
        [[channel]]
        id = "log"
        type = "log"
        \(doors)
        """, file: "notifier.toml")
    store = try AlarmStore(path: path)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    self.doors = DoorIntake(settings: settings, store: store)
    commands = CommandIntake(settings: settings, store: store, logger: logger)
    timekeeper = Timekeeper(
      settings: settings, store: store, emergency: Emergency(channels: [], logger: logger) {})
  }

  static func door(_ id: String, _ lines: String = "") -> String {
    "[[door]]\nagent = \"hall\"\nid = \"\(id)\"\narea = \"home\"\n\(lines)\n"
  }

  // MARK: Time

  static func wall(_ second: Int64) -> Timestamp { Timestamp(milliseconds: beginning + second * 1_000) }

  static func moment(_ second: Int64) -> Moment {
    Moment(
      wall: wall(second), uptime: MonotonicTime(nanoseconds: (second + 1_000) * 1_000_000_000), boot: "run-1")
  }

  // MARK: What comes in

  @discardableResult
  func receive(
    _ door: String, _ state: DoorState, _ sequence: Int64, at second: Int64, since: Int64? = nil
  ) async throws -> Outcome {
    let transition = Transition(
      state: state, since: Self.wall(since ?? second), journal: "5e1f0c77", sequence: sequence, boot: "b",
      uptimeMilliseconds: 1, clock: .synced, cause: .edge)
    let payload = DoorMessage(transition: transition, sent: Self.wall(second)).encoded()
    let topic = settings.topics.door(try DoorAddress("hall/\(door)"))
    return try await doors.take(
      [ReceivedMessage(topic: topic, payload: ByteBuffer(bytes: payload), qualityOfService: .atLeastOnce)],
      now: Self.moment(second))
  }

  @discardableResult
  func command(_ text: String, at second: Int64, isRetained: Bool = false) async throws -> CommandIntake
    .Answer?
  {
    let message = ReceivedMessage(
      topic: "dooralarm/area/home/alarm/set", payload: ByteBuffer(string: text),
      qualityOfService: .atLeastOnce,
      isRetained: isRetained)
    return try await commands.take(message, now: Self.moment(second))
  }

  /// Does what is due; returns how long until more is.
  @discardableResult
  func pass(at second: Int64) async throws -> Duration? {
    try await timekeeper.pass(now: Self.moment(second)).1
  }

  /// The same; returns what comes of it.
  ///
  /// - Parameter uptime: where it is not that of the time on the wall, which somebody has set.
  func outcome(at second: Int64, uptime: Int64? = nil) async throws -> Outcome {
    var now = Self.moment(uptime ?? second)
    now.wall = Self.wall(second)
    return try await timekeeper.pass(now: now).0
  }

  // MARK: What is kept

  func state(at second: Int64) async throws -> AreaState {
    let settings = settings
    return try await store.transact { store in
      var session = AreaSession(settings: settings, now: Self.moment(second))
      guard let engine = try session.engine(of: try Identifier("home"), store) else {
        throw TestSupportError("there is no area")
      }
      return engine.state
    }
  }

  func records() async throws -> [AlertRecord] { try await store.transact { try $0.alertRecords() } }

  func kinds() async throws -> [Alert.Kind] { try await records().map(\.alert.kind) }

  /// What the channel has got, in the order of its getting it.
  func send(at second: Int64) async throws -> [String] {
    try await store.transact { store in
      var sent: [String] = []
      while case .message(let message) = try store.next(for: try Identifier("log"), now: Self.wall(second)) {
        sent += message.items.map { "\($0.alert.kind.rawValue) \($0.stage)" }
        try store.markDelivered(message, DeliveryReceipt(answer: "", at: Self.wall(second), duration: .zero))
      }
      return sent
    }
  }
}
