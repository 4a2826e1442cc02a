package import Logging
package import ServiceLifecycle
package import UnixSignals

/// Running a program under signals.
package enum ProgramRun {
  /// Runs `service` until SIGTERM or SIGINT asks it to end.
  package static func untilSignalled(_ service: some Service, logger: Logger) async throws {
    try await group(service, signals: [.sigterm, .sigint], logger: logger).run()
  }

  /// `service`, and others beside it, which have ten seconds when the group is asked to end. When `service` ends, the
  /// group does.
  ///
  /// - Parameter signals: those that ask it to end by themselves.
  package static func group(
    _ service: some Service, beside others: [any Service] = [], signals: [UnixSignal] = [], logger: Logger
  ) -> ServiceGroup {
    let services = [
      ServiceGroupConfiguration.ServiceConfiguration(
        service: service, successTerminationBehavior: .gracefullyShutdownGroup,
        failureTerminationBehavior: .cancelGroup)
    ]
    var configuration = ServiceGroupConfiguration(
      services: services + others.map { .init(service: $0) },
      gracefulShutdownSignals: signals, logger: logger)
    configuration.maximumGracefulShutdownDuration = .seconds(10)
    // What does not even end when it is cancelled ends with the process: nothing is kept that is not on the disk.
    configuration.maximumCancellationDuration = .seconds(10)
    return ServiceGroup(configuration: configuration)
  }
}

/// Exit statuses as `sysexits.h` names them. EX_USAGE is ArgumentParser's.
package enum ExitStatus {
  /// EX_DATAERR: a file that the program keeps is not what it has written.
  package static let data: Int32 = 65
  /// EX_UNAVAILABLE: something that the program needs is not there.
  package static let unavailable: Int32 = 69
  /// EX_SOFTWARE: the program itself failed.
  package static let software: Int32 = 70
  /// EX_OSERR: the system has refused something, such as a thread.
  package static let system: Int32 = 71
  /// EX_CANTCREAT: a file that the program keeps cannot be opened or made.
  package static let cannotCreate: Int32 = 73
  /// EX_IOERR: reading or writing failed.
  package static let inputOutput: Int32 = 74
  /// EX_CONFIG: the settings are not as they should be.
  package static let settings: Int32 = 78
}
