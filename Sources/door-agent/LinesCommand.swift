import ArgumentParser
import SensorAgent

struct LinesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lines",
    abstract: "Lists this machine's GPIO chips and lines, with what they are used for, and suggests settings."
  )

  func run() {
    print(LineListing())
  }
}
