import AlarmStore
import Appliance
import BrokerLink
import DoorCore
import DoorWire
import Logging
import MQTTProtocol

/// The stage that takes in doors whose contacts are not our agents': what those cannot give is made up on arrival,
/// and marked so (``TransitionCause/arrival``).
actor ForeignIntake {
  private let settings: NotifierSettings
  private let store: AlarmStore
  private let logger: Logger
  /// The doors by their state's topic, and by the topics of their availability.
  private let contacts: [String: [(door: DoorAddress, contact: ForeignContact)]]
  private let availabilities: [String: [DoorAddress]]
  private var doors: [DoorAddress: ForeignDoor] = [:]
  private var isRemembered = false
  /// When each of those was heard last that are never silent for long, and which of them are.
  private var lastHeard: [DoorAddress: MonotonicTime] = [:]
  private var silent: Set<DoorAddress> = []
  private let waker = Waker()

  init(settings: NotifierSettings, store: AlarmStore, logger: Logger) {
    self.settings = settings
    self.store = store
    self.logger = logger
    var contacts: [String: [(door: DoorAddress, contact: ForeignContact)]] = [:]
    var availabilities: [String: [DoorAddress]] = [:]
    for door in settings.doors.values {
      guard let contact = door.source else { continue }
      contacts[contact.topic, default: []].append((door.address, contact))
      if contact.longestSilence != nil { lastHeard[door.address] = .now }
      for topic in contact.availabilityTopics { availabilities[topic, default: []].append(door.address) }
    }
    self.contacts = contacts
    self.availabilities = availabilities
  }

  /// Answers a question for its life.
  func answer(_ stage: Watchdog.Stage) { stage.answer() }

  /// What is to be subscribed to.
  nonisolated var topics: [String] { Set(contacts.keys).union(availabilities.keys).sorted() }

  private static let memory = "contacts that are not there"

  private struct Heard: Sendable {
    var door: DoorAddress
    var state: DoorState?
    var isBatteryLow: Bool?
  }

  func take(_ messages: [ReceivedMessage], now: Moment) async throws -> Outcome {
    try await remember()
    // Where the store does not take it the messages come again, and say the same.
    let heard = messages.flatMap(hear)
    let offline = Dictionary(
      uniqueKeysWithValues: doors.filter { !$0.value.offline.isEmpty }.map { ($0.key, $0.value.offline) })
    return try await store.transact { [settings] store in
      var session = AreaSession(settings: settings, now: now)
      if offline != (try store.remembered(Self.memory) ?? [:]) {
        try store.remember(offline, as: Self.memory)
      }
      for heard in heard {
        if let state = heard.state {
          try session.note(state, of: heard.door, store)
        }
        guard let isBatteryLow = heard.isBatteryLow, let area = settings.doors[heard.door]?.area else {
          continue
        }
        try session.decide(area, store) { $0.battery(of: heard.door, isLow: isBatteryLow, at: now) }
      }
      return session.outcome
    }
  }

  /// Watches for silence until the task is cancelled.
  func run(emergency: Emergency, tell: @Sendable (Outcome) async -> Void) async throws {
    try await waker.run {
      do {
        let outcome = try await emergency.watching { try await noteSilence(at: .now, uptime: .now) }
        if !outcome.isNothing { await tell(outcome) }
      } catch is AlarmStoreError {
        return .seconds(5)
      }
      return nextSilence.map { max($0.elapsed(since: .now), .zero) + .milliseconds(1) }
    }
  }

  /// When the next contact has been silent for too long; nil where none can be.
  private var nextSilence: MonotonicTime? {
    lastHeard.filter { !silent.contains($0.key) }.compactMap { deadline(of: $0, after: $1) }.min()
  }

  private func deadline(of door: DoorAddress, after time: MonotonicTime) -> MonotonicTime? {
    settings.doors[door]?.source?.longestSilence.map { time.advanced(by: $0) }
  }

  /// Contacts that have said nothing for too long are not there.
  func noteSilence(at now: Moment, uptime: MonotonicTime) async throws -> Outcome {
    let overdue = lastHeard.filter { door, time in
      !silent.contains(door) && deadline(of: door, after: time).map { $0 <= uptime } == true
    }.keys
    guard !overdue.isEmpty else { return Outcome() }
    for door in overdue { doors[door, default: ForeignDoor()].hear(.unknown) }
    let outcome = try await store.transact { [settings, overdue = Set(overdue)] store in
      var session = AreaSession(settings: settings, now: now)
      for door in overdue.sorted() {
        session.outcome.warnings.append("the contact of \(door) is silent")
        try session.note(.unknown, of: door, store)
      }
      return session.outcome
    }
    silent.formUnion(overdue)
    return outcome
  }

  private func noteHeard(_ door: DoorAddress) {
    guard lastHeard[door] != nil else { return }
    lastHeard[door] = .now
    if silent.remove(door) != nil { waker.wake() }
  }

  /// What was offline stays so until it says otherwise: a retained state that comes before that is of no use.
  private func remember() async throws {
    guard !isRemembered else { return }
    let offline = try await store.transact {
      try $0.remembered(Self.memory, as: [DoorAddress: Set<String>].self) ?? [:]
    }
    guard !isRemembered else { return }
    isRemembered = true
    for (door, topics) in offline {
      // Topics that the settings do not have any more will never say that it is back.
      let known = topics.intersection(settings.doors[door]?.source?.availabilityTopics ?? [])
      doors[door] = ForeignDoor(offline: known)
    }
  }

  private func hear(_ message: ReceivedMessage) -> [Heard] {
    var heard: [Heard] = []
    for door in availabilities[message.topic] ?? [] {
      let isOnline = ForeignContact.isOnline((try? message.wholePayload()) ?? [])
      doors[door, default: ForeignDoor()].hear(isOnline: isOnline, on: message.topic)
      heard.append(Heard(door: door, state: doors[door]?.state))
    }
    for (door, contact) in contacts[message.topic] ?? [] {
      // What the broker has kept is no sign of life.
      if !message.isRetained { noteHeard(door) }
      do throws(WireError) {
        let reading = try contact.reading(of: try message.wholePayload())
        if let state = reading.state { doors[door, default: ForeignDoor()].hear(state) }
        heard.append(Heard(door: door, state: doors[door]?.state, isBatteryLow: reading.isBatteryLow))
      } catch {
        logger.warning("the topic of \(door) holds no state of its contact: \(error)")
        doors[door, default: ForeignDoor()].hear(.unknown)
        heard.append(Heard(door: door, state: doors[door]?.state))
      }
    }
    return heard
  }
}

extension AreaSession {
  /// Takes what a contact says that has no journal; what is said again is nothing.
  fileprivate mutating func note(
    _ state: DoorState, of door: DoorAddress, _ store: borrowing StoreTransaction
  ) throws {
    let record = try store.record(of: door)
    guard let transition = ForeignDoor.transition(to: state, record: record, at: now) else { return }
    try append(
      transition, of: door, record == nil ? .baseline : .live, isNewest: true, isFinding: true, store)
  }
}
