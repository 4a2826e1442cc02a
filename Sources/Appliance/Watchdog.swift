package import Logging
import Synchronization

/// Tells systemd that the program is alive, for as long as every stage of it answers.
///
/// Whoever does not answer is asked again; systemd ends the program when it has heard nothing for a whole period,
/// which are four rounds of questions.
package struct Watchdog: Sendable {
  /// One part of a program that has to be alive.
  package final class Stage: Sendable {
    package let name: String
    private let question: @Sendable (Stage) -> Void
    private let hasAnswered = Mutex(false)

    /// - Parameter question: has the part call ``answer()`` when it comes to that, and returns at once.
    package init(_ name: String, question: @escaping @Sendable (Stage) -> Void) {
      self.name = name
      self.question = question
    }

    /// The part is alive.
    package func answer() { hasAnswered.withLock { $0 = true } }

    fileprivate func ask() {
      hasAnswered.withLock { $0 = false }
      question(self)
    }

    fileprivate var isAlive: Bool { hasAnswered.withLock { $0 } }
  }

  private let period: Duration
  private let stages: [Stage]
  private let serviceManager: ServiceManager
  private let logger: Logger

  /// None where nobody wants to know.
  package init?(stages: [Stage], serviceManager: ServiceManager, logger: Logger) {
    guard let period = serviceManager.watchdogPeriod else { return nil }
    self.period = period
    self.stages = stages
    self.serviceManager = serviceManager
    self.logger = logger
  }

  /// Asks until the task is cancelled.
  package func run() async throws {
    while true {
      for stage in stages { stage.ask() }
      try await pause(for: period / 4)
      let silent = stages.filter { !$0.isAlive }
      if silent.isEmpty {
        serviceManager.alive()
      } else {
        logger.warning(
          "no answer from the \(silent.map(\.name).joined(separator: ", the ")) for \(period / 4)")
      }
    }
  }
}
