import AccessCodes
import Appliance
import ArgumentParser
import DoorCore
import Glibc

struct HashCodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hash-code",
    abstract: "Makes of a code what belongs into the settings.",
    discussion:
      "Reads the code from the terminal, without showing it, or a line from standard input: on the command "
      + "line everybody could read it.")

  func run() throws {
    guard let text = CodePrompt.read("Code: "), let code = AccessCode(text) else {
      ProgramOutput.complain("door-notifier: a code has 1 to \(AccessCode.longest) bytes")
      throw ExitCode(ExitStatus.data)
    }
    ProgramOutput.say("code_hash = \"\(try CodeHash(of: code).reveal())\"")
  }
}
