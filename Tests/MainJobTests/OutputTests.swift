import DoorCore
import Foundation
import Journal
import MainJobSupport
import TestSupport
import Testing

/// Sirens and lamps of the agent's own machine.
@Suite struct OutputTests {
  private func table(_ id: String, _ house: Household, _ lines: String) -> String {
    "[[output]]\nid = '\(id)'\nsimulated = '\(house.file(id).path)'\n\(lines)\n"
  }

  private func state(_ id: String, _ house: Household) -> String {
    ((try? String(contentsOf: house.file(id), encoding: .utf8)) ?? "").trimmingCharacters(in: .newlines)
  }

  /// What a running agent's journal, which nobody else can open, has kept of the areas.
  private func areasInCopy(ofJournal house: Household) async throws -> [AreaState] {
    let folder = try TemporaryFolder()
    for suffix in ["", "-wal"] {
      try FileManager.default.copyItem(
        atPath: house.journalPath + suffix, toPath: folder.file("copy" + suffix))
    }
    // One that was written to meanwhile may not be whole.
    guard let copy = try? TransitionJournal(path: folder.file("copy"), newIdentifier: "") else { return [] }
    return Array(try await copy.areas().values)
  }

  @Test("follow a door, and an area's alarm; a siren sounds on its own with broker and network gone")
  func outputs() async throws {
    try await Household.with { house in
      try house.writeSettings(
        doors: [house.simulatedDoor("front"), house.simulatedDoor("back")],
        agentLines: table("lamp", house, "doors = ['back']") + table("siren", house, "area = 'home'")
          + table("bell", house, "doors = ['front']\narea = 'home'\nfor_s = 3600"))
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      try await house.sees("house/back: closed", status: 0)
      #expect(["lamp", "siren", "bell"].allSatisfy { state($0, house) == "off" })

      try house.set("back", "open")
      try await eventually("the lamp") { state("lamp", house) == "on" }
      try house.set("back", "closed")
      try await eventually("the lamp") { state("lamp", house) == "off" }
      try house.set("front", "open")
      try await house.sees("house/front: open", status: 1)
      #expect(state("bell", house) == "off", "nobody has armed")
      try house.set("front", "closed")
      try await house.sees("house/front: closed", status: 0)

      #expect(try await house.doorctl("arm", "home").status == 0)
      try await eventually("armed") {
        try await house.retained("dooralarm/area/home/alarm")?.contains("armed") == true
      }
      // The agent may hear of it a little later; a new start finds it kept.
      try await eventually("kept") { try await areasInCopy(ofJournal: house).contains(.armedAway) }
      house.agent.kill()
      house.broker.terminate()
      try house.agent.start()
      try await house.agent.says("door front is still closed")
      try house.set("front", "open")
      try await eventually("the bell, with nobody there to tell") { state("bell", house) == "on" }
      try house.set("front", "closed")

      try await house.broker.start()
      try await eventually("the siren, by the notifier's alarm") { state("siren", house) == "on" }
      #expect(state("bell", house) == "on", "its time has not ended")
      #expect(try await house.doorctl("disarm", "home").status == 0)
      try await eventually("silence") { state("bell", house) == "off" && state("siren", house) == "off" }
    }
  }

  @Test("that cannot be taken is said and tried again; a reload changes them; the end switches them off")
  func reload() async throws {
    try await Household.with { house in
      let folder = house.file("later")
      let missing = "[[output]]\nid = 'lamp'\nsimulated = '\(folder.path)/lamp'\ndoors = ['front']\n"
      try house.writeSettings(doors: [house.simulatedDoor("front")], agentLines: missing)
      try await house.start()
      try await house.agent.says("output lamp does not work: line \"\(folder.path)/lamp\" cannot be set")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try await house.agent.says("output lamp works again")
      try house.set("front", "open")
      try await house.agent.says("output lamp is on")
      try house.writeSettings(
        doors: [house.simulatedDoor("front")],
        agentLines: missing + table("bell", house, "doors = ['front']")
          + table("siren", house, "area = 'home'"))
      house.agent.reload()
      try await eventually("the new one") { state("bell", house) == "on" && state("siren", house) == "off" }
      let lamp = folder.appendingPathComponent("lamp")
      #expect(try String(contentsOf: lamp, encoding: .utf8) == "on\n", "it went on as it was")
      // The siren's area was not heard of before.
      try house.publish(
        "dooralarm/area/home/alarm",
        #"{"v":1,"state":"triggered","mode":"armed_away","since":"2026-11-23T01:22:03.417Z"}"#, retain: true)
      try await eventually("the siren") { state("siren", house) == "on" }
      #expect(house.agent.terminate() == 0)
      #expect(state("bell", house) == "off" && state("siren", house) == "off")
      #expect(try String(contentsOf: lamp, encoding: .utf8) == "off\n")
    }
  }
}
