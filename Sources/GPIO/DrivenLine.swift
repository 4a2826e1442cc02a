import CGPIOD
package import DoorCore
import Glibc

/// Where a local output is.
package enum OutputSource: Sendable, Equatable {
  /// A line of a GPIO chip, as for ``LineSource``, and its level while the output is on.
  case chip(_ chip: String, line: String, activeLevel: LineLevel)
  /// A file that holds the word `on` or `off`, for trying without hardware.
  case simulated(path: String)

  /// Takes the line; it is off from then on.
  package func open() throws(LineError) -> any DrivenLine {
    switch self {
    case .chip(let chip, let line, let level): try ChipOutput(chip: chip, line: line, activeLevel: level)
    case .simulated(let path): try SimulatedOutput(path: path)
    }
  }
}

/// One output line that is held open. Used by one owner at a time.
package protocol DrivenLine: AnyObject {
  func set(isOn: Bool) throws(LineError)
}

/// A line of a GPIO chip, taken through libgpiod for output.
final class ChipOutput: DrivenLine {
  private let name: String
  private let activeLevel: LineLevel
  private let request: OpaquePointer

  init(chip: String, line: String, activeLevel: LineLevel) throws(LineError) {
    var error = cgpiod_error()
    guard
      let request = cgpiod_request_output(chip, line, activeLevel == .low, ChipLine.consumer, &error)
    else { throw ChipLine.describe(error, chip: chip, line: line) }
    self.request = request
    self.activeLevel = activeLevel
    name = line
  }

  deinit {
    cgpiod_release(request)
  }

  func set(isOn: Bool) throws(LineError) {
    guard cgpiod_set_level(request, isOn == (activeLevel == .high)) == 0 else {
      throw .unwritable(line: name, reason: String(cString: strerror(errno)))
    }
  }
}

/// A file that is written.
final class SimulatedOutput: DrivenLine {
  private let path: String

  init(path: String) throws(LineError) {
    self.path = path
    try set(isOn: false)
  }

  func set(isOn: Bool) throws(LineError) {
    let file = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw .unwritable(line: path, reason: String(cString: strerror(errno))) }
    defer { close(file) }
    let word = isOn ? "on\n" : "off\n"
    guard write(file, word, word.utf8.count) == word.utf8.count else {
      throw .unwritable(line: path, reason: String(cString: strerror(errno)))
    }
  }
}
