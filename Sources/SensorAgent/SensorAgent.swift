// SensorAgent: a door's edge on its way to the broker.
//
// line → watcher (edges, debounce) → recorder (journal, committed) → publisher (retained, in order) → broker
//                                  ↘ outputs (sirens and lamps of this machine)
import Appliance
import DoorCore
import GPIO
package import Journal
package import Logging
import MQTT
import NIOCore
import ServiceLifecycle
import Threads

package struct SensorAgent: Service, CustomStringConvertible {
  /// What waits for the journal: half of it at most only says that a line moves. At the bound the newest settled levels are dropped and logged; the periodic
  /// check of the levels then finds what the last of them was.
  private static let inputLimit = 8_192

  /// Where the agent runs: on the thread of its connection. Only what waits for a line or for the disk has a thread of
  /// its own.
  package static let executor: any TaskExecutor = {
    NIOSingletons.groupLoopCountSuggestion = 1
    NIOSingletons.blockingPoolThreadCountSuggestion = 1
    return EventLoopExecutor.ofClients()
  }()

  private let settings: AgentSettings
  private let readSettings: AgentSettings.Reading
  private let reloads: AsyncStream<Void>
  private let journal: TransitionJournal
  private let logger: Logger

  /// - Parameters:
  ///   - settings: what holds at first.
  ///   - readSettings: reads what holds after a request for it.
  ///   - reloads: these requests.
  /// - Throws: where the journal cannot be opened.
  package init(
    settings: AgentSettings, readSettings: @escaping AgentSettings.Reading, reloads: AsyncStream<Void>,
    logger: Logger
  ) throws(JournalError) {
    self.settings = settings
    self.readSettings = readSettings
    self.reloads = reloads
    self.logger = logger
    let opening = try JournalOpening(path: settings.journalPath, newIdentifier: .randomHexadecimal(digits: 8))
    journal = opening.journal
    if let (reason, path) = opening.setAside {
      logger.error(
        "the journal was damaged (\(reason)) and is now \(path): a new one begins, and what the broker was not told of is lost"
      )
    }
  }

  package var description: String { "agent \(settings.id)" }

  /// Senses, records and publishes until graceful shutdown.
  package func run() async throws {
    // What has read the command line and the settings.
    ProgramText.releaseUnused()
    let clock = AgentClock()
    let client = MQTTClient(configuration: settings.clientConfiguration, logger: logger)
    let serviceManager = ServiceManager.current
    let (inputs, input) = AsyncStream.makeStream(
      of: Recorder.Input.self, bufferingPolicy: .bufferingOldest(Self.inputLimit))

    let metrics = AgentMetrics()
    metrics.begin(unsent: try await journal.unsentCount())
    let watcher = LineWatcher(lines: settings.doors.flatMap(\.lines), checkPeriod: settings.checkPeriod)
    let outputs = try await OutputDriver(outputs: settings.outputs, journal: journal, logger: logger)
    let overview = DoorOverview(
      doors: settings.doors, serviceManager: serviceManager,
      changed: { states in
        outputs.note(doors: states)
        metrics.note(states)
      })
    let publisher = Publisher(
      settings: settings, journal: journal, client: client, clock: clock, logger: logger, metrics: metrics,
      journalBegun: { input.yield(.journalBegun) })
    let heart = Heart(
      settings: settings, overview: overview, journal: journal, client: client, clock: clock, logger: logger,
      metrics: metrics)
    let recorderLife = Watchdog.Stage("recorder") { _ in input.yield(.question) }
    let recorder = Recorder(
      doors: settings.doors, journal: journal, clock: clock, logger: logger, metrics: metrics,
      life: recorderLife, committed: publisher.transitionsCommitted, obstructed: heart.beatNow)
    let routes = AgentRoutes(settings: settings, publisher: publisher, outputs: outputs, logger: logger)
    let watchdog = Watchdog(
      stages: stages(watcher, recorderLife, publisher, client), serviceManager: serviceManager,
      logger: logger)
    let reloading = Reloading(
      requests: reloads, settings: settings, read: readSettings, serviceManager: serviceManager,
      logger: logger,
      apply: { new in
        overview.change(to: new.doors)
        input.yield(.doors(new.doors))
        watcher.change(lines: new.doors.flatMap(\.lines), checkPeriod: new.checkPeriod)
        routes.subscribe(client, toAreasOf: new.outputs)
        outputs.change(to: new.outputs)
        heart.change(period: new.heartbeatPeriod)
        await publisher.change(to: new)
      }, finish: overview.reloaded)

    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await watch(watcher, overview, input) }
      group.addTask(executorPreference: journal.thread) { try await recorder.run(inputs) }
      group.addTask(executorPreference: journal.thread) { try await publisher.run() }
      group.addTask { try await heart.run() }
      group.addTask { try await outputs.run() }
      group.addTask { try await client.run(routes: routes.all) }
      group.addTask { await follow(client, overview, heart, publisher) }
      if let watchdog { group.addTask { try await watchdog.run() } }
      group.addTask { await reloading.run() }
      group.addTask { try await gracefulShutdown() }
      // Whichever ends first ends the agent: it is asked to leave, or a stage has failed. The client then
      // lets the broker publish the will, so that nobody takes the last state for a present one.
      defer { group.cancelAll() }
      try await group.next()
      serviceManager.stopping()
    }
  }

  /// Hands on what the lines say, on the watcher's thread.
  private func watch(
    _ watcher: LineWatcher, _ overview: DoorOverview, _ input: AsyncStream<Recorder.Input>.Continuation
  ) async throws(LineError) {
    try await watcher.run(
      moves: { input.yield(.lineMoves) },
      report: { line, report in
        if case .dropped = input.yield(.report(line, report)) {
          logger.error(
            "door \(line.door): a level was dropped, the journal has not taken \(Self.inputLimit) before it")
        }
      },
      afterwards: { line, report in
        // Not before the recorder, for which an alarm waits.
        overview.note(report, of: line)
      })
  }

  /// Hands on how the connection stands.
  private func follow(
    _ client: MQTTClient, _ overview: DoorOverview, _ heart: Heart, _ publisher: Publisher
  ) async {
    var isFirst = true
    for await state in client.states() {
      overview.note(state)
      guard case .connected = state else { continue }
      // What has opened the lines and the connection.
      if isFirst { ProgramText.releaseUnused() }
      isFirst = false
      heart.beatNow()
      await publisher.connected()
    }
  }

  /// What has to be alive for systemd to hear that the agent is.
  private func stages(
    _ watcher: LineWatcher, _ recorder: Watchdog.Stage, _ publisher: Publisher, _ client: MQTTClient
  ) -> [Watchdog.Stage] {
    [
      Watchdog.Stage("watcher") { stage in watcher.ask(stage.answer) },
      recorder,
      Watchdog.Stage("publisher") { stage in
        Task(executorPreference: client.executor) { await publisher.answer(stage) }
      },
      Watchdog.Stage("broker's client") { stage in
        Task(executorPreference: client.executor) { stage.answer() }
      },
    ]
  }
}
