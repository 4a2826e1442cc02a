// door-agent: reads door contacts and publishes their states.
import ArgumentParser

@main
struct DoorAgent: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "door-agent", abstract: "Reads door contacts and publishes their states over MQTT.",
    subcommands: [RunCommand.self, LinesCommand.self, TryCommand.self], defaultSubcommand: RunCommand.self)
}
