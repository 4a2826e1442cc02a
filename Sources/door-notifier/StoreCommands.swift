import AlarmStore
import Appliance
import ArgumentParser
import Notifier

struct BackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Copies the store, also while the notifier runs.",
    discussion: "The copy is whole: to put it back, stop the notifier and move it to the store's place.")

  @OptionGroup var options: ProgramOptions

  @Argument(help: "The copy; there must be no such file yet.")
  var file: String

  func run() async throws {
    try await StoreCommand(options: options).run { path throws(AlarmStoreError) in
      try await AlarmStore.backUp(path, to: file)
      ProgramOutput.say("\(path) is copied to \(file)")
    }
  }
}

struct CheckStoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-store",
    abstract: "Looks whether the store is whole, also while the notifier runs.",
    discussion: "Exits with 0 when it is, 65 when it is damaged.")

  @OptionGroup var options: ProgramOptions

  @Argument(help: "A store, such as a backup; by default that of the settings.")
  var file: String?

  func run() async throws {
    try await StoreCommand(options: options, file: file).run { path throws(AlarmStoreError) in
      let report = try await AlarmStore.check(path)
      for line in report.lines { ProgramOutput.say(line) }
    }
  }
}

/// What the commands on a store have in common.
private struct StoreCommand {
  var options: ProgramOptions
  var file: String?

  func run(_ body: (String) async throws(AlarmStoreError) -> Void) async throws {
    let path = try file ?? settingsPath()
    do throws(AlarmStoreError) {
      try await body(path)
    } catch {
      ProgramOutput.complain("door-notifier: \(error)")
      throw ExitCode(StoreExit.status(of: error))
    }
  }

  private func settingsPath() throws -> String {
    let settings: NotifierSettings = try options.settings(
      defaultPath: DoorNotifier.settingsPath, program: DoorNotifier._commandName)
    return settings.storePath
  }
}
