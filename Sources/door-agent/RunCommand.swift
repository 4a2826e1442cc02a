import Appliance
import ArgumentParser
import Logging
import SensorAgent

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Watches the doors of the settings until it is asked to end (the default).")

  @OptionGroup var options: ProgramOptions

  func run() async throws {
    let program = DoorAgent._commandName
    let settings: AgentSettings = try options.settings(
      defaultPath: AgentSettings.defaultPath, program: program)
    guard !options.isCheckOnly else {
      return print("valid: agent \(settings.id) with \(settings.doors.count) doors")
    }
    let logger = options.logger(label: program)
    let path = options.settingsPath ?? AgentSettings.defaultPath
    do {
      let agent = try SensorAgent(
        settings: settings, readSettings: { () throws(SettingsError) in try AgentSettings(file: path) },
        logger: logger)
      logger.notice("agent \(settings.id) watches \(settings.doors.count) doors")
      try await ProgramRun.untilSignalled(agent, logger: logger)
    } catch {
      logger.critical("\(error)")
      throw ExitCode(ExitStatus.software)
    }
  }
}
