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

  @Test("the agent is ready once its lines are read, without a broker; then how it stands; and that it ends")
  func agent() async throws {
    try await Household.with { house in
      let path = house.file("notify").path
      let told = Told(try NotifySocket(path))
      let agent = try ChildProcess(
        "/usr/bin/env",
        [
          "NOTIFY_SOCKET=\(path)", ProgramProcess.folder.appendingPathComponent("door-agent").path,
          "--config", house.file("agent.toml").path,
        ], output: house.file("agent.log").path)
      defer { agent.signal(SIGKILL) }
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
    }
  }
}
