import AlarmStore
import Appliance
import DoorCore
import DoorWire

/// The stage that notices when an agent falls silent: silence is never taken for safety.
actor Supervisor {
  /// The period of an agent that was never heard.
  private static let assumedPeriod = Duration.seconds(60)

  private let settings: NotifierSettings
  private let store: AlarmStore
  private var supervision: Supervision

  init(settings: NotifierSettings, store: AlarmStore) async throws(AlarmStoreError) {
    self.settings = settings
    self.store = store
    supervision = Supervision(
      agents: Set(settings.doors.keys.map(\.agent)),
      silent: try await store.transact { try $0.silentAgents() },
      period: Self.assumedPeriod, now: .now)
  }

  /// Watches the deadlines until the task is cancelled.
  func run(tell: @Sendable (Outcome) async -> Void) async throws {
    while true {
      let wait = supervision.nextDeadline?.elapsed(since: .now) ?? Self.assumedPeriod
      // A heartbeat that comes meanwhile moves its deadline; the shortest period bounds how late that shows.
      try await Task.sleep(for: min(max(wait, .milliseconds(10)), .seconds(1)))
      for agent in supervision.newlySilent(at: .now) {
        await tell(try await note(agent, isSilent: true))
      }
    }
  }

  /// Answers a question for its life.
  func answer(_ stage: Watchdog.Stage) { stage.answer() }

  func heard(_ heartbeat: HeartbeatMessage, of agent: Identifier, isLive: Bool) async throws -> Outcome {
    let isBack = supervision.heard(
      agent, period: .seconds(heartbeat.periodSeconds), isLive: isLive, at: .now)
    return isBack ? try await note(agent, isSilent: false) : Outcome()
  }

  /// Writes down that an agent has fallen silent or is back, with the alerts that this is to each area.
  private func note(_ agent: Identifier, isSilent: Bool) async throws -> Outcome {
    let doors = settings.doors.values.filter { $0.address.agent == agent }
    let channels = settings.channels.map(\.id)
    let now = Timestamp.now
    return try await store.transact { store in
      var outcome = Outcome()
      guard try store.setSilent(isSilent, agent) else { return outcome }
      outcome.warnings.append("agent \(agent) \(isSilent ? "is silent" : "is heard again")")
      // What happened meanwhile is stated by the agent itself.
      if !isSilent { outcome.restate.insert(agent) }
      for area in Set(doors.map(\.area)) {
        let before = try store.engine(of: area, now: now)
        var engine = before
        let alert = isSilent ? engine.agentSilent(agent, now: now) : engine.agentBack(agent, now: now)
        if engine != before {
          try store.save(engine, before: before)
          outcome.areas.insert(area)
        }
        if try store.raise(alert, through: channels, now: now) { outcome.alerts.append(alert) }
      }
      return outcome
    }
  }
}
