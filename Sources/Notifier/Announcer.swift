import AlarmStore
import Appliance
import BrokerLink
import Delivery
import DoorCore
import DoorWire
import Logging
import MQTT
import MQTTProtocol

/// The stage that tells the broker what follows from the store: the areas' states, events, and questions to
/// agents. What it has not told yet is not durable and need not be: all of it follows from the store again.
actor Announcer {
  /// Events that wait for the broker. At the bound the oldest are dropped, and logged: the alerts themselves
  /// are in the outbox.
  private static let eventLimit = 256
  /// Gaps asked for at once.
  private static let gapLimit = 16
  /// Between two requests to one agent to state its doors: an agent that answers with what is known already is
  /// not asked again at the network's speed.
  private static let restatePause = Duration.seconds(5)

  private let settings: NotifierSettings
  private let store: AlarmStore
  private let client: MQTTClient
  private let logger: Logger
  private let wakes: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation
  private var isToGreet = false
  private var isToDescribe = false
  private var areas: Set<Identifier> = []
  private var restate: Set<Identifier> = []
  private var restateAsked: [Identifier: ContinuousClock.Instant] = [:]
  private var isPausing = false
  private var replay: Set<Identifier> = []
  private var events: [(area: Identifier, event: AreaEvent)] = []

  init(settings: NotifierSettings, store: AlarmStore, client: MQTTClient, logger: Logger) {
    self.settings = settings
    self.store = store
    self.client = client
    self.logger = logger
    (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// The connection is there (again): say so, and state every area.
  func connected() {
    isToGreet = true
    describe()
    areas.formUnion(settings.areas.keys)
    wake.yield()
  }

  /// Home Assistant wants to know what there is.
  func describe() {
    isToDescribe = settings.discoveryPrefix != nil
    wake.yield()
  }

  /// Tells what has come of a batch of messages.
  func announce(_ outcome: Outcome, _ text: AlertText) {
    areas.formUnion(outcome.areas)
    restate.formUnion(outcome.restate)
    replay.formUnion(outcome.replay)
    for alert in outcome.alerts {
      let event = AreaEvent(
        kind: .alert, id: nil, state: alert.severity.rawValue, text: text.notice(of: alert).text, at: alert.at
      )
      append(event, alert.area)
    }
    wake.yield()
  }

  /// Tells what a command has led to: the area's state, then the answer.
  func announce(_ event: AreaEvent, area: Identifier) {
    areas.insert(area)
    append(event, area)
    wake.yield()
  }

  private func append(_ event: AreaEvent, _ area: Identifier) {
    if events.count == Self.eventLimit {
      events.removeFirst()
      logger.warning("an event was dropped: \(Self.eventLimit) wait for the broker")
    }
    events.append((area, event))
  }

  /// Answers a question for its life.
  func answer(_ stage: Watchdog.Stage) { stage.answer() }

  /// Announces until the task is cancelled.
  func run() async throws {
    for await _ in wakes {
      do {
        while let messages = try await next() { try await client.publish(messages) }
      } catch let error as MQTTError {
        if case .stopped = error { return }
        logger.error("the broker was not told: \(error)")
        try await Task.sleep(for: .seconds(5))
        // What was under way may not have arrived: the areas are stated again.
        connected()
      } catch let error as AlarmStoreError {
        if Task.isCancelled { return }
        logger.error("\(error)")
        try await Task.sleep(for: .seconds(5))
        connected()
      }
    }
  }

  /// What is to be published next, taken out of what waits; nil where nothing waits.
  private func next() async throws -> [Message]? {
    if isToGreet {
      isToGreet = false
      return [.availability(.online, topic: settings.topics.availability(ofNotifier: settings.id))]
    }
    if isToDescribe, let prefix = settings.discoveryPrefix {
      isToDescribe = false
      let panel = HomeAssistantPanel(
        notifier: settings.id, topics: settings.topics, areas: settings.areas.mapValues(\.name))
      return [Message(topic: panel.topic(prefix: prefix), payload: panel.encoded(), retain: true)]
    }
    if let area = areas.popFirst() {
      let engine = try await store.transact { try $0.engine(of: area, now: .now) }
      let state = AreaMessage(state: engine.stateName, mode: engine.mode, since: engine.since)
      return [Message(topic: settings.topics.alarm(area: area), payload: state.encoded(), retain: true)]
    }
    if let (area, event) = events.first {
      events.removeFirst()
      return [Message(topic: settings.topics.event(area: area), payload: event.encoded())]
    }
    if let agent = nextToRestate() {
      return [Message(topic: settings.topics.get(agent: agent), payload: [])]
    }
    if let agent = replay.popFirst() {
      let gaps = try await store.transact { try $0.gaps(ofAgent: agent, limit: Self.gapLimit) }
      return gaps.map {
        Message(
          topic: settings.topics.replay(agent: agent),
          payload: ReplayRequest(door: $0.door.door, sequences: $0.sequences).encoded())
      }
    }
    return nil
  }

  /// An agent that is to state its doors and was not asked just now; those that were wait for their time.
  private func nextToRestate() -> Identifier? {
    let now = ContinuousClock.now
    restateAsked = restateAsked.filter { now - $0.value < Self.restatePause }
    if let agent = restate.first(where: { restateAsked[$0] == nil }) {
      restate.remove(agent)
      restateAsked[agent] = now
      return agent
    }
    if !isPausing, let earliest = restate.compactMap({ restateAsked[$0] }).min() {
      isPausing = true
      Task {
        try? await Task.sleep(until: earliest + Self.restatePause)
        endPause()
      }
    }
    return nil
  }

  private func endPause() {
    isPausing = false
    wake.yield()
  }
}
