// doorctl: asks for the doors' states and gives commands.
import ArgumentParser

@main
struct DoorControl: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doorctl",
    abstract:
      "Asks for the state of doors, arms and disarms areas, acknowledges alerts, and tests the way to people.",
    subcommands: [
      StateCommand.self, WatchCommand.self, ArmCommand.self, DisarmCommand.self, AcknowledgeCommand.self,
      SelfTestCommand.self,
    ])
}
