import Delivery
import DoorCore
import Logging
import Synchronization

@testable import AlarmStore
@testable import Notifier

/// A worker of the channel `log` whose clock the test sets, and a receiver that does as the test says; `phone` is
/// another channel, which nobody works at.
final class DeliveryBench: Sendable {
  struct Try: Sendable {
    var at: Duration
    /// The alerts' ids, and their stages where they are not new.
    var alerts: [String]
    var result: DeliveryResult
  }

  let house: NotifierHouse
  private let elapsed: Mutex<Duration>
  private let receiver: Receiver
  private let worker: DeliveryWorker
  private let told = Mutex<[Outcome]>([])

  init(
    _ house: NotifierHouse, at begin: Duration = .zero, rate: SendingRate? = nil,
    backoff: Backoff = Backoff(initial: .seconds(1), ceiling: .seconds(60)),
    _ answer: @escaping @Sendable (Notice, Duration) -> DeliveryResult
  ) throws {
    self.house = house
    elapsed = Mutex(begin)
    receiver = try Receiver(rate: rate)
    worker = DeliveryWorker(
      channel: receiver, settings: house.settings, store: house.store,
      text: AlertText(settings: house.settings),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, backoff: backoff)
    receiver.answer.withLock { $0 = { [unowned self] in answer($0, now) } }
    receiver.now.withLock { $0 = { [unowned self] in now } }
  }

  private final class Receiver: DeliveryChannel {
    let id: Identifier
    let rate: SendingRate?
    let answer = Mutex<@Sendable (Notice) -> DeliveryResult>({ _ in .refused(why: "nobody is there") })
    let now = Mutex<@Sendable () -> Duration>({ .zero })
    let tries = Mutex<[Try]>([])

    init(rate: SendingRate?) throws {
      id = try Identifier("log")
      self.rate = rate
    }

    func deliver(_ notice: Notice) async -> DeliveryResult {
      let result = answer.withLock { $0 }(notice)
      let alerts = notice.items.map { $0.stage == .raised ? $0.alert.id : "\($0.alert.id) \($0.stage)" }
      let now = now.withLock { $0 }()
      tries.withLock { $0.append(Try(at: now, alerts: alerts, result: result)) }
      return result
    }
  }

  // MARK: Time

  var now: Duration { elapsed.withLock { $0 } }

  private var moment: Moment {
    let now = now
    return Moment(
      wall: NotifierHouse.wall(0).advanced(by: now),
      uptime: NotifierHouse.moment(0).uptime.advanced(by: now),
      boot: "run-1")
  }

  /// Lets time pass as the worker asks for it.
  func run(until end: Duration) async throws {
    while true {
      let wait = try await worker.pass(clock: { self.moment }) { outcome in
        self.told.withLock { $0.append(outcome) }
      }
      let left = end - now
      guard left > .zero else { return }
      elapsed.withLock { $0 += min(wait ?? left, left) }
    }
  }

  // MARK: What happens

  func raise(
    _ ids: String..., severity: Alert.Severity = .alarm, kind: Alert.Kind = .opened
  ) async throws {
    try await raise(ids, severity, kind)
  }

  func raise(_ ids: [String], _ severity: Alert.Severity, _ kind: Alert.Kind) async throws {
    let moment = moment
    let front = try DoorAddress("hall/front")
    try await house.store.transact { [settings = house.settings] store in
      var session = AreaSession(settings: settings, now: moment)
      for id in ids {
        try session.raise(
          Alert(
            id: id, severity: severity, kind: kind, area: try Identifier("home"), subject: .door(front),
            state: .open, at: moment.wall), store)
      }
    }
  }

  // MARK: What came of it

  var tries: [Try] { receiver.tries.withLock { $0 } }
  /// The alerts that the receiver has taken, in its order.
  var taken: [String] {
    tries.filter { if case .delivered = $0.result { true } else { false } }.flatMap(\.alerts)
  }
  var outcomes: [Outcome] { told.withLock { $0 } }

  func deliveries(of alert: String) async throws -> [DeliveryRecord] {
    try await house.store.transact { try $0.deliveries(of: alert) }
  }

  /// The alerts that the channel delivers nothing.
  func failures() async throws -> [AlertRecord] {
    try await house.records().filter { $0.alert.kind == .channelFailing }
  }

  /// What another channel is to send next.
  func next(for channel: String) async throws -> OutboxMessage? {
    let channel = try Identifier(channel)
    let wall = moment.wall
    let stand = try await house.store.transact { try $0.next(for: channel, now: wall) }
    return if case .message(let message) = stand { message } else { nil }
  }
}
