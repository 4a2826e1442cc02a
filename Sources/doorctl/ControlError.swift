/// Why a command ended without an answer.
enum ControlError: Error, CustomStringConvertible {
  case noAnswer(String)

  var description: String {
    switch self {
    case .noAnswer(let what): what
    }
  }
}
