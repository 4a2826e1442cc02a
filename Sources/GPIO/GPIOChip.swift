import CGPIOD
import Glibc

/// A GPIO chip of this machine with its lines, as the kernel has them at the moment.
package struct GPIOChip: Sendable, Equatable {
  package struct Line: Sendable, Equatable {
    package var offset: Int
    package var name: String?
    /// Who has taken it, where that is said.
    package var consumer: String?
    package var isUsed: Bool
    package var isOutput: Bool
    /// nil where the kernel does not know it.
    package var bias: LineSource.Bias?
  }

  /// As in `/dev/gpiochip0`.
  package var path: String
  /// As in `pinctrl-bcm2711`.
  package var label: String
  package var lineCount: Int

  /// The version of libgpiod that this program was built with.
  package static var libraryVersion: String { String(cString: cgpiod_version()) }

  /// All chips that this program may open, in the order of their numbers.
  package static var all: [GPIOChip] {
    let found = Collected<GPIOChip>()
    withExtendedLifetime(found) {
      cgpiod_each_chip(Unmanaged.passUnretained(found).toOpaque()) { context, chip in
        guard let context, let chip = chip?.pointee else { return }
        Unmanaged<Collected<GPIOChip>>.fromOpaque(context).takeUnretainedValue().values.append(
          GPIOChip(
            path: String(cString: chip.path), label: String(cString: chip.label), lineCount: Int(chip.lines)))
      }
    }
    return found.values
  }

  /// Its lines by their offsets.
  ///
  /// - Throws: ``LineError/noChip(_:reason:)`` where it has gone, or must not be opened.
  package func lines() throws(LineError) -> [Line] {
    let found = Collected<Line>()
    let result = withExtendedLifetime(found) {
      cgpiod_each_line(path, Unmanaged.passUnretained(found).toOpaque()) { context, line in
        guard let context, let line = line?.pointee else { return }
        Unmanaged<Collected<Line>>.fromOpaque(context).takeUnretainedValue().values.append(Line(line))
      }
    }
    guard result == 0 else { throw .noChip(path, reason: String(cString: strerror(errno))) }
    return found.values
  }
}

extension GPIOChip.Line {
  fileprivate init(_ line: cgpiod_line_info) {
    offset = Int(line.offset)
    name = line.name.map { String(cString: $0) }
    consumer = line.consumer.map { String(cString: $0) }
    isUsed = line.is_used
    isOutput = line.is_output
    switch line.bias {
    case CGPIOD_BIAS_PULL_UP: bias = .pullUp
    case CGPIOD_BIAS_PULL_DOWN: bias = .pullDown
    case CGPIOD_BIAS_DISABLED: bias = .disabled
    default: bias = nil
    }
  }
}

/// What a C function tells one by one.
private final class Collected<Value> {
  var values: [Value] = []
}
