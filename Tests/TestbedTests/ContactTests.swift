import AlarmStore
import DoorCore
import Foundation
import MainJobSupport
import TestSupport
import Testing

/// The main job with a contact on a real GPIO chip: agent, mosquitto and notifier in the guest.
@Suite(.enabled(if: GPIOSimulator.isAvailable, "\(GPIOSimulator.reason)"))
struct ContactTests {
  /// A household whose front door is on line `front` of the chip `doors`: low while closed.
  private func withContact(
    _ body: (Household, GPIOSimulator) async throws -> Void
  ) async throws {
    let chip = try GPIOSimulator(lines: ["front"])
    defer { chip.remove() }
    let door = Household.Door(
      id: "front",
      lines: ["chip = \"\(chip.label)\"", "line = \"front\"", "bias = \"as-is\"", "debounce_ms = 20"])
    try await Household.with(doors: [door]) { house in try await body(house, chip) }
  }

  @Test("real edges reach the retained topic, the history and the webhook")
  func path() async throws {
    try await withContact { house, chip in
      try await house.start()
      try await house.sees("house/front: closed since", status: 0)
      #expect(try await house.doorctl("arm", "home").status == 0)
      try chip.set("front", high: true)
      try await eventually("the webhook's call") { house.webhook.alerts.count == 1 }
      #expect(house.webhook.requests.first?.json["simulated"] as? Bool == false)
      try await house.sees("house/front: open since", status: 1)
      try chip.set("front", high: false)
      try await house.sees("house/front: closed since", status: 0)
      let history = try await house.history(of: "front")
      #expect(history.map(\.transition.state) == [.closed, .open, .closed])
      #expect(history.map(\.transition.cause) == [.boot, .edge, .edge])
    }
  }

  @Test("a chip that is not there makes the door unknown and arming impossible, and the others go on")
  func missingChip() async throws {
    try await withContact { house, chip in
      let doors = [
        Household.Door(id: "front", lines: ["chip = \"\(chip.label)\"", "line = \"front\""]),
        Household.Door(id: "back", lines: ["chip = \"windows\"", "line = \"back\""]),
      ]
      try house.writeSettings(doors: doors)
      try await house.start()
      try await house.agent.says("door back is unknown: there is no GPIO chip \"windows\"")
      try await house.sees("house/back: unknown", status: 2)
      try chip.set("front", high: false)
      try await house.sees("house/front: ")
      #expect(try await house.doorctl("arm", "home").output.contains("back is unknown"))
    }
  }

  @Test("a journal on a full disk: the agent says so, goes on, and loses nothing once there is room")
  func fullDisk() async throws {
    try await withContact { house, chip in
      try runProgram(
        "/usr/bin/mount", ["-t", "tmpfs", "-o", "size=256k", "none", house.file("journal").path])
      defer { try? runProgram("/usr/bin/umount", ["-l", house.file("journal").path]) }
      try await house.start()
      try await house.sees("house/front: closed since", status: 0)
      #expect(try await house.doorctl("arm", "home").status == 0)
      let ballast = try Ballast(in: house.file("journal"))
      try chip.set("front", high: true)
      try await house.agent.says("the disk of the journal")
      // The alarm does not wait for the disk.
      try await eventually("the alarm") { house.webhook.alerts.count == 1 }
      for high in [false, true] {
        try chip.set("front", high: high)
        try await Task.sleep(for: .milliseconds(100))
      }
      #expect(house.agent.isRunning)
      try ballast.remove()
      try await house.agent.says("the journal takes transitions again")
      try await house.sees("house/front: open since", status: 1)
      try await eventually("the history") { try await house.history(of: "front").count == 4 }
      #expect(
        try await house.history(of: "front").map(\.transition.state) == [.closed, .open, .closed, .open])
      // The first opening was told already; the second is an alarm of its own.
      try await eventually("the second alarm") { house.webhook.alerts.count == 2 }
    }
  }
}
