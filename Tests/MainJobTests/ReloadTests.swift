import AlarmStore
import DoorCore
import Foundation
import MainJobSupport
import TestSupport
import Testing

/// Settings that change while the agent runs.
@Suite struct ReloadTests {
  @Test("SIGHUP takes up doors that have come and lets go of those that are gone; the others go on")
  func doors() async throws {
    try await Household.with { house in
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      try house.set("front", "open")
      try await house.sees("house/front: open", status: 1)
      let before = try await house.history(of: "front")
      let shed = Household.Door(id: "shed", lines: ["simulated = \"\(house.file("shed").path)\""])
      try house.writeSettings(doors: [house.simulatedDoor("front"), shed])
      house.agent.reload()
      try await house.agent.says("the settings have been read again: 2 doors")
      try await house.sees("house/shed: closed")
      try house.set("back", "open")
      try house.set("front", "closed")
      try await house.sees("house/front: closed", status: 0)
      #expect(try await house.history(of: "front").count == before.count + 1)
      #expect(try await house.history(of: "back").map(\.transition.state) == [.closed])
      #expect(!house.agent.log.contains("back is open"))
    }
  }

  @Test("a file that is not valid keeps the old settings and says why")
  func invalid() async throws {
    try await Household.with { house in
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      try "id = 7".write(to: house.file("agent.toml"), atomically: true, encoding: .utf8)
      house.agent.reload()
      try await house.agent.says("the settings stay as they were: ")
      try await house.agent.says("agent.toml:1: id is a whole number and must be a string")
      try house.set("front", "open")
      try await house.sees("house/front: open", status: 1)
    }
  }

  @Test("what holds for a whole run waits for the next start, and the rest is taken up all the same")
  func fixed() async throws {
    try await Household.with { house in
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      try house.writeSettings(doors: [house.simulatedDoor("front")])
      let file = house.file("agent.toml")
      let text = try String(contentsOf: file, encoding: .utf8)
      try text.replacing("id = \"house\"", with: "id = \"other\"").replacing("keep_alive_s = 5", with: "")
        .write(to: file, atomically: true, encoding: .utf8)
      house.agent.reload()
      try await house.agent.says("changed, but only for the next start: id, broker")
      try await house.agent.says("the settings have been read again: 1 doors")
      try house.set("front", "open")
      try await house.sees("house/front: open", status: 1)
    }
  }
}
