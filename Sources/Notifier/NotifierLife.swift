import AlarmStore
import Appliance
import BrokerLink
import Delivery
import DoorCore
import Logging
import MQTT
import Synchronization

/// Tells others that the notifier is alive: systemd how it stands, and whoever watches over it from outside that it can
/// do its work. When it cannot, because its store fails or the broker is away, it says nothing: silence is what
/// the other side takes for an alarm.
final class NotifierLife: Sendable {
  private let settings: NotifierSettings
  private let store: AlarmStore
  private let deadManSwitch: DeadManSwitch?
  private let serviceManager: ServiceManager
  private let logger: Logger
  private let state = Mutex(State())

  private struct State {
    var isConnected = false
    /// How the connection stands, in words.
    var broker = "not reached yet"
    var undelivered = 0
  }

  init(
    settings: NotifierSettings, store: AlarmStore, serviceManager: ServiceManager, logger: Logger
  ) {
    self.settings = settings
    self.store = store
    deadManSwitch = settings.deadMan.map { DeadManSwitch(address: $0.address) }
    self.serviceManager = serviceManager
    self.logger = logger
  }

  func note(_ connection: ConnectionState) {
    guard let standing = connection.standing else { return }
    state.withLock { state in
      state.isConnected = if case .connected = connection { true } else { false }
      state.broker = standing
    }
    showStatus()
  }

  /// Looks how many alerts have reached nobody.
  func noteUndelivered() async {
    guard let count = try? await store.transact({ try $0.undeliveredCount() }) else { return }
    state.withLock { $0.undelivered = count }
    showStatus()
  }

  private func showStatus() {
    let (broker, undelivered) = state.withLock { ($0.broker, $0.undelivered) }
    let alerts = undelivered == 0 ? "" : "; \(undelivered) ALERTS HAVE REACHED NOBODY"
    serviceManager.status("\(settings.doors.count) doors; broker: \(broker)\(alerts)")
  }

  /// Works until the task is cancelled. The notifier is ready at once: it takes what comes as soon as it comes.
  func run() async throws {
    await noteUndelivered()
    while !serviceManager.ready() { try await Task.sleep(for: .seconds(1)) }
    let period = settings.deadMan?.period ?? .seconds(60)
    var wasHeard = true
    while true {
      guard await canWork() else {
        // As soon as it can again, it is said.
        try await Task.sleep(for: min(period, .seconds(5)))
        continue
      }
      if let deadManSwitch {
        switch await deadManSwitch.ping() {
        case .heard:
          if !wasHeard { logger.notice("the life sign is heard again") }
          wasHeard = true
        case .unheard(let why):
          if wasHeard {
            logger.error("the life sign was not heard, and somebody may be told that this is dead: \(why)")
          }
          wasHeard = false
        }
      }
      try await Task.sleep(for: period)
    }
  }

  private func canWork() async -> Bool {
    guard state.withLock({ $0.isConnected }) else { return false }
    do throws(AlarmStoreError) {
      try await store.probe(now: .now)
      return true
    } catch {
      logger.error("no life sign: \(error)")
      return false
    }
  }
}
