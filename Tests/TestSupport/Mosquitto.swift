import Foundation
import Glibc
import Synchronization

/// Debian's mosquitto on a port and in a folder of its own.
package final class Mosquitto: Sendable {
  package struct Options: Sendable {
    /// Keeps sessions and messages over `terminate`; over `kill` all but what changed just before. With the
    /// configuration that users are given.
    package var persistence = false
    package var credentials: (userName: String, password: String)?
    /// More lines of mosquitto.conf.
    package var extraLines: [String] = []

    package init(
      persistence: Bool = false,
      credentials: (userName: String, password: String)? = nil,
      extraLines: [String] = []
    ) {
      self.persistence = persistence
      self.credentials = credentials
      self.extraLines = extraLines
    }
  }

  package let port: Int
  private let options: Options
  private let folder: URL
  private let child = Mutex<ChildProcess?>(nil)

  /// A broker that is not started yet.
  package init(_ options: Options = Options()) throws {
    self.options = options
    port = try freePort()
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("mosquitto-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try writeConfiguration()
  }

  deinit { discard() }

  /// Starts a broker, and ends it with the closure, also when that throws.
  package static func with<Result>(
    _ options: Options = Options(),
    _ body: (Mosquitto) async throws -> Result
  ) async throws -> Result {
    let broker = try Mosquitto(options)
    defer { broker.discard() }
    try await broker.start()
    return try await body(broker)
  }

  /// Starts the broker, and waits until it accepts connections.
  package func start() async throws {
    guard child.withLock({ $0 == nil }) else { throw TestSupportError("this mosquitto runs already") }
    try? FileManager.default.removeItem(at: logFile)
    let child = try ChildProcess(
      "/usr/sbin/mosquitto",
      ["-c", configurationFile.path],
      output: logFile.path
    )
    self.child.withLock { $0 = child }
    try await eventually("mosquitto on port \(port)") {
      guard child.isRunning else { throw TestSupportError("mosquitto ended: \(try log())") }
      return LoopbackSocket.canConnect(port: port)
    }
  }

  /// What the broker has logged since it was last started.
  package func log() throws -> String {
    try String(contentsOf: logFile, encoding: .utf8)
  }

  /// Ends the broker without giving it time for anything.
  package func kill() { signal(SIGKILL, thenWait: true) }

  /// Lets the broker end in its own way, which saves what it persists.
  package func terminate() { signal(SIGTERM, thenWait: true) }

  /// Stops the broker's process: its connections stay, and nothing answers.
  package func pause() { signal(SIGSTOP, thenWait: false) }

  package func resume() { signal(SIGCONT, thenWait: false) }

  /// Ends the broker if it runs, and starts it again.
  ///
  /// - Parameter emptied: Without anything it had saved.
  package func restart(emptied: Bool = false) async throws {
    kill()
    if emptied { try? FileManager.default.removeItem(at: databaseFile) }
    try await start()
  }

  private func signal(_ signal: Int32, thenWait waits: Bool) {
    let running = child.withLock { child in
      defer { if waits { child = nil } }
      return child
    }
    running?.signal(signal)
    if waits { running?.waitUntilEnd() }
  }

  /// Ends the broker, and removes what it has left.
  package func discard() {
    resume()
    kill()
    try? FileManager.default.removeItem(at: folder)
  }

  /// The lines that users are given.
  private static var shippedConfiguration: String {
    get throws {
      let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
        "../..")
      return try String(
        contentsOf: package.appendingPathComponent("deploy/mosquitto/dooralarm.conf"), encoding: .utf8)
    }
  }

  private var configurationFile: URL { folder.appendingPathComponent("mosquitto.conf") }
  private var logFile: URL { folder.appendingPathComponent("log") }
  private var databaseFile: URL { folder.appendingPathComponent("mosquitto.db") }

  private func writeConfiguration() throws {
    var lines = ["listener \(port) 127.0.0.1", "log_type all", "max_queued_messages 100000"]
    // As root, mosquitto would change to a user who may not write to the folder.
    if getuid() == 0 { lines.append("user root") }
    if let credentials = options.credentials {
      let file = folder.appendingPathComponent("passwords").path
      try runProgram(
        "/usr/bin/mosquitto_passwd", ["-c", "-b", file, credentials.userName, credentials.password])
      lines += ["allow_anonymous false", "password_file \(file)"]
    } else {
      lines.append("allow_anonymous true")
    }
    if options.persistence {
      lines += ["persistence_location \(folder.path)/", try Self.shippedConfiguration]
    }
    lines += options.extraLines
    try (lines.joined(separator: "\n") + "\n").write(to: configurationFile, atomically: true, encoding: .utf8)
  }
}
