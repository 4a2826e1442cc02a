package import Appliance
package import DoorCore

/// A program of the machine that is handed a notice: how it is started, and what its end means. It starts nothing;
/// ``ProgramChannel`` does.
package protocol ProgramService: Sendable {
  /// - Parameter table: `[[channel]]`, of which `id` and `type` are read already.
  init(reading table: SettingsTable) throws(SettingsError)

  var timeLimit: Duration { get }

  /// - Parameter now: for what is dated.
  func call(for notice: Notice, at now: Timestamp) -> ProgramCall
  func judge(_ end: ProgramEnd) -> DeliveryResult
}

extension ProgramService {
  package var timeLimit: Duration { .seconds(30) }
}

/// How a program is started: without a shell, so that nothing of a text is ever a command.
package struct ProgramCall: Sendable, Equatable {
  /// An absolute path.
  package var path: String
  /// Everybody on the machine can read them: nothing secret is among them.
  package var arguments: [String]
  /// In addition to `PATH`, `HOME` and the language, which are the notifier's; it has no other of the notifier's.
  package var environment: [String: String] = [:]
  package var input: [UInt8]
}

/// How a program has ended.
package enum ProgramEnd: Sendable, Equatable {
  case exited(Int32)
  case killed(signal: Int32)
  /// It was ended because it took too long.
  case tookTooLong
  case notStarted(why: String)

  /// What it means by the codes of sysexits.h, as `sendmail` has them: 0 is a delivery; what is wrong with the message, its
  /// address or the settings stays wrong; everything else may pass.
  func result(of name: String) -> DeliveryResult {
    switch self {
    case .exited(0): .delivered(answer: "exit status 0")
    case .exited(let status) where (64...68).contains(status) || status == 77 || status == 78:
      .refused(why: "\(name) ended with exit status \(status): check its settings")
    case .exited(let status): .retry(after: nil, why: "\(name) ended with exit status \(status)")
    case .killed(let signal): .retry(after: nil, why: "\(name) was ended by signal \(signal)")
    case .tookTooLong: .retry(after: nil, why: "\(name) took too long and was ended")
    case .notStarted(let why): .retry(after: nil, why: "\(name) cannot be started: \(why)")
    }
  }
}

/// What programs are found by.
struct ProgramPath {
  struct InvalidPath: Error, CustomStringConvertible {
    var description: String { "a program is named by its absolute path" }
  }

  static func checked(_ text: String) throws(InvalidPath) -> String {
    guard text.hasPrefix("/") else { throw InvalidPath() }
    return text
  }
}
