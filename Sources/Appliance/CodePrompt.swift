import Glibc

/// Asks the person at the terminal for what nobody is to see.
package enum CodePrompt {
  /// One line of standard input; on a terminal it is asked for, and not shown as it is typed. nil at its end.
  package static func read(_ prompt: String) -> String? {
    guard isatty(STDIN_FILENO) == 1 else { return readLine() }
    var kept = termios()
    guard tcgetattr(STDIN_FILENO, &kept) == 0 else { return readLine() }
    var silent = kept
    silent.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
    defer {
      tcsetattr(STDIN_FILENO, TCSAFLUSH, &kept)
      ProgramOutput.complain("")
    }
    _ = prompt.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    return readLine()
  }
}
