import Appliance
import DoorWire
import Logging

/// The stage that takes changed settings when it is asked to. A file that is not valid changes nothing.
struct Reloading: Sendable {
  let requests: AsyncStream<Void>
  let settings: AgentSettings
  let read: AgentSettings.Reading
  let serviceManager: ServiceManager
  let logger: Logger
  /// Gets settings that differ only in what can be changed while the agent runs.
  let apply: @Sendable (AgentSettings) async -> Void
  /// Called when a request is done with, whatever became of it.
  let finish: @Sendable () -> Void

  /// Waits for requests until the task is cancelled.
  func run() async {
    for await _ in requests {
      serviceManager.reloading()
      do throws(SettingsError) {
        let new = try read()
        let waiting = new.namesOfFixed(differingFrom: settings)
        if !waiting.isEmpty {
          logger.warning("changed, but only for the next start: \(waiting.joined(separator: ", "))")
        }
        await apply(new.withFixed(from: settings))
        logger.notice("the settings have been read again: \(new.doors.count) doors")
      } catch {
        logger.error("the settings stay as they were: \(error)")
      }
      finish()
    }
  }
}

extension AgentSettings {
  /// The keys that hold for a whole run and are others in `old`.
  fileprivate func namesOfFixed(differingFrom old: AgentSettings) -> [String] {
    [
      ("id", id == old.id), ("topic_root", topics.root == old.topics.root), ("broker", broker == old.broker),
      ("journal", journalPath == old.journalPath),
      ("home_assistant", discoveryPrefix == old.discoveryPrefix),
      ("metrics", metricsPort == old.metricsPort),
    ].filter { !$0.1 }.map(\.0)
  }

  /// These settings, with what holds for a whole run as it is in `old`.
  fileprivate func withFixed(from old: AgentSettings) -> AgentSettings {
    var settings = self
    settings.id = old.id
    settings.topics = old.topics
    settings.broker = old.broker
    settings.journalPath = old.journalPath
    settings.discoveryPrefix = old.discoveryPrefix
    settings.metricsPort = old.metricsPort
    return settings
  }
}
