import Appliance
import ArgumentParser
import DoorCore
import GPIO
import SensorAgent

struct TryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "try",
    abstract: "Shows edges as they come, and what is left of them after debouncing, without a broker.",
    discussion: """
      With --chip and --line it shows that line, otherwise all lines of the settings. An agent that runs has
      taken its lines: end it for as long as you try them.
      """)

  @Option(help: "The chip's label, name or path; `door-agent lines` lists them.")
  var chip: String?

  @Option(help: "The line's name or offset.")
  var line: String?

  @Option(help: "pull-up, pull-down, disabled or as-is.")
  var bias: LineSource.Bias = .pullUp

  @Option(help: "normally-closed or normally-open: the circuit while the door is closed.")
  var contact: Contact.Kind = .normallyClosed

  @Option(name: .customLong("debounce-ms"), help: "A level counts when the line has been quiet for so long.")
  var debounceMilliseconds = 30

  @Option(name: .customLong("config"), help: "The settings whose lines are shown.")
  var settingsPath = AgentSettings.defaultPath

  func validate() throws {
    guard (chip == nil) == (line == nil) else { throw ValidationError("--chip and --line go together") }
    guard (1...5_000).contains(debounceMilliseconds) else {
      throw ValidationError("--debounce-ms is 1 to 5000")
    }
  }

  func run() throws {
    let trial = LineTrial(lines: try lines(), say: ProgramOutput.say)
    do {
      try MainThread(hearing: []).run(on: SensorAgent.executor) { try await trial.run() }
    } catch {
      ProgramOutput.complain("\(DoorAgent._commandName): \(error)")
      throw ExitCode(ExitStatus.software)
    }
  }

  private func lines() throws -> [LineTrial.Line] {
    if let chip, let line {
      let source = LineSource.chip(chip, line: line, bias: bias)
      return [
        LineTrial.Line(
          watched: WatchedLine(
            name: LineName(door: try Identifier("line")), source: source,
            settleTime: .milliseconds(debounceMilliseconds)),
          contact: Contact(kind: contact, closedCircuitLevel: bias == .pullDown ? .high : .low))
      ]
    }
    do throws(SettingsError) {
      return try AgentSettings(file: settingsPath).doors.flatMap(\.trialLines)
    } catch {
      ProgramOutput.complain("\(DoorAgent._commandName): \(error)")
      throw ExitCode(ExitStatus.settings)
    }
  }
}

extension LineSource.Bias: ExpressibleByArgument {}
extension Contact.Kind: ExpressibleByArgument {}
