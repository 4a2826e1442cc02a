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
  private let text: AlertText
  private let waker = Waker()
  private var isToGreet = false
  private var isToDescribe = false
  private var areas: Set<Identifier> = []
  private var restate: Set<Identifier> = []
  private var restateAsked: [Identifier: ContinuousClock.Instant] = [:]
  private var replay: Set<Identifier> = []
  private var events: [Message] = []
  private var selfTests: Set<Identifier> = []

  init(settings: NotifierSettings, store: AlarmStore, client: MQTTClient, logger: Logger) {
    self.settings = settings
    self.store = store
    self.client = client
    self.logger = logger
    text = AlertText(settings: settings)
  }

  /// The connection is there (again): say so, and state every area.
  func connected() {
    isToGreet = true
    describe()
    areas.formUnion(settings.areas.keys)
    waker.wake()
  }

  /// Home Assistant wants to know what there is.
  func describe() {
    isToDescribe = settings.discoveryPrefix != nil
    waker.wake()
  }

  /// Tells what has come of a batch of messages.
  func announce(_ outcome: Outcome) {
    areas.formUnion(outcome.areas)
    restate.formUnion(outcome.restate)
    replay.formUnion(outcome.replay)
    // Of somebody who was forced to command nobody hears here: who forces may listen.
    let told = outcome.told.filter { $0.alert.kind != .duress }
    let acknowledged = outcome.acknowledged.filter { $0.alert.kind != .duress }
    let undelivered = outcome.undelivered.filter { $0.kind != .duress }
    for told in told { announce(told) }
    selfTests.formUnion(outcome.selfTests)
    for (agent, test) in outcome.selfTestRequests {
      var request = Message(
        topic: settings.topics.selfTest(agent: agent),
        payload: SelfTestRequest(id: test, asked: .now).encoded())
      // A test that nobody waits for any more is none.
      request.properties.messageExpiryInterval = UInt32(SelfTests.limit.components.seconds)
      append(request)
    }
    for (alert, source) in acknowledged {
      append(
        AreaEvent(
          kind: .acknowledged, id: nil, state: alert.severity.rawValue,
          text: "acknowledged by a \(source): \(text(of: alert, .raised))", at: .now), alert.area)
    }
    for alert in undelivered {
      append(
        AreaEvent(
          kind: .undelivered, id: nil, state: alert.severity.rawValue, text: text(of: alert, .raised),
          at: alert.at), alert.area)
    }
    for (area, door) in outcome.chimes {
      let name = settings.doors[door]?.name ?? door.description
      append(
        AreaEvent(
          kind: .chime, id: nil, state: DoorState.open.rawValue, text: "\(name) was opened", at: .now), area)
    }
    waker.wake()
  }

  private func announce(_ told: ToldAlert) {
    let alert = told.alert
    let kind: AreaEvent.Kind
    switch told.stage {
    case .raised: kind = .alert
    case .resolved: kind = .resolved
    // For people, and not for automations.
    case .reminder: return
    }
    append(
      AreaEvent(
        kind: kind, id: nil, state: alert.severity.rawValue,
        text: text(of: alert, told.stage), at: alert.at), alert.area)
  }

  private func text(of alert: Alert, _ stage: AlertStage) -> String {
    text.text(
      of: OutboxItem(
        id: 0, alert: alert, stage: stage, count: 1, raised: .now, resolved: stage == .resolved ? .now : nil))
  }

  /// Tells what a command has led to: the area's state, then the answer; also to the topic that the command names for it
  /// (MQTT 5.0, 3.3.2.3.5).
  func announce(_ event: AreaEvent, area: Identifier, inAnswerTo message: ReceivedMessage) {
    areas.insert(area)
    append(event, area)
    if let topic = message.properties.responseTopic {
      var answer = Message(topic: topic, payload: event.encoded())
      answer.properties.correlationData = message.properties.correlationData
      append(answer)
    }
    waker.wake()
  }

  private func append(_ event: AreaEvent, _ area: Identifier) {
    append(Message(topic: settings.topics.event(area: area), payload: event.encoded()))
  }

  private func append(_ message: Message) {
    if events.count == Self.eventLimit {
      events.removeFirst()
      logger.warning("an event was dropped: \(Self.eventLimit) wait for the broker")
    }
    events.append(message)
  }

  /// Answers a question for its life.
  func answer(_ stage: Watchdog.Stage) { stage.answer() }

  /// Announces until the task is cancelled.
  func run() async throws {
    try await waker.run {
      do {
        while let messages = try await next() { try await client.publish(messages) }
        return restatePauseLeft
      } catch let error as MQTTError {
        // The client has ended, and the notifier with it.
        if case .stopped = error { return nil }
        if Task.isCancelled { return nil }
        logger.error("the broker was not told: \(error)")
      } catch let error as AlarmStoreError {
        if Task.isCancelled { return nil }
        logger.error("\(error)")
      }
      // What was under way may not have arrived: the areas are stated again.
      isToGreet = true
      areas.formUnion(settings.areas.keys)
      return .seconds(5)
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
        notifier: settings.id, topics: settings.topics,
        areas: settings.areas.mapValues { area in
          HomeAssistantPanel.Area(
            name: area.name,
            isCodeRequiredToArm: area.isCodeRequiredToArm && !settings.users.isEmpty,
            isCodeRequiredToDisarm: !settings.users.isEmpty)
        })
      return [Message(topic: panel.topic(prefix: prefix), payload: panel.encoded(), retain: true)]
    }
    if let area = areas.popFirst() {
      guard let state = try await state(of: area) else { return [] }
      return [Message(topic: settings.topics.alarm(area: area), payload: state.encoded(), retain: true)]
    }
    if !events.isEmpty { return [events.removeFirst()] }
    if let test = selfTests.popFirst() {
      guard let report = try await store.transact({ try SelfTests.report(of: test, $0) }) else { return [] }
      return [
        Message(topic: settings.topics.selfTestReport(ofNotifier: settings.id), payload: report.encoded())
      ]
    }
    if let agent = nextToRestate() {
      return [Message(topic: settings.topics.get(agent: agent), payload: [])]
    }
    if let agent = replay.popFirst() {
      let gaps = try await store.transact { try $0.gapsToAsk(ofAgent: agent, limit: Self.gapLimit) }
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
    return nil
  }

  /// How long until an agent that was asked just now can be asked again; nil where none is to be.
  private var restatePauseLeft: Duration? {
    restate.compactMap { restateAsked[$0] }.min().map { max(.zero, $0 + Self.restatePause - .now) }
  }

  private func state(of area: Identifier) async throws -> AreaMessage? {
    try await store.transact { [settings] store in
      var session = AreaSession(settings: settings, now: .now)
      guard let engine = try session.engine(of: area, store) else { return nil }
      return AreaMessage(
        state: engine.state, mode: engine.mode, since: engine.memory.since, until: engine.countdown?.end,
        changedBy: engine.memory.changedBy, bypassed: engine.memory.bypassed.keys.sorted())
    }
  }
}
