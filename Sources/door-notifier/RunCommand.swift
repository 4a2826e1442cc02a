import AlarmStore
import Appliance
import ArgumentParser
import Delivery
import DoorCore
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
    let channels = try channels(of: settings, logger: logger)
    let deadManSwitch = try settings.deadMan.map { try makeSwitch($0) }
    guard !options.isCheckOnly else {
      return print(
        "valid: notifier \(settings.id) with \(settings.doors.count) doors, \(channels.count) channels")
    }
    do {
      let store = try AlarmStore(path: settings.storePath)
      logger.notice("notifier \(settings.id) guards \(settings.doors.count) doors")
      try await ProgramRun.untilSignalled(
        Notifier(
          settings: settings, store: store, channels: channels, deadManSwitch: deadManSwitch, logger: logger),
        logger: logger)
    } catch {
      logger.critical("\(error)")
      throw ExitCode(StoreExit.status(of: error))
    }
  }

  private func channels(of settings: NotifierSettings, logger: Logger) throws -> [any DeliveryChannel] {
    try settings.channels.map { channel in
      switch channel.kind {
      case .log:
        return LogChannel(id: channel.id, logger: logger)
      case .webhook(let address):
        return try checked("channel \(channel.id)") { () throws(WebAddressError) in
          try WebhookChannel(id: channel.id, address: address.reveal())
        }
      }
    }
  }

  private func makeSwitch(_ settings: NotifierSettings.DeadMan) throws -> DeadManSwitch {
    try checked("dead_man") { () throws(WebAddressError) in
      try DeadManSwitch(address: settings.address.reveal())
    }
  }

  /// Ends the program where an address is none.
  private func checked<Value>(_ place: String, _ make: () throws(WebAddressError) -> Value) throws -> Value {
    do throws(WebAddressError) {
      return try make()
    } catch {
      ProgramOutput.complain("\(DoorNotifier._commandName): \(place): url: \(error)")
      throw ExitCode(ExitStatus.settings)
    }
  }
}

/// How the program ends where its store is not as it should be.
enum StoreExit {
  static func status(of error: any Error) -> Int32 {
    switch error {
    case AlarmStoreError.cannotOpen: ExitStatus.cannotCreate
    case AlarmStoreError.diskFull, AlarmStoreError.failed: ExitStatus.inputOutput
    case AlarmStoreError.damaged: ExitStatus.data
    default: ExitStatus.software
    }
  }
}
