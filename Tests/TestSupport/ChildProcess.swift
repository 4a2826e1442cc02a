import CLinux
import Foundation
import Glibc
import Synchronization

/// A program that a test has started, and ends by its id.
///
/// Foundation's `Process` would hand down the signal mask of the thread that starts it, under which a broker
/// started from a task does not even notice SIGTERM.
package final class ChildProcess: Sendable {
  private let identifier: pid_t
  /// Its exit status once its end has been noticed; that of a signal is 128 and the signal.
  private let ended = Mutex<Int32?>(nil)

  /// - Parameters:
  ///   - output: The file that what the program writes is appended to.
  ///   - errors: The same for its standard error; the same file where it is nil.
  package init(_ path: String, _ arguments: [String], output: String, errors: String? = nil) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let flags = O_WRONLY | O_CREAT | O_APPEND
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, flags, 0o600)
    if let errors {
      posix_spawn_file_actions_addopen(&actions, 2, errors, flags, 0o600)
    } else {
      posix_spawn_file_actions_adddup2(&actions, 1, 2)
    }
    // A program that has a listener of ours, too, would accept connections that nobody answers.
    posix_spawn_file_actions_addclosefrom_np(&actions, 3)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var noSignals = sigset_t()
    sigemptyset(&noSignals)
    posix_spawnattr_setsigmask(&attributes, &noSignals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
    defer { for word in words { free(word) } }
    words.append(nil)
    var identifier = pid_t()
    let status = posix_spawn(&identifier, path, &actions, &attributes, words, environ)
    guard status == 0 else { throw TestSupportError("\(path) cannot be started: errno \(status)") }
    self.identifier = identifier
  }

  /// Ends it, if nobody else has: where a process has ended and nobody takes note, the testing library does not
  /// hear of the end of any exit test's.
  deinit {
    signal(SIGKILL)
    waitUntilEnd()
  }

  package var isRunning: Bool {
    ended.withLock { status in
      if status == nil { status = wait(WNOHANG) }
      return status == nil
    }
  }

  /// Does nothing once the program's end has been noticed, so that nobody else's id is hit.
  package func signal(_ signal: Int32) {
    ended.withLock { status in
      if status == nil { _ = kill(identifier, signal) }
    }
  }

  /// What its threads are called, sorted.
  package var threads: [String] {
    let folder = "/proc/\(identifier)/task"
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return threads.compactMap { try? String(contentsOfFile: "\(folder)/\($0)/comm", encoding: .utf8) }
      .map { $0.trimmingCharacters(in: .newlines) }.sorted()
  }

  /// Waits for the end. Returns the exit status.
  @discardableResult
  package func waitUntilEnd() -> Int32 {
    ended.withLock { status in
      let result = status ?? wait(0) ?? -1
      status = result
      return result
    }
  }

  /// The exit status, or nil where it has not ended.
  private func wait(_ options: Int32) -> Int32? {
    var status: Int32 = 0
    guard waitpid(identifier, &status, options) == identifier else { return nil }
    let signal = status & 0x7f
    return signal == 0 ? (status >> 8) & 0xff : 128 + signal
  }
}

/// Runs a program to its end.
package func runProgram(_ path: String, _ arguments: [String]) throws {
  let status = try ChildProcess(path, arguments, output: "/dev/null").waitUntilEnd()
  guard status == 0 else { throw TestSupportError("\(path) ended with status \(status)") }
}
