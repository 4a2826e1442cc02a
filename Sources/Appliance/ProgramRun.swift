package import Logging
package import ServiceLifecycle
import UnixSignals

/// Running a program under signals.
package enum ProgramRun {
  /// Runs `service` until SIGTERM or SIGINT asks it to end, and gives it ten seconds for that.
  package static func untilSignalled(_ service: some Service, logger: Logger) async throws {
    var configuration = ServiceGroupConfiguration(
      services: [
        .init(
          service: service, successTerminationBehavior: .gracefullyShutdownGroup,
          failureTerminationBehavior: .cancelGroup)
      ],
      gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    configuration.maximumGracefulShutdownDuration = .seconds(10)
    try await ServiceGroup(configuration: configuration).run()
  }
}

/// Exit statuses as `sysexits.h` names them.
package enum ExitStatus {
  /// The program itself failed.
  package static let software: Int32 = 70
  /// The settings are not as they should be.
  package static let settings: Int32 = 78
}
