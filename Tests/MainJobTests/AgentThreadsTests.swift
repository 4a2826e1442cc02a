import Foundation
import MainJobSupport
import TestSupport
import Testing

/// Libdispatch's threads wake once a second, so the agent does without them.
@Suite struct AgentThreadsTests {
  /// Without NIO's numbers.
  private func threads(_ house: Household) -> [String] {
    house.agent.threads.map { $0.hasPrefix("NIO-") ? "NIO" : $0.hasPrefix("SGLTN-TP-") ? "NIO, names" : $0 }
  }

  @Test("are one for each thing to wait for, whatever it does")
  func threads() async throws {
    let expected = ["NIO", "NIO, names", "door-agent", "journal", "lines"]
    try await Household.with { house in
      try house.writeSettings(
        doors: [house.simulatedDoor("front")],
        agentLines:
          "[[output]]\nid = 'bell'\nsimulated = '\(house.file("bell").path)'\ndoors = ['front']\nfor_s = 1\n")
      try await house.start()
      try house.set("front", "open")
      try await house.sees("house/front: open", status: 1)
      #expect(threads(house) == expected)

      house.agent.reload()
      try await house.agent.says("the settings have been read again")
      house.broker.kill()
      try house.set("front", "closed")
      try await house.agent.says("door front is closed")
      try await house.broker.start()
      try await house.sees("house/front: closed", status: 0)
      #expect(threads(house) == expected)
      #expect(house.agent.terminate() == 0)
    }
  }
}
