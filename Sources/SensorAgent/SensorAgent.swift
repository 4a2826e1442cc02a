// SensorAgent: a door's edge on its way to the broker.
//
// line → watcher (edges, debounce) → recorder (journal, committed) → publisher (retained, in order) → broker
import Appliance
import BrokerLink
import DoorCore
import DoorWire
import GPIO
package import Journal
package import Logging
import MQTT
import MQTTProtocol
import ServiceLifecycle

package struct SensorAgent: Service, CustomStringConvertible {
  /// Settled levels that wait for the journal. At the bound the newest are dropped and logged; the periodic
  /// check of the levels then finds what the last of them was.
  private static let reportLimit = 4_096

  private let settings: AgentSettings
  private let journal: TransitionJournal
  private let logger: Logger

  /// - Parameter journalIdentifier: what the journal is called if it is created now; random.
  package init(settings: AgentSettings, journalIdentifier: String, logger: Logger) throws(JournalError) {
    self.settings = settings
    self.logger = logger
    let opening = try JournalOpening(path: settings.journalPath, newIdentifier: journalIdentifier)
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
    let clock = AgentClock()
    let client = MQTTClient(configuration: settings.clientConfiguration, logger: logger)
    let publisher = Publisher(
      settings: settings, journal: journal, client: client, clock: clock, logger: logger)
    let serviceManager = ServiceManager.current
    let overview = DoorOverview(doors: settings.doors, serviceManager: serviceManager)
    let heart = Heart(
      settings: settings, overview: overview, journal: journal, client: client, clock: clock, logger: logger)
    let recorder = Recorder(
      doors: Dictionary(uniqueKeysWithValues: settings.doors.map { ($0.id, $0) }), journal: journal,
      clock: clock, logger: logger, committed: publisher.transitionsCommitted, obstructed: heart.beatNow)
    let (reports, report) = AsyncStream.makeStream(
      of: (LineName, LineReport).self, bufferingPolicy: .bufferingOldest(Self.reportLimit))

    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await watch(into: report, overview: overview) }
      group.addTask { try await recorder.run(reports) }
      group.addTask { try await publisher.run() }
      group.addTask { try await heart.run() }
      group.addTask { try await client.run(routes: routes(to: publisher)) }
      group.addTask {
        for await state in client.states() {
          overview.note(state)
          guard case .connected = state else { continue }
          heart.beatNow()
          await publisher.connected()
        }
      }
      group.addTask { try await gracefulShutdown() }
      // Whichever ends first ends the agent: it is asked to leave, or a stage has failed. The client then
      // lets the broker publish the will, so that nobody takes the last state for a present one.
      defer { group.cancelAll() }
      try await group.next()
      serviceManager.stopping()
    }
  }

  private func watch(
    into reports: AsyncStream<(LineName, LineReport)>.Continuation, overview: DoorOverview
  ) async throws {
    let watcher = LineWatcher(lines: settings.doors.flatMap(\.lines), checkPeriod: settings.checkPeriod)
    try await watcher.run { line, report in
      overview.note(report, of: line)
      if case .dropped = reports.yield((line, report)) {
        logger.error(
          "door \(line.door): a level was dropped, the journal has not taken \(Self.reportLimit) before it")
      }
    }
  }

  /// Handlers only note what is asked for: a client's handler must not wait for the client's own publishing.
  private func routes(to publisher: Publisher) -> [Route] {
    [
      Route(settings.topics.get(agent: settings.id)) { _ in await publisher.restate() },
      Route(settings.topics.replay(agent: settings.id)) { messages in
        for message in messages {
          do throws(WireError) {
            await publisher.replay(try ReplayRequest(decoding: message.wholePayload()))
          } catch {
            logger.warning("\(message.topic) asks for what cannot be replayed: \(error)")
          }
        }
      },
    ]
  }
}
