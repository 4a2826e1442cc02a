package import DoorCore
package import Logging

/// Writes the alert to the program's log, where journald keeps it.
package struct LogChannel: DeliveryChannel {
  package let id: Identifier
  private let logger: Logger

  package init(id: Identifier, logger: Logger) {
    self.id = id
    self.logger = logger
  }

  package func deliver(_ notice: Notice) async -> DeliveryResult {
    let level: Logger.Level =
      switch notice.urgency {
      case .critical: .critical
      case .normal: .warning
      case .low: .notice
      }
    logger.log(level: level, "\(notice.title): \(notice.text)")
    return .delivered(answer: "written")
  }
}
