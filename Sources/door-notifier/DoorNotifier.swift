// door-notifier: decides what is an alarm, and sees every alarm through to a person.
import ArgumentParser

@main
struct DoorNotifier: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "door-notifier",
    abstract: "Raises alarms for doors, and delivers them until somebody has them.",
    subcommands: [
      RunCommand.self, HashCodeCommand.self, BackupCommand.self, CheckStoreCommand.self,
      TestChannelCommand.self,
    ],
    defaultSubcommand: RunCommand.self)

  static let settingsPath = "/etc/dooralarm/notifier.toml"
}
