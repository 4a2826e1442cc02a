package import ArgumentParser
import Glibc
package import Logging

/// The command line that the services share.
package struct ProgramOptions: ParsableArguments {
  @Option(name: .customLong("config"), help: "The settings file; /etc/dooralarm/ has it by default.")
  package var settingsPath: String?

  @Flag(name: .customLong("check"), help: "Read the settings, say whether they are valid, and exit.")
  package var isCheckOnly = false

  @Option(
    name: .customLong("log-level"), help: "trace, debug, info, notice, warning, error or critical.",
    transform: { name in
      guard let level = Logger.Level(rawValue: name) else {
        throw ValidationError("there is no level \"\(name)\"")
      }
      return level
    })
  package var logLevel: Logger.Level = .info

  package init() {}

  /// Reads the settings, and ends the program with the reason where they are not valid.
  package func settings<Settings: SettingsReadable>(
    defaultPath: String, program: String, as type: Settings.Type = Settings.self
  ) throws -> Settings {
    do throws(SettingsError) {
      return try Settings(file: settingsPath ?? defaultPath)
    } catch {
      ProgramOutput.complain("\(program): \(error)")
      throw ExitCode(ExitStatus.settings)
    }
  }

  package func logger(label: String) -> Logger {
    Logger(label: label) { [logLevel] label in ConsoleLogHandler(label: label, level: logLevel) }
  }
}

/// What a program says to the person before it.
package enum ProgramOutput {
  /// Writes a line to standard output, at once: who reads it through a pipe gets it when it is said.
  package static func say(_ text: String) { write(text, to: STDOUT_FILENO) }

  /// Writes a line to standard error.
  package static func complain(_ text: String) { write(text, to: STDERR_FILENO) }

  private static func write(_ text: String, to descriptor: Int32) {
    let line = text + "\n"
    _ = line.withCString { Glibc.write(descriptor, $0, strlen($0)) }
  }
}

extension String {
  /// Random hexadecimal digits, for names that nobody else has.
  package static func randomHexadecimal(digits: Int) -> String {
    String((0..<digits).map { _ in "0123456789abcdef".randomElement() ?? "0" })
  }
}
