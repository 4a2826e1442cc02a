// GPIO: input lines, real and simulated, and the one thread that waits for their edges.
import DoorCore

/// One input line that is held open. Used from one thread only.
protocol SensedLine: AnyObject {
  /// Readable when edges wait.
  var descriptor: Int32 { get }
  /// The level now.
  func level() throws(LineError) -> LineLevel
  /// The edges that wait, oldest first; called when ``descriptor`` is readable.
  func readEdges() throws(LineError) -> [LineEdge]
}

/// One change of a line, with the kernel's time.
struct LineEdge {
  var level: LineLevel
  var time: MonotonicTime
  /// How many edges before it the kernel has dropped, where it says so.
  var missed = 0
}

/// Where a door's contact is to be read.
package enum LineSource: Sendable, Equatable {
  package enum Bias: String, Sendable, CaseIterable {
    case pullUp = "pull-up"
    case pullDown = "pull-down"
    /// No pull resistor of the chip's.
    case disabled
    /// As the line was found.
    case asIs = "as-is"
  }

  /// A line of a GPIO chip. `chip` is a label, a name or a path; `line` a name or an offset.
  case chip(_ chip: String, line: String, bias: Bias)
  /// A file that holds the word `open` or `closed`, for trying without hardware.
  case simulated(path: String)

  package var isSimulated: Bool {
    if case .simulated = self { true } else { false }
  }

  func open() throws(LineError) -> any SensedLine {
    switch self {
    case .chip(let chip, let line, let bias): try ChipLine(chip: chip, line: line, bias: bias)
    case .simulated(let path): try SimulatedLine(path: path)
    }
  }
}

/// Why a line cannot be read, and what to do about it.
package enum LineError: Error, Sendable, Equatable, CustomStringConvertible {
  case noChip(String, reason: String)
  case noLine(String, chip: String)
  case busy(line: String, chip: String, consumer: String)
  case refused(line: String, chip: String, reason: String)
  case unreadable(line: String, reason: String)
  case unwritable(line: String, reason: String)
  case noSimulation(path: String, reason: String)

  package var description: String {
    switch self {
    case .noChip(let chip, let reason):
      "there is no GPIO chip \"\(chip)\" (\(reason)): `gpiodetect` lists the chips with their labels"
    case .noLine(let line, let chip):
      "chip \"\(chip)\" has no line \"\(line)\": `gpioinfo` lists the lines with their names and offsets"
    case .busy(let line, let chip, let consumer):
      "line \"\(line)\" of chip \"\(chip)\" is in use by \"\(consumer)\": end that program or take another line"
    case .refused(let line, let chip, let reason):
      "line \"\(line)\" of chip \"\(chip)\" cannot be taken: \(reason)"
    case .unreadable(let line, let reason):
      "line \"\(line)\" cannot be read: \(reason)"
    case .unwritable(let line, let reason):
      "line \"\(line)\" cannot be set: \(reason)"
    case .noSimulation(let path, let reason):
      "the simulated line \(path) cannot be read: \(reason); it is a file that holds the word open or closed"
    }
  }
}
