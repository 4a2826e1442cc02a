import Appliance
import BrokerLink
import DoorCore
import DoorWire
import Journal
import Logging
import MQTT
import MQTTProtocol

/// The stage between the journal and the broker: sends what nobody has been told of, in order, marks it sent
/// when the broker has acknowledged it, and states the doors again when asked to. It works on the journal's thread.
actor Publisher {
  nonisolated var unownedExecutor: UnownedSerialExecutor { journal.unownedExecutor }

  /// How many transitions are under way at once.
  private static let batch = 100
  /// Requests for replays that wait. Beyond it they are ignored: the notifier asks again with every heartbeat.
  private static let replayLimit = 32

  private var settings: AgentSettings
  private var removedDoors: [AgentSettings.Door] = []
  private let journal: TransitionJournal
  private let client: MQTTClient
  private let clock: AgentClock
  private let logger: Logger
  private let metrics: AgentMetrics
  private let journalBegun: @Sendable () -> Void
  private let wakes: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation
  private static let selfTestSeconds: UInt32 = 60
  /// There has been a connection. Before the first nothing is given to the client: what the broker holds is looked
  /// at before it is replaced.
  private var hasConnected = false
  private var isToAnnounce = false
  private var isToDescribe = false
  private var isToRestate = false
  /// What was heard of the own doors and was not compared with the journal yet; one for each door at most.
  private var heard: [Identifier: Transition] = [:]
  private var replays: [ReplayRequest] = []
  private var selfTests: [SelfTestRequest] = []

  /// - Parameter journalBegun: called when the journal has begun anew and does not know the doors.
  init(
    settings: AgentSettings, journal: TransitionJournal, client: MQTTClient, clock: AgentClock,
    logger: Logger,
    metrics: AgentMetrics, journalBegun: @escaping @Sendable () -> Void
  ) {
    self.settings = settings
    self.journal = journal
    self.client = client
    self.clock = clock
    self.logger = logger
    self.metrics = metrics
    self.journalBegun = journalBegun
    // One wake that waits says all that two would.
    (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// There is something new in the journal.
  nonisolated func transitionsCommitted() {
    wake.yield()
  }

  /// The connection is there (again): say so, and state every door.
  func connected() {
    hasConnected = true
    isToAnnounce = true
    describe()
    restate()
  }

  /// Somebody asked for the doors' states.
  func restate() {
    isToRestate = true
    wake.yield()
  }

  /// Home Assistant wants to know what there is.
  func describe() {
    isToDescribe = settings.discoveryPrefix != nil
    wake.yield()
  }

  /// Has these settings from now on.
  func change(to new: AgentSettings) {
    removedDoors = (removedDoors + settings.doors).filter { old in !new.doors.contains { $0.id == old.id } }
    settings = new
    describe()
    restate()
  }

  /// The notifier misses a range of transitions. It gets what there is: at most ``batch`` of them a request,
  /// the oldest first.
  func replay(_ request: ReplayRequest) {
    guard replays.count < Self.replayLimit else { return }
    replays.append(request)
    wake.yield()
  }

  /// Somebody tests the way to the people.
  func test(_ request: SelfTestRequest) {
    guard selfTests.count < Self.replayLimit else { return }
    selfTests.append(request)
    wake.yield()
  }

  /// A state of a door of this agent is at the broker. Usually it is one that the journal knows.
  func note(_ published: Transition, of door: Identifier) {
    guard settings.doors.contains(where: { $0.id == door }) else { return }
    heard[door] = published
    wake.yield()
  }

  /// Answers a question for its life.
  func answer(_ stage: Watchdog.Stage) { stage.answer() }

  /// Publishes until the task is cancelled.
  func run() async throws {
    wake.yield()
    for await _ in wakes {
      while true {
        do {
          if try await !publishNext() { break }
        } catch let error as MQTTError {
          if case .stopped = error { return }
          if Task.isCancelled { return }
          logger.error("transitions wait in the journal: \(error)")
          try await pause(for: .seconds(5))
          // What was under way may not have arrived: all of it is said again.
          connected()
        } catch let error as JournalError {
          if case .damaged = error { throw error }
          logger.error("\(error)")
          try await pause(for: .seconds(5))
        }
      }
    }
  }

  /// Does the next thing that is to be done; false where there is none.
  private func publishNext() async throws -> Bool {
    guard hasConnected else { return false }
    if isToAnnounce {
      isToAnnounce = false
      try await client.publish(
        .availability(.online, topic: settings.topics.availability(ofAgent: settings.id)))
      // By then what the broker holds of the doors has been heard.
      try await client.fence()
      return true
    }
    if let (door, published) = heard.first {
      if try await journal.isContradicted(by: published, of: door) { try await beginJournalAnew() }
      // What was heard meanwhile is looked at in its turn.
      if heard[door] == published { heard[door] = nil }
      return true
    }
    if let request = selfTests.first {
      let event = SelfTestEvent(answering: request, sent: clock.now)
      var message = Message(
        topic: settings.topics.selfTestEvent(ofAgent: settings.id), payload: event.encoded())
      // Nobody waits for it any more by then.
      message.properties.messageExpiryInterval = Self.selfTestSeconds
      try await client.publish(message)
      selfTests.removeFirst()
      return true
    }
    if isToDescribe, let prefix = settings.discoveryPrefix {
      isToDescribe = false
      let device = HomeAssistantDevice(
        agent: settings.id, topics: settings.topics, doors: settings.doors.map(\.described),
        removedDoors: removedDoors.map(\.described))
      try await client.publish(
        Message(topic: device.topic(prefix: prefix), payload: device.encoded(), retain: true))
      return true
    }
    return try await publishTransitions()
  }

  private func publishTransitions() async throws -> Bool {
    let entries = try await journal.unsent(limit: Self.batch)
    if !entries.isEmpty {
      try await client.publish(
        entries.map {
          message($0.transition, topic: settings.topics.door(address($0.door)), isRetained: true)
        })
      try await journal.markSent(entries)
      metrics.sent(entries.count)
      return true
    }
    if isToRestate {
      isToRestate = false
      for door in settings.doors {
        guard let newest = try await journal.newest(of: door.id) else { continue }
        try await client.publish(
          message(newest, topic: settings.topics.door(address(door.id)), isRetained: true))
      }
      return true
    }
    if let request = replays.first {
      replays.removeFirst()
      let entries = try await journal.transitions(of: request.door, request.sequences, limit: Self.batch)
      let topic = settings.topics.replayed(address(request.door))
      try await client.publish(entries.map { message($0.transition, topic: topic, isRetained: false) })
      return true
    }
    return false
  }

  private func beginJournalAnew() async throws(JournalError) {
    let identifier = String.randomHexadecimal(digits: 8)
    try await journal.beginAnew(as: identifier)
    logger.error(
      "the broker knows transitions that this journal has not recorded: it was put back from a copy, and is a new journal, \(identifier), from now on"
    )
    journalBegun()
  }

  private func message(_ transition: Transition, topic: String, isRetained: Bool) -> Message {
    Message(
      topic: topic, payload: DoorMessage(transition: transition, sent: clock.now).encoded(),
      retain: isRetained)
  }

  private func address(_ door: Identifier) -> DoorAddress { DoorAddress(agent: settings.id, door: door) }
}

extension AgentSettings.Door {
  /// As Home Assistant is told of it.
  fileprivate var described: HomeAssistantDevice.Door {
    HomeAssistantDevice.Door(id: id, name: name, hasTamper: tamper != nil)
  }
}
