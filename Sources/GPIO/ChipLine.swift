import CGPIOD
import DoorCore
import Glibc

/// A line of a GPIO chip, taken through libgpiod with events on both edges.
final class ChipLine: SensedLine {
  static let consumer = "door-agent"

  private let name: String
  private let request: OpaquePointer
  /// The number of the newest edge; 0 before the first, and for ever where the kernel does not count them.
  private var lastSequence: UInt32 = 0

  init(chip: String, line: String, bias: LineSource.Bias) throws(LineError) {
    var error = cgpiod_error()
    guard let request = cgpiod_request_input(chip, line, bias.shimValue, Self.consumer, &error) else {
      throw Self.describe(error, chip: chip, line: line)
    }
    self.request = request
    name = line
  }

  deinit {
    cgpiod_release(request)
  }

  var descriptor: Int32 { cgpiod_descriptor(request) }

  func level() throws(LineError) -> LineLevel {
    switch cgpiod_level(request) {
    case 0: .low
    case 1: .high
    default: throw .unreadable(line: name, reason: String(cString: strerror(errno)))
    }
  }

  func readEdges() throws(LineError) -> [LineEdge] {
    let capacity = 64
    var events = [cgpiod_event](repeating: cgpiod_event(), count: capacity)
    let count = cgpiod_read_events(request, &events, Int32(capacity))
    guard count >= 0 else { throw .unreadable(line: name, reason: String(cString: strerror(errno))) }
    return events.prefix(Int(count)).map { event in
      // Edges are counted also when there is no room for them.
      let missed = event.sequence == 0 ? 0 : Int(event.sequence &- lastSequence &- 1)
      lastSequence = event.sequence
      return LineEdge(
        level: event.rising ? .high : .low,
        time: MonotonicTime(nanoseconds: Int64(clamping: event.monotonic_ns)), missed: missed)
    }
  }

  static func describe(_ error: cgpiod_error, chip: String, line: String) -> LineError {
    let reason = String(cString: strerror(error.error))
    switch error.failure {
    case CGPIOD_NO_CHIP: return .noChip(chip, reason: reason)
    case CGPIOD_NO_LINE: return .noLine(line, chip: chip)
    default:
      guard error.error == EBUSY else { return .refused(line: line, chip: chip, reason: reason) }
      let consumer = withUnsafeBytes(of: error.consumer) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      return .busy(line: line, chip: chip, consumer: consumer.isEmpty ? "another program" : consumer)
    }
  }
}

extension LineSource.Bias {
  fileprivate var shimValue: cgpiod_bias {
    switch self {
    case .pullUp: CGPIOD_BIAS_PULL_UP
    case .pullDown: CGPIOD_BIAS_PULL_DOWN
    case .disabled: CGPIOD_BIAS_DISABLED
    case .asIs: CGPIOD_BIAS_AS_IS
    }
  }
}
