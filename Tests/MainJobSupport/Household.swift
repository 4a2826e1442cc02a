package import Foundation
package import TestSupport

/// The main job on real parts: a mosquitto, an agent, a notifier and a webhook, each a process of its own, in
/// a folder of their own.
package final class Household: Sendable {
  /// A door of the agent `house`.
  package struct Door: Sendable {
    package var id: String
    /// The lines of its table in the agent's settings, after its id.
    package var lines: [String]

    package init(id: String, lines: [String]) {
      self.id = id
      self.lines = lines
    }
  }

  package let folder: URL
  private let authority: CertificateAuthority?
  package let broker: Mosquitto
  package let webhook: WebhookReceiver
  package let agent: ProgramProcess
  package let notifier: ProgramProcess

  private init(doors: [Door]?, password: String, heartbeatSeconds: Int, authority: CertificateAuthority?)
    throws
  {
    self.authority = authority
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("household-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    broker = try Mosquitto(
      .init(
        persistence: true, credentials: ("house", Self.password),
        extraLines: try authority?.mosquittoLines(for: "IP:127.0.0.1") ?? []))
    webhook = try WebhookReceiver()
    agent = ProgramProcess(
      "door-agent", ["--config", folder.appendingPathComponent("agent.toml").path, "--log-level", "debug"],
      logFile: folder.appendingPathComponent("agent.log"))
    notifier = ProgramProcess(
      "door-notifier",
      ["--config", folder.appendingPathComponent("notifier.toml").path, "--log-level", "debug"],
      logFile: folder.appendingPathComponent("notifier.log"))
    try (password + "\n").write(to: file("password"), atomically: true, encoding: .utf8)
    let doors = doors ?? [simulatedDoor("front"), simulatedDoor("back")]
    try writeSettings(doors: doors, heartbeatSeconds: heartbeatSeconds)
  }

  package static let password = "corr ect\"horse"

  /// Makes a household whose parts are not started yet, and ends all of them with the closure.
  package static func with<Result>(
    doors: [Door]? = nil, password: String? = nil, heartbeatSeconds: Int = 20,
    authority: CertificateAuthority? = nil,
    _ body: (Household) async throws -> Result
  ) async throws -> Result {
    let household = try Household(
      doors: doors, password: password ?? Self.password, heartbeatSeconds: heartbeatSeconds,
      authority: authority)
    defer { household.end() }
    return try await body(household)
  }

  package func file(_ name: String) -> URL { folder.appendingPathComponent(name) }

  /// Starts broker, agent and notifier, and waits until they are connected.
  package func start() async throws {
    try await broker.start()
    try await startPrograms()
  }

  /// The same with a broker that runs already.
  package func startPrograms() async throws {
    try notifier.start()
    try await notifier.says("connected")
    try agent.start()
    try await agent.says("connected")
  }

  // MARK: What a person does

  /// Opens or closes a simulated door.
  package func set(_ door: String, _ state: String) throws {
    try (state + "\n").write(to: file(door), atomically: false, encoding: .utf8)
  }

  /// Asks or commands through doorctl.
  package func doorctl(_ arguments: String...) async throws -> ProgramAnswer {
    try await ProgramAnswer.of(
      "doorctl", arguments + ["--config", file("doorctl.toml").path, "--timeout", "30"])
  }

  package var storePath: String { file("store.sqlite").path }
  package var journalPath: String { file("journal/journal.sqlite").path }

  // MARK: The folder

  package func simulatedDoor(_ id: String) -> Door {
    Door(id: id, lines: ["simulated = \"\(file(id).path)\""])
  }

  package var brokerTable: String {
    """
    [broker]
    host = "127.0.0.1"
    port = \(broker.port)
    username = "house"
    password_file = "\(file("password").path)"
    keep_alive_s = 5
    \(authority.map { "tls = true\nca_file = \"\($0.certificateFile)\"" } ?? "")

    """
  }

  /// - Parameters:
  ///   - agentLines: more tables of the agent's settings.
  ///   - notifierLines: more of the notifier's.
  ///   - areaLines: of the area's table; by themselves nothing is delayed.
  ///   - doorLines: of every door's table in the notifier's settings.
  package func writeSettings(
    doors: [Door], heartbeatSeconds: Int = 20, agentLines: String = "", notifierLines: String = "",
    areaLines: String = "entry_delay_s = 0\nexit_delay_s = 0\n", doorLines: String = ""
  ) throws {
    try FileManager.default.createDirectory(at: file("journal"), withIntermediateDirectories: true)
    var agent =
      "id = \"house\"\njournal = \"\(journalPath)\"\nheartbeat_s = \(heartbeatSeconds)\ncheck_s = 1\n"
      + brokerTable
    var notifier =
      "id = \"main\"\nstore = \"\(storePath)\"\n" + brokerTable + "[[area]]\nid = \"home\"\nname = \"Home\"\n"
      + areaLines
    for door in doors {
      agent += "[[door]]\nid = \"\(door.id)\"\n" + door.lines.map { $0 + "\n" }.joined()
      notifier += "[[door]]\nagent = \"house\"\nid = \"\(door.id)\"\narea = \"home\"\n" + doorLines
    }
    agent += agentLines
    notifier += notifierLines
    notifier += "[[channel]]\nid = \"log\"\ntype = \"log\"\n"
    notifier += "[[channel]]\nid = \"hook\"\ntype = \"webhook\"\nurl = \"\(webhook.address)\"\n"
    try agent.write(to: file("agent.toml"), atomically: true, encoding: .utf8)
    try notifier.write(to: file("notifier.toml"), atomically: true, encoding: .utf8)
    try brokerTable.write(to: file("doorctl.toml"), atomically: true, encoding: .utf8)
  }

  private func end() {
    agent.resume()
    agent.kill()
    notifier.resume()
    notifier.kill()
    webhook.end()
    broker.discard()
    try? FileManager.default.removeItem(at: folder)
  }
}
