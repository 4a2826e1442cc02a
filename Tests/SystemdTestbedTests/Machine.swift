import Foundation
import GPIO
import MainJobSupport
import TestSupport

/// The guest of `Tests/Testbed/run --systemd`, with the door alarm installed on it as the README says.
struct Machine {
  static let reason = "it needs the testbed's guest with systemd: Tests/Testbed/run --systemd"

  /// Whether this is such a guest. On any other machine with systemd, nothing may be touched.
  static var isAvailable: Bool {
    GPIOSimulator.isAvailable
      && ["/run/systemd/system", "/run/testbed"].allSatisfy(FileManager.default.fileExists(atPath:))
  }

  let chip: GPIOSimulator
  let agent = Unit("door-agent")
  let notifier = Unit("door-notifier")
  let broker = Unit("mosquitto")

  /// Installs where that is not done yet, and gives the body a machine on which nothing has run: settings for the
  /// door `front` of the agent `house`, on a line of that name, which is low while the door is closed.
  static func with(_ body: (Machine) async throws -> Void) async throws {
    try await Installation.done.value
    let machine = Machine(chip: try GPIOSimulator(lines: ["front"]))
    do {
      try await machine.writeSettings()
      try await shell("udevadm settle")
      try await body(machine)
    } catch {
      let journal = (try? await shell("journalctl --no-pager --lines=60 --output=short-precise")) ?? ""
      try await machine.reset()
      throw TestSupportError("\(error); the journal:\n\(journal)")
    }
    try await machine.reset()
  }

  /// What the agent is given where a test wants nothing else.
  var agentSettings: String {
    """
    id = "house"
    heartbeat_s = 20
    check_s = 1
    \(Installation.brokerTable(user: "house"))
    [[door]]
    id = "front"
    chip = "\(chip.label)"
    line = "front"
    bias = "as-is"
    debounce_ms = 20

    """
  }

  /// The same of the notifier.
  var notifierSettings: String {
    """
    id = "main"
    \(Installation.brokerTable(user: "notifier"))
    [[area]]
    id = "home"
    name = "Home"
    entry_delay_s = 0
    exit_delay_s = 0
    [[door]]
    agent = "house"
    id = "front"
    area = "home"
    [[channel]]
    id = "log"
    type = "log"

    """
  }

  func write(_ text: String, to name: String) throws {
    try text.write(toFile: "/etc/dooralarm/\(name)", atomically: true, encoding: .utf8)
  }

  private func writeSettings() async throws {
    try write(agentSettings, to: "agent.toml")
    try write(notifierSettings, to: "notifier.toml")
  }

  /// Ends everything and forgets what it has kept.
  private func reset() async throws {
    for unit in [agent, notifier, broker] { try await unit.stop() }
    chip.remove()
    try await shell(
      """
      systemctl reset-failed
      systemctl clean --what=state door-agent door-notifier
      rm -f /var/lib/mosquitto/*
      """)
  }

  /// Who has the door's line, by the kernel.
  var lineConsumer: String? {
    get throws { try GPIOChip.all.first { $0.label == chip.label }?.lines().first?.consumer }
  }

  /// Opens or closes the door.
  func set(_ state: String) throws { try chip.set("front", high: state == "open") }
}

/// Runs a shell script, and returns what it has written; throws where it fails.
@discardableResult
func shell(_ script: String) async throws -> String {
  let answer = try await ProgramAnswer.of(["bash", "-euo", "pipefail", "-c", script])
  guard answer.status == 0 else { throw TestSupportError("\(script): \(answer)") }
  return answer.output
}
