import AlarmStore
import Appliance
import DoorCore

/// The stage that does what time brings: delays that end, doors that are open for too long, reminders, schedules. What it
/// waits for is in the store; a run that ends at any moment is gone on with by the next.
actor Timekeeper {
  /// Somebody may have set the clock meanwhile.
  private static let longestSleep: Duration = .seconds(30)

  private let settings: NotifierSettings
  private let store: AlarmStore
  private let emergency: Emergency
  private let waker = Waker()
  /// When the history is looked through next for what is too old.
  private var nextPruning = ContinuousClock.now
  private static let pruningPeriod: Duration = .seconds(3_600)

  init(settings: NotifierSettings, store: AlarmStore, emergency: Emergency) {
    self.settings = settings
    self.store = store
    self.emergency = emergency
  }

  /// There may be something to wait for that was not there before.
  nonisolated func wake() { waker.wake() }

  /// Answers a question for its life.
  func answer(_ stage: Watchdog.Stage) { stage.answer() }

  /// Works until the task is cancelled.
  func run(tell: @Sendable (Outcome) async -> Void) async throws {
    try await waker.run {
      do throws(AlarmStoreError) {
        let (outcome, wait) = try await pass(now: .now)
        if !outcome.isNothing { await tell(outcome) }
        try await prune()
        await emergency.storeWorks()
        return min(wait ?? Self.longestSleep, Self.longestSleep)
      } catch {
        if Task.isCancelled { return nil }
        await emergency.storeFails(error)
        return .seconds(5)
      }
    }
  }

  /// Does what is due, and returns how long until more is; nil where nothing is waited for.
  func pass(now: Moment) async throws(AlarmStoreError) -> (Outcome, Duration?) {
    try await store.transact { [settings] store in
      var session = AreaSession(settings: settings, now: now)
      var waits: [Duration] = []
      for area in settings.areas.keys {
        try session.decide(area, store) { _ in [] }
        if let wait = try session.engine(of: area, store)?.wait(at: now) { waits.append(wait) }
      }
      waits += try Self.warnOfOpenDoors(store, &session)
      let scheduled = try ScheduleKeeping(settings: settings).obey(store, &session)
      let (reminded, reminder) = try store.remind(
        by: settings.alertPolicy, routing: settings.routing(at: now.wall), now: now.wall)
      session.outcome.told += reminded.map { ToldAlert(alert: $0.alert, stage: .reminder($0.number)) }
      if let wait = try SelfTests(settings: settings).keep(store, &session) { waits.append(wait) }
      waits += [scheduled, reminder].compactMap { $0?.elapsed(since: now.wall) }
      // What is counted to the nanosecond is not asked for a moment too early.
      return (session.outcome, waits.min().map { max($0, .zero) + .milliseconds(1) })
    }
  }

  /// Takes what is older than it is to be out of the history, a little at a time.
  private func prune() async throws(AlarmStoreError) {
    guard let age = settings.historyAge, ContinuousClock.now >= nextPruning else { return }
    let time = Timestamp.now.advanced(by: .zero - age)
    let isMore = try await store.transact { try $0.prune(before: time) }
    // The rest with the next pass, which is soon.
    if !isMore { nextPruning = .now + Self.pruningPeriod }
  }

  private static func warnOfOpenDoors(
    _ store: borrowing StoreTransaction, _ session: inout AreaSession
  ) throws -> [Duration] {
    var waits: [Duration] = []
    for (address, watch) in try store.openDoorWatches() {
      guard let door = session.settings.doors[address], door.openLimit != nil else {
        // The settings have changed.
        try store.setOpenDoorWatch(nil, of: address)
        continue
      }
      var watch = watch
      if let number = watch.warning(repetition: door.openRepetition, at: session.now) {
        try store.setOpenDoorWatch(watch, of: address)
        try session.warn(of: address, in: door.area, watch, number: number, store)
      }
      if let wait = watch.wait(repetition: door.openRepetition, at: session.now) { waits.append(wait) }
    }
    return waits
  }
}
