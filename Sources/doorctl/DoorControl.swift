// doorctl: asks for the doors' states and gives commands.
import ArgumentParser

@main
struct DoorControl: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doorctl",
    abstract: "Asks for the state of doors, and arms and disarms areas.",
    subcommands: [StateCommand.self, WatchCommand.self, ArmCommand.self, DisarmCommand.self])
}
