import Appliance
import ArgumentParser
import GPIO
import Glibc
import Journal
import Logging
import Metrics
import SensorAgent
import ServiceLifecycle

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Watches the doors of the settings until it is asked to end (the default).")

  @OptionGroup var options: ProgramOptions

  func run() throws {
    let program = DoorAgent._commandName
    let settings: AgentSettings = try options.settings(
      defaultPath: AgentSettings.defaultPath, program: program)
    guard !options.isCheckOnly else {
      return print("valid: agent \(settings.id) with \(settings.doors.count) doors")
    }
    let logger = options.logger(label: program)
    let path = options.settingsPath ?? AgentSettings.defaultPath
    do {
      let main = try MainThread(hearing: [SIGTERM, SIGINT, SIGHUP])
      let (reloads, reload) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
      let agent = try SensorAgent(
        settings: settings, readSettings: { () throws(SettingsError) in try AgentSettings(file: path) },
        reloads: reloads, logger: logger)
      let group = ProgramRun.group(agent, beside: metricsServer(settings, logger: logger), logger: logger)
      logger.notice("agent \(settings.id) watches \(settings.doors.count) doors")
      try main.run(on: SensorAgent.executor) {
        try await group.run()
      } hear: { signal in
        if signal == SIGHUP {
          reload.yield()
        } else {
          Task(executorPreference: SensorAgent.executor) { await group.triggerGracefulShutdown() }
        }
      }
    } catch {
      logger.critical("\(error)")
      throw ExitCode(Self.exitStatus(of: error))
    }
  }

  /// Has everything that is measured from now on shown, if the settings ask for it.
  private func metricsServer(_ settings: AgentSettings, logger: Logger) -> [any Service] {
    guard let port = settings.metricsPort else { return [] }
    let metrics = PrometheusMetrics()
    MetricsSystem.bootstrap(metrics)
    return [MetricsServer(port: port, metrics: metrics, logger: logger)]
  }

  private static func exitStatus(of error: any Error) -> Int32 {
    switch error {
    case JournalError.cannotOpen, JournalError.inUse: ExitStatus.cannotCreate
    case JournalError.diskFull, JournalError.failed: ExitStatus.inputOutput
    case JournalError.damaged, JournalError.unusable: ExitStatus.data
    case is LineError: ExitStatus.system
    default: ExitStatus.software
    }
  }
}
