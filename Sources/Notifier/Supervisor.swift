import AlarmStore
import Appliance
import DoorCore
import DoorWire
import MQTT
import MQTTProtocol

/// The stage that notices when an agent or the broker falls silent: silence is never taken for safety.
actor Supervisor {
  /// The period of an agent that was never heard.
  private static let assumedPeriod = Duration.seconds(60)

  /// What was noticed.
  private enum News: Sendable {
    case silent(Identifier)
    case heardAgain(Identifier)
    case brokerGone(why: String)
    case brokerBack
    case clientTaken(name: String)
  }

  private let settings: NotifierSettings
  private let store: AlarmStore
  private let emergency: Emergency
  private var supervision: Supervision
  /// Why the broker is not there.
  private var brokerProblem = "it has not been reached yet"
  /// What is not in the store yet, in the order of its coming: it stays here until the store takes it. Agents and
  /// connections come and go by periods of seconds, so a store that fails for long is what bounds this: beyond the limit
  /// the oldest goes, and the newest of an agent is always there.
  private var news: [News] = []
  private static let newsLimit = 1_024
  private let waker = Waker()

  init(settings: NotifierSettings, store: AlarmStore, emergency: Emergency) async throws(AlarmStoreError) {
    self.settings = settings
    self.store = store
    self.emergency = emergency
    // Of a foreign contact its own availability tells.
    let agents = Set(settings.doors.values.filter { $0.source == nil }.map(\.address.agent))
    let silent = try await store.transact { store in
      // Nobody would ever be heard, nor anything be over, of what the settings do not have any more.
      for agent in try store.silentAgents().subtracting(agents) { _ = try store.setSilent(false, agent) }
      try store.endAlerts(unless: settings.has, now: .now)
      return try store.silentAgents()
    }
    supervision = Supervision(agents: agents, silent: silent, period: Self.assumedPeriod, now: .now)
  }

  /// Answers a question for its life.
  func answer(_ stage: Watchdog.Stage) { stage.answer() }

  /// A heartbeat has come.
  func heard(_ heartbeat: HeartbeatMessage, of agent: Identifier, isLive: Bool) {
    let period = Duration.seconds(heartbeat.periodSeconds)
    if supervision.heard(agent, period: period, isLive: isLive, at: .now) { note(.heardAgain(agent)) }
    // Its next deadline is another.
    waker.wake()
  }

  /// The connection stands otherwise than before.
  func note(_ connection: ConnectionState) {
    switch connection {
    case .connected:
      supervision.brokerBack(at: .now)
      note(.brokerBack)
    case .waiting(_, let reason):
      supervision.brokerLost(at: .now)
      brokerProblem = "\(reason)"
      if case .sessionTakenOver(_, let name) = reason, supervision.isNameTaken(at: .now) {
        note(.clientTaken(name: name))
      }
      waker.wake()
    case .idle, .connecting, .stopped: break
    }
  }

  private func note(_ news: News) {
    if self.news.count == Self.newsLimit { self.news.removeFirst() }
    self.news.append(news)
    waker.wake()
  }

  /// Watches the deadlines until the task is cancelled.
  func run(tell: @Sendable (Outcome) async -> Void) async throws {
    try await waker.run {
      // What the store does not take keeps heartbeats waiting behind it: nobody can be heard.
      if await emergency.isFailing { supervision.begin(at: .now) }
      if supervision.isBrokerNewlyGone(at: .now) { note(.brokerGone(why: brokerProblem)) }
      for agent in supervision.newlySilent(at: .now) { note(.silent(agent)) }
      do throws(AlarmStoreError) {
        while !news.isEmpty {
          let outcome = try await writeDownFirst()
          await emergency.storeWorks()
          await tell(outcome)
        }
      } catch {
        if Task.isCancelled { return nil }
        await emergency.storeFails(error)
        return .seconds(5)
      }
      return supervision.nextDeadline.map { max($0.elapsed(since: .now), .zero) + .milliseconds(1) }
    }
  }

  /// Takes out the oldest news and writes it down; what the store does not take is put back.
  private func writeDownFirst() async throws(AlarmStoreError) -> Outcome {
    let first = news.removeFirst()
    do throws(AlarmStoreError) {
      return try await writeDown(first)
    } catch {
      news.insert(first, at: 0)
      throw error
    }
  }

  /// Writes down what was noticed, with the alerts that this is to each area.
  private func writeDown(_ news: News) async throws(AlarmStoreError) -> Outcome {
    try await store.transact { [settings] store in
      var session = AreaSession(settings: settings, now: .now)
      let now = session.now
      switch news {
      case .silent(let agent):
        guard try store.setSilent(true, agent) else { break }
        session.outcome.warnings.append("agent \(agent) is silent")
        for area in settings.areas(ofAgent: agent) {
          try session.decide(area, store) { $0.agentSilent(agent, at: now) }
        }
      case .heardAgain(let agent):
        guard try store.setSilent(false, agent) else { break }
        session.outcome.warnings.append("agent \(agent) is heard again")
        // What happened meanwhile is stated by the agent itself.
        session.outcome.restate.insert(agent)
        for area in settings.areas(ofAgent: agent) {
          try session.decide(area, store) { $0.agentBack(agent) }
        }
        for door in settings.doors.values where door.address.agent == agent {
          let state = try store.state(of: door.address)
          try session.decide(door.area, store) { $0.confirmed(door.address, is: state) }
        }
      case .brokerGone(let why):
        for area in settings.areas.keys {
          try session.decide(area, store) { $0.brokerGone(why: why, at: now) }
        }
      case .brokerBack:
        for area in settings.areas.keys { try session.decide(area, store) { $0.brokerBack() } }
      case .clientTaken(let name):
        for area in settings.areas.keys { try session.decide(area, store) { $0.clientTaken(name, at: now) } }
      }
      return session.outcome
    }
  }
}

extension NotifierSettings {
  /// Whether there is what an alert is about.
  fileprivate func has(_ alert: Alert) -> Bool {
    switch alert.subject {
    case .door(let door): doors[door]?.area == alert.area
    case .agent(let agent): areas(ofAgent: agent).contains(alert.area)
    case .area, .broker: areas[alert.area] != nil
    case .channel(let channel): areas[alert.area] != nil && channels.contains { $0.id == channel }
    }
  }

  /// The areas that have doors of an agent.
  fileprivate func areas(ofAgent agent: Identifier) -> Set<Identifier> {
    Set(doors.values.filter { $0.address.agent == agent }.map(\.area))
  }
}
