import AlarmStore
import Appliance
import ArgumentParser
import Logging
import Notifier

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Guards the doors of the settings until it is asked to end (the default).")

  @OptionGroup var options: ProgramOptions

  func run() async throws {
    let program = DoorNotifier._commandName
    let settings: NotifierSettings = try options.settings(
      defaultPath: DoorNotifier.settingsPath, program: program)
    let logger = options.logger(label: program)
    guard !options.isCheckOnly else {
      return print(
        "valid: notifier \(settings.id) with \(settings.doors.count) doors, \(settings.channels.count) channels"
      )
    }
    do {
      let store = try AlarmStore(path: settings.storePath)
      logger.notice("notifier \(settings.id) guards \(settings.doors.count) doors")
      try await ProgramRun.untilSignalled(
        Notifier(settings: settings, store: store, logger: logger), logger: logger)
    } catch {
      logger.critical("\(error)")
      throw ExitCode(StoreExit.status(of: error))
    }
  }
}

/// How the program ends where its store is not as it should be.
enum StoreExit {
  static func status(of error: any Error) -> Int32 {
    switch error {
    case AlarmStoreError.cannotOpen, AlarmStoreError.inUse: ExitStatus.cannotCreate
    case AlarmStoreError.diskFull, AlarmStoreError.failed: ExitStatus.inputOutput
    case AlarmStoreError.damaged: ExitStatus.data
    default: ExitStatus.software
    }
  }
}
