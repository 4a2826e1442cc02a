import Glibc
package import Logging

/// Writes log lines to standard error: ranked for journald where the program runs under it, with the time
/// for a person otherwise.
package struct ConsoleLogHandler: LogHandler {
  package var metadata: Logger.Metadata = [:]
  package var logLevel: Logger.Level
  private let label: String
  private let isUnderJournald: Bool

  package init(label: String, level: Logger.Level) {
    self.label = label
    logLevel = level
    isUnderJournald = getenv("JOURNAL_STREAM") != nil
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let pairs = metadata.merging(event.metadata ?? [:]) { $1 }
      .sorted { $0.key < $1.key }
      .map { " \($0.key)=\($0.value)" }
      .joined()
    // One event is one line, so that nothing that comes from outside can forge another.
    let text = String("\(event.message)\(pairs)".map { $0.isNewline || Self.isControl($0) ? " " : $0 })
    let line =
      isUnderJournald
      ? "<\(event.level.syslogPriority)>\(text)\n"
      : "\(TimeOfDay.now) \(label) \(event.level): \(text)\n"
    // One write a line: lines of several threads stay whole.
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
  }

  /// NUL would end the line early, and an escape would write elsewhere on a terminal.
  private static func isControl(_ character: Character) -> Bool {
    character.asciiValue.map { $0 < 0x20 || $0 == 0x7f } ?? false
  }
}

extension Logger.Level {
  /// The level as `syslog(3)` counts it.
  fileprivate var syslogPriority: Int {
    switch self {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }
}
