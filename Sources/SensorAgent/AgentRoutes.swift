import BrokerLink
import DoorCore
import DoorWire
import Logging
import MQTT
import MQTTProtocol
import Synchronization

/// What the agent hears from the broker, and who is told.
///
/// Handlers only note what is asked for: a client's handler must not wait for the client's own publishing.
struct AgentRoutes: Sendable {
  private let settings: AgentSettings
  private let publisher: Publisher
  private let outputs: OutputDriver
  private let logger: Logger
  private let areas: HeardAreas

  init(settings: AgentSettings, publisher: Publisher, outputs: OutputDriver, logger: Logger) {
    self.settings = settings
    self.publisher = publisher
    self.outputs = outputs
    self.logger = logger
    areas = HeardAreas(Self.areas(of: settings.outputs))
  }

  /// What is subscribed to from the start.
  var all: [Route] {
    [get, replay, selfTest, ownStates] + (settings.discoveryPrefix.map { [homeAssistant(prefix: $0)] } ?? [])
      + Self.areas(of: settings.outputs).sorted().map(alarm)
  }

  /// Hears of the areas that other outputs depend on, too; those that are heard of already stay as they are.
  func subscribe(_ client: MQTTClient, toAreasOf outputs: [AgentSettings.Output]) {
    for area in areas.takeNew(of: Self.areas(of: outputs)) {
      // Not waited for: there may be no connection. It ends with the client at the latest.
      Task(executorPreference: client.executor) {
        do throws(MQTTError) {
          try await client.subscribe(to: alarm(area))
        } catch {
          logger.error("area \(area) is not heard of: \(error)")
        }
      }
    }
  }

  private static func areas(of outputs: [AgentSettings.Output]) -> Set<Identifier> {
    Set(outputs.compactMap(\.rule.area))
  }

  /// Somebody asks for the doors' states.
  private var get: Route {
    Route(settings.topics.get(agent: settings.id)) { _ in await publisher.restate() }
  }

  /// The notifier misses transitions.
  private var replay: Route {
    Route(settings.topics.replay(agent: settings.id)) { messages in
      for message in messages {
        do throws(WireError) {
          await publisher.replay(try ReplayRequest(decoding: message.wholePayload()))
        } catch {
          logger.warning("\(message.topic) asks for what cannot be replayed: \(error)")
        }
      }
    }
  }

  /// Somebody tests the way to the people.
  private var selfTest: Route {
    Route(settings.topics.selfTest(agent: settings.id)) { messages in
      // One that was kept would be obeyed again at every start.
      for message in messages where !message.isRetained {
        do throws(WireError) {
          await publisher.test(try SelfTestRequest(decoding: message.wholePayload()))
        } catch {
          logger.warning("\(message.topic) asks for what is no test: \(error)")
        }
      }
    }
  }

  /// What the broker holds of the own doors when the agent connects. At most once: what has been replaced in
  /// between is not worth a second delivery.
  private var ownStates: Route {
    Route(
      settings.topics.everyDoor(ofAgent: settings.id), qualityOfService: .atMostOnce, noLocal: true
    ) { messages in
      for message in messages {
        // Whatever else is there is replaced by what is to be there.
        guard let address = settings.topics.doorAddress(of: message.topic),
          let state = try? DoorMessage(decoding: message.wholePayload())
        else { continue }
        await publisher.note(state.transition, of: address.door)
      }
    }
  }

  /// Home Assistant has started.
  private func homeAssistant(prefix: String) -> Route {
    Route(HomeAssistantDiscovery.statusTopic(prefix: prefix)) { messages in
      guard messages.contains(where: { $0.says("online") }) else { return }
      await publisher.describe()
      await publisher.restate()
    }
  }

  /// An area's alarm, for the outputs.
  private func alarm(_ area: Identifier) -> Route {
    Route(settings.topics.alarm(area: area)) { messages in
      for message in messages {
        do throws(WireError) {
          outputs.note(area: area, is: try AreaMessage(decoding: message.wholePayload()).state)
        } catch {
          logger.warning("\(message.topic) is ignored, what was known of the area still holds: \(error)")
        }
      }
    }
  }
}

/// The areas that are heard of, from the start or from some reload on.
private final class HeardAreas: Sendable {
  private let areas: Mutex<Set<Identifier>>

  init(_ areas: Set<Identifier>) {
    self.areas = Mutex(areas)
  }

  /// Those of the wanted ones that are not heard of yet; from now on they are.
  func takeNew(of wanted: Set<Identifier>) -> Set<Identifier> {
    areas.withLock { areas in
      defer { areas.formUnion(wanted) }
      return wanted.subtracting(areas)
    }
  }
}
