package import Foundation
import Synchronization
import TestSupport

/// One of the package's programs as a process of its own, with its log in a file.
package final class ProgramProcess: Sendable {
  private let name: String
  private let arguments: [String]
  private let logFile: URL
  private let process = Mutex<ChildProcess?>(nil)

  /// - Parameter name: `door-agent`, `door-notifier` or `doorctl`.
  package init(_ name: String, _ arguments: [String], logFile: URL) {
    self.name = name
    self.arguments = arguments
    self.logFile = logFile
  }

  deinit { kill() }

  /// The folder of the built programs: the one from which the tests themselves run.
  package static var folder: URL {
    URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
  }

  package func start() throws {
    guard !isRunning else { throw TestSupportError("\(name) runs already") }
    let child = try ChildProcess(
      Self.folder.appendingPathComponent(name).path, arguments, output: logFile.path)
    process.withLock { $0 = child }
  }

  /// All that it has written, over all its starts.
  package var log: String { (try? String(contentsOf: logFile, encoding: .utf8)) ?? "" }

  package var isRunning: Bool { process.withLock { $0 }?.isRunning ?? false }

  /// What its threads are called, sorted.
  package var threads: [String] { process.withLock { $0 }?.threads ?? [] }

  /// Ends it without giving it time for anything.
  package func kill() { end(with: SIGKILL) }

  /// Asks it to end, and waits for that. Returns its exit status.
  @discardableResult
  package func terminate() -> Int32 { end(with: SIGTERM) }

  package func pause() { process.withLock { $0 }?.signal(SIGSTOP) }

  /// Asks it to read its settings again.
  package func reload() { process.withLock { $0 }?.signal(SIGHUP) }

  package func resume() { process.withLock { $0 }?.signal(SIGCONT) }

  /// Waits until its log says `text`.
  package func says(_ text: String, within limit: Duration = .seconds(60)) async throws {
    do {
      try await eventually(within: limit, "\"\(text)\" in the log of \(name)") { log.contains(text) }
    } catch {
      throw TestSupportError("\(error); it says:\n\(log.suffix(4_000))")
    }
  }

  @discardableResult
  private func end(with signal: Int32) -> Int32 {
    let child = process.withLock { process in
      defer { process = nil }
      return process
    }
    child?.signal(signal)
    return child?.waitUntilEnd() ?? 0
  }
}

/// What a program answered that ran to its end.
package struct ProgramAnswer: Sendable {
  package var status: Int32
  package var output: String
  package var errors: String

  /// Runs one of the package's programs to its end.
  package static func of(
    _ name: String, _ arguments: [String], environment: [String: String] = [:]
  ) async throws -> ProgramAnswer {
    try await of(
      environment.map { "\($0)=\($1)" } + [ProgramProcess.folder.appendingPathComponent(name).path]
        + arguments)
  }

  /// Runs any program, with its arguments, to its end.
  package static func of(_ words: [String]) async throws -> ProgramAnswer {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("answer-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let output = folder.appendingPathComponent("output")
    let errors = folder.appendingPathComponent("errors")
    let child = try ChildProcess("/usr/bin/env", words, output: output.path, errors: errors.path)
    // Polled and not waited for: a blocked thread is one less for all other tests.
    try await eventually("the end of \(words.joined(separator: " "))") { !child.isRunning }
    let status = child.waitUntilEnd()
    return ProgramAnswer(
      status: status, output: try String(contentsOf: output, encoding: .utf8),
      errors: try String(contentsOf: errors, encoding: .utf8))
  }
}
