import BrokerLink
import DoorCore
import DoorWire
import Journal
import Logging
import MQTT
import MQTTProtocol

/// The stage between the journal and the broker: sends what nobody has been told of, in order, marks it sent
/// when the broker has acknowledged it, and states the doors again when asked to.
actor Publisher {
  /// How many transitions are under way at once.
  private static let batch = 100
  /// Requests for replays that wait. Beyond it they are ignored: the notifier asks again with every heartbeat.
  private static let replayLimit = 32

  private let agent: Identifier
  private let doors: [Identifier]
  private let topics: Topics
  private let journal: TransitionJournal
  private let client: MQTTClient
  private let clock: AgentClock
  private let logger: Logger
  private let wakes: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation
  private var isToAnnounce = false
  private var isToRestate = false
  private var replays: [ReplayRequest] = []

  init(
    settings: AgentSettings, journal: TransitionJournal, client: MQTTClient, clock: AgentClock, logger: Logger
  ) {
    agent = settings.id
    doors = settings.doors.map(\.id)
    topics = settings.topics
    self.journal = journal
    self.client = client
    self.clock = clock
    self.logger = logger
    // One wake that waits says all that two would.
    (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// There is something new in the journal.
  nonisolated func transitionsCommitted() {
    wake.yield()
  }

  /// The connection is there (again): say so, and state every door.
  func connected() {
    isToAnnounce = true
    isToRestate = true
    wake.yield()
  }

  /// Somebody asked for the doors' states.
  func restate() {
    isToRestate = true
    wake.yield()
  }

  /// The notifier misses a range of transitions. It gets what there is: at most ``batch`` of them a request,
  /// the oldest first.
  func replay(_ request: ReplayRequest) {
    guard replays.count < Self.replayLimit else { return }
    replays.append(request)
    wake.yield()
  }

  /// Publishes until the task is cancelled.
  func run() async throws {
    wake.yield()
    for await _ in wakes {
      while true {
        do {
          if try await !publishNext() { break }
        } catch let error as MQTTError {
          if case .stopped = error { return }
          logger.error("transitions wait in the journal: \(error)")
          try await Task.sleep(for: .seconds(5))
          // What was under way may not have arrived: all of it is said again.
          connected()
        } catch let error as JournalError {
          if case .damaged = error { throw error }
          logger.error("\(error)")
          try await Task.sleep(for: .seconds(5))
        }
      }
    }
  }

  /// Does the next thing that is to be done; false where there is none.
  private func publishNext() async throws -> Bool {
    if isToAnnounce {
      isToAnnounce = false
      try await client.publish(.availability(.online, topic: topics.availability(ofAgent: agent)))
      return true
    }
    let entries = try await journal.unsent(limit: Self.batch)
    if !entries.isEmpty {
      try await client.publish(
        entries.map { message($0.transition, topic: topics.door(address($0.door)), isRetained: true) })
      try await journal.markSent(entries)
      return true
    }
    if isToRestate {
      isToRestate = false
      for door in doors {
        guard let newest = try await journal.newest(of: door) else { continue }
        try await client.publish(message(newest, topic: topics.door(address(door)), isRetained: true))
      }
      return true
    }
    if let request = replays.first {
      replays.removeFirst()
      let entries = try await journal.transitions(of: request.door, request.sequences, limit: Self.batch)
      let topic = topics.replayed(address(request.door))
      try await client.publish(entries.map { message($0.transition, topic: topic, isRetained: false) })
      return true
    }
    return false
  }

  private func message(_ transition: Transition, topic: String, isRetained: Bool) -> Message {
    Message(
      topic: topic, payload: DoorMessage(transition: transition, sent: clock.now).encoded(),
      retain: isRetained)
  }

  private func address(_ door: Identifier) -> DoorAddress { DoorAddress(agent: agent, door: door) }
}
