import Foundation
import MainJobSupport
import Synchronization
import TestSupport
import Testing

/// What the agent tells systemd, by the socket that systemd would have made.
@Suite struct SystemdTests {
  private final class Told: Sendable {
    private let messages = Mutex<[String]>([])
    private let socket: NotifySocket

    init(_ socket: NotifySocket) { self.socket = socket }

    /// Everything so far.
    var all: [String] {
      messages.withLock { messages in
        messages += socket.receivedAll()
        return messages
      }
    }
  }

  /// Runs the household's agent under such a socket until the closure ends.
  private func withAgent(
    of house: Household, watchdogPeriod: Duration? = nil, _ body: (ChildProcess, Told) async throws -> Void
  ) async throws {
    let path = house.file("notify").path
    let told = Told(try NotifySocket(path))
    let agent = try ChildProcess(
      "/usr/bin/env",
      ["NOTIFY_SOCKET=\(path)"]
        + (watchdogPeriod.map { ["WATCHDOG_USEC=\($0.components.seconds * 1_000_000)"] } ?? [])
        + [
          ProgramProcess.folder.appendingPathComponent("door-agent").path,
          "--config", house.file("agent.toml").path,
        ], output: house.file("agent.log").path)
    defer {
      agent.signal(SIGKILL)
      agent.waitUntilEnd()
    }
    try await body(agent, told)
  }

  @Test("the agent is ready once its lines are read, without a broker; then how it stands; and that it ends")
  func agent() async throws {
    try await Household.with { house in
      try await withAgent(of: house) { agent, told in
        try await eventually("READY") { told.all.contains("READY=1") }
        try await eventually("the doors") {
          told.all.contains {
            $0.hasPrefix("STATUS=front closed, back closed; broker: ") && !$0.hasSuffix(" connected")
          }
        }
        try await house.broker.start()
        try await eventually("the broker") {
          told.all.contains("STATUS=front closed, back closed; broker: connected")
        }
        try house.set("front", "open")
        try await eventually("the door") {
          told.all.contains("STATUS=front open, back closed; broker: connected")
        }
        agent.signal(SIGTERM)
        #expect(agent.waitUntilEnd() == 0)
        #expect(told.all.contains("STOPPING=1"))
        #expect(told.all.count { $0 == "READY=1" } == 1)
        #expect(!told.all.contains("WATCHDOG=1"), "nobody asked for it")
      }
    }
  }

  @Test("the agent is alive without a broker and with one, for as long as it runs")
  func watchdog() async throws {
    try await Household.with { house in
      try await withAgent(of: house, watchdogPeriod: .seconds(2)) { agent, told in
        try await eventually("a sign of life") { told.all.contains("WATCHDOG=1") }
        try await house.broker.start()
        try await eventually("the broker") { told.all.contains { $0.hasSuffix("broker: connected") } }
        let count = told.all.count { $0 == "WATCHDOG=1" }
        try await eventually("more of them") { told.all.count { $0 == "WATCHDOG=1" } > count + 1 }
      }
    }
  }

  @Test("a reload begins and ends, with settings that are valid and with others")
  func reload() async throws {
    try await Household.with { house in
      try await withAgent(of: house) { agent, told in
        try await eventually("READY") { told.all.contains("READY=1") }
        try "no settings".write(to: house.file("agent.toml"), atomically: true, encoding: .utf8)
        agent.signal(SIGHUP)
        try await eventually("READY again") { told.all.count { $0 == "READY=1" } == 2 }
        try house.writeSettings(doors: [house.simulatedDoor("shed")])
        agent.signal(SIGHUP)
        try await eventually("the other door") { told.all.contains { $0.hasPrefix("STATUS=shed closed; ") } }
        try await eventually("READY again") { told.all.count { $0 == "READY=1" } == 3 }
        #expect(
          told.all.count {
            $0.wholeMatch(of: /RELOADING=1\nMONOTONIC_USEC=[0-9]+/) != nil
          } == 2)
      }
    }
  }
}
