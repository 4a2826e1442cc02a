// Notifier: a transition on its way from the broker to a person.
//
// broker → intake (judged, engine, committed with its outbox) → PUBACK → delivery workers → a person
//                                                              → announcer → broker
package import AlarmStore
import Appliance
import BrokerLink
import Dashboard
import Delivery
import DoorCore
import DoorWire
package import Logging
import MQTT
import MQTTProtocol
import ServiceLifecycle

package struct Notifier: Service, CustomStringConvertible {
  private let settings: NotifierSettings
  private let store: AlarmStore
  private let logger: Logger

  package init(settings: NotifierSettings, store: AlarmStore, logger: Logger) {
    self.settings = settings
    self.store = store
    self.logger = logger
  }

  package var description: String { "notifier \(settings.id)" }

  /// Listens, decides and delivers until graceful shutdown.
  package func run() async throws {
    let client = MQTTClient(configuration: settings.clientConfiguration, logger: logger)
    let announcer = Announcer(settings: settings, store: store, client: client, logger: logger)
    let links = try await AcknowledgementLinks.of(settings, store)
    let channels = settings.channels.map { $0.made(client: client, logger: logger) }
    let workers = try await workers(of: channels, links)
    let emergency = Emergency(channels: channels, logger: logger) { [store] () throws(AlarmStoreError) in
      try await store.probe(now: .now)
    }
    let supervisor = try await Supervisor(settings: settings, store: store, emergency: emergency)
    let foreign = ForeignIntake(settings: settings, store: store, logger: logger)
    let timekeeper = Timekeeper(settings: settings, store: store, emergency: emergency)
    let serviceManager = ServiceManager.current
    let life = NotifierLife(
      settings: settings, store: store, serviceManager: serviceManager, logger: logger)
    var stages = [
      Watchdog.Stage("announcer") { stage in Task { await announcer.answer(stage) } },
      Watchdog.Stage("timekeeper") { stage in Task { await timekeeper.answer(stage) } },
      Watchdog.Stage("supervisor") { stage in Task { await supervisor.answer(stage) } },
      Watchdog.Stage("foreign contacts") { stage in Task { await foreign.answer(stage) } },
      Watchdog.Stage("broker's client") { stage in
        Task(executorPreference: client.executor) { stage.answer() }
      },
    ]
    for (channel, worker) in zip(channels, workers) {
      stages.append(
        Watchdog.Stage("channel \(channel.id)") { stage in Task { await worker.answer(stage) } })
    }
    let watchdog = Watchdog(stages: [storeStage] + stages, serviceManager: serviceManager, logger: logger)
    let tell: @Sendable (Outcome) async -> Void = { outcome in
      if !outcome.told.isEmpty || outcome.hasNewMessages { for worker in workers { worker.alertsRaised() } }
      if !outcome.undelivered.isEmpty || !outcome.acknowledged.isEmpty { await life.noteUndelivered() }
      if !outcome.areas.isEmpty || !outcome.told.isEmpty || outcome.hasNewDeadlines { timekeeper.wake() }
      for warning in outcome.warnings { logger.warning("\(warning)") }
      await announcer.announce(outcome)
    }

    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in workers { group.addTask { try await worker.run(tell: tell) } }
      group.addTask { try await announcer.run() }
      group.addTask { try await supervisor.run(tell: tell) }
      group.addTask { try await timekeeper.run(tell: tell) }
      group.addTask { try await foreign.run(emergency: emergency, tell: tell) }
      group.addTask { try await client.run(routes: routes(announcer, supervisor, foreign, emergency, tell)) }
      group.addTask {
        for await state in client.states() {
          life.note(state)
          await supervisor.note(state)
          if case .connected = state { await announcer.connected() }
        }
      }
      if let web = settings.web, let links {
        let desk = LinkDesk(settings: settings, store: store, links: links, logger: logger, tell: tell)
        let server = WebServer(host: web.host, port: web.port, desk: desk, logger: logger)
        group.addTask { try await keepServing(server) }
      }
      group.addTask { try await life.run() }
      if let watchdog { group.addTask { try await watchdog.run() } }
      group.addTask { try await gracefulShutdown() }
      // Whichever ends first ends the notifier: it is asked to leave, or a stage has failed.
      defer { group.cancelAll() }
      try await group.next()
      serviceManager.stopping()
    }
  }

  /// One worker for each channel; what waits for channels that there are no more is theirs.
  private func workers(
    of channels: [any DeliveryChannel], _ links: AcknowledgementLinks?
  ) async throws(AlarmStoreError) -> [DeliveryWorker] {
    let redirected = try await store.transact { try $0.redirect(to: channels.map(\.id), now: .now) }
    if redirected > 0 {
      logger.warning("\(redirected) messages waited for channels that the settings do not have any more")
    }
    return zip(channels, settings.channels).map { channel, own in
      DeliveryWorker(
        channel: channel, settings: settings, store: store,
        text: AlertText(settings: settings, language: own.language, links: links), logger: logger)
    }
  }

  private var storeStage: Watchdog.Stage {
    Watchdog.Stage("store") { [store] stage in
      Task {
        // Whether it succeeds is another question.
        try? await store.transact { _ in }
        stage.answer()
      }
    }
  }

  /// Serves, and tries again where it cannot, as when its port is taken: there are other ways to acknowledge, and alarms
  /// are to be raised.
  private func keepServing(_ server: WebServer) async throws {
    while true {
      do {
        try await server.run()
      } catch {
        if Task.isCancelled { return }
        logger.error("the web server does not run, no link works: \(error)")
      }
      try await Task.sleep(for: .seconds(30))
    }
  }

  /// A handler that throws is called again with the same messages, and they are not acknowledged before it
  /// returns: what the store cannot take stays with the broker.
  private func routes(
    _ announcer: Announcer, _ supervisor: Supervisor, _ foreign: ForeignIntake, _ emergency: Emergency,
    _ tell: @escaping @Sendable (Outcome) async -> Void
  ) -> [Route] {
    let doors = DoorIntake(settings: settings, store: store)
    let heartbeats = HeartbeatIntake(settings: settings, store: store)
    let commands = CommandIntake(settings: settings, store: store, logger: logger)
    let selfTests = SelfTests(settings: settings)
    let topics = settings.topics

    let homeAssistant = settings.discoveryPrefix.map { prefix in
      Route(HomeAssistantDiscovery.statusTopic(prefix: prefix)) { messages in
        if messages.contains(where: { $0.says("online") }) { await announcer.describe() }
      }
    }
    let takeDoors: Route.Handler = { messages in
      await tell(try await emergency.watching { try await doors.take(messages, now: .now) })
    }
    let takeForeign: Route.Handler = { messages in
      await tell(try await emergency.watching { try await foreign.take(messages, now: .now) })
    }
    return [
      Route(topics.everyDoor, handler: takeDoors),
      Route(topics.everyReplayed, handler: takeDoors),
      Route(topics.everyHeartbeat, qualityOfService: .atMostOnce) { messages in
        for message in messages {
          guard let agent = topics.agent(of: message.topic) else { continue }
          do {
            let heartbeat = try HeartbeatMessage(decoding: message.wholePayload())
            await supervisor.heard(heartbeat, of: agent, isLive: !message.isRetained)
            await tell(
              try await emergency.watching { try await heartbeats.take(heartbeat, of: agent, now: .now) })
          } catch let error as WireError {
            logger.warning("the heartbeat of \(agent) cannot be read: \(error)")
          }
        }
      },
      Route(topics.everySelfTestEvent) { messages in
        for message in messages where !message.isRetained {
          guard let agent = topics.agent(ofSelfTestEvent: message.topic) else { continue }
          do {
            let event = try SelfTestEvent(decoding: message.wholePayload())
            await tell(try await emergency.watching { try await selfTests.take(event, of: agent, store) })
          } catch let error as WireError {
            logger.warning("the answer of \(agent) to a test cannot be read: \(error)")
          }
        }
      },
      Route(topics.everyCommand) { messages in
        for message in messages {
          let answer = try await emergency.watching { try await commands.take(message, now: .now) }
          guard let answer else { continue }
          await tell(answer.outcome)
          await announcer.announce(answer.event, area: answer.area, inAnswerTo: message)
        }
      },
    ] + foreign.topics.map { Route($0, handler: takeForeign) } + (homeAssistant.map { [$0] } ?? [])
  }
}
