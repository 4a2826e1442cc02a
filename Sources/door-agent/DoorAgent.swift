// door-agent: reads door contacts and publishes their states.
import Appliance
import ArgumentParser
import Logging
import SensorAgent

@main
struct DoorAgent: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "door-agent", abstract: "Reads door contacts and publishes their states over MQTT.")

  @OptionGroup var options: ProgramOptions

  func run() async throws {
    let settings: AgentSettings = try options.settings(
      defaultPath: "/etc/dooralarm/agent.toml", program: Self._commandName)
    guard !options.isCheckOnly else {
      return print("valid: agent \(settings.id) with \(settings.doors.count) doors")
    }
    let logger = options.logger(label: Self._commandName)
    do {
      let agent = try SensorAgent(
        settings: settings, journalIdentifier: .randomHexadecimal(digits: 8), logger: logger)
      logger.notice("agent \(settings.id) watches \(settings.doors.count) doors")
      try await ProgramRun.untilSignalled(agent, logger: logger)
    } catch {
      logger.critical("\(error)")
      throw ExitCode(ExitStatus.software)
    }
  }
}
