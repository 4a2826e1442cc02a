import AlarmStore
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

  init(settings: NotifierSettings, store: AlarmStore, logger: Logger) {
    self.settings = settings
    self.store = store
    self.logger = logger
    var contacts: [String: [(door: DoorAddress, contact: ForeignContact)]] = [:]
    var availabilities: [String: [DoorAddress]] = [:]
    for door in settings.doors.values {
      guard let contact = door.source else { continue }
      contacts[contact.topic, default: []].append((door.address, contact))
      for topic in contact.availabilityTopics { availabilities[topic, default: []].append(door.address) }
    }
    self.contacts = contacts
    self.availabilities = availabilities
  }

  /// What is to be subscribed to.
  nonisolated var topics: [String] { Set(contacts.keys).union(availabilities.keys).sorted() }

  func take(_ messages: [ReceivedMessage], now: Moment) async throws -> Outcome {
    var outcome = Outcome()
    for message in messages { outcome.merge(try await take(message, now: now)) }
    return outcome
  }

  private func take(_ message: ReceivedMessage, now: Moment) async throws -> Outcome {
    var heard: [DoorAddress: Bool?] = [:]
    for door in availabilities[message.topic] ?? [] {
      let isOnline = ForeignContact.isOnline((try? message.wholePayload()) ?? [])
      doors[door, default: ForeignDoor()].hear(isOnline: isOnline, on: message.topic)
      heard.updateValue(nil, forKey: door)
    }
    for (door, contact) in contacts[message.topic] ?? [] {
      do throws(WireError) {
        let reading = try contact.reading(of: try message.wholePayload())
        if let state = reading.state { doors[door, default: ForeignDoor()].hear(state) }
        heard.updateValue(reading.isBatteryLow, forKey: door)
      } catch {
        logger.warning("the topic of \(door) holds no state of its contact: \(error)")
        doors[door, default: ForeignDoor()].hear(.unknown)
        heard.updateValue(nil, forKey: door)
      }
    }
    let states = doors.mapValues(\.state)
    // Where the store does not take it the message comes again, and says the same.
    return try await store.transact { [settings, heard, alarmStore = store] store in
      var session = AreaSession(settings: settings, now: now)
      for (door, isBatteryLow) in heard {
        if let state = states[door] ?? nil {
          try Self.note(state, of: door, settings, alarmStore, store, &session)
        }
        guard let isBatteryLow, let area = settings.doors[door]?.area else { continue }
        try session.decide(area, store) { $0.battery(of: door, isLow: isBatteryLow, at: now) }
      }
      return session.outcome
    }
  }

  private static func note(
    _ state: DoorState, of door: DoorAddress, _ settings: NotifierSettings, _ alarmStore: AlarmStore,
    _ store: borrowing StoreTransaction, _ session: inout AreaSession
  ) throws {
    let record = try store.record(of: door)
    guard let transition = ForeignDoor.transition(to: state, record: record, at: session.now) else { return }
    try DoorIntake(settings: settings, store: alarmStore).append(
      transition, record == nil ? .baseline : .live, isNewest: true, isFinding: true, door, store, &session)
  }
}
