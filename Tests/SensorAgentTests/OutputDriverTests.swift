import Appliance
import DoorCore
import Journal
import Logging
import TestSupport
import Testing

@testable import SensorAgent

@Suite("The driver of the outputs")
struct OutputDriverTests {
  private let folder: TemporaryFolder
  private let journal: TransitionJournal
  private let front: Identifier
  private let home: Identifier

  init() throws {
    folder = try TemporaryFolder()
    journal = try TransitionJournal(path: folder.file("journal.sqlite"), newIdentifier: "5e1f0c77")
    front = try Identifier("front")
    home = try Identifier("home")
  }

  private func outputs(_ text: String) throws -> [AgentSettings.Output] {
    let door = "id = 'a'\n[broker]\nhost = 'b'\n[[door]]\nid = 'front'\nsimulated = '/front'\n"
    return try AgentSettings(text: door + text, file: "agent.toml").outputs
  }

  private func table(_ id: String, _ lines: String) -> String {
    "[[output]]\nid = '\(id)'\nsimulated = '\(folder.file(id))'\n\(lines)\n"
  }

  private func state(_ id: String) -> String { (try? folder.read(id)) ?? "" }

  private func driving(_ outputs: [AgentSettings.Output], _ body: (OutputDriver) async throws -> Void)
    async throws
  {
    let driver = try await OutputDriver(
      outputs: outputs, journal: journal, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let driving = Task { try await driver.run() }
    defer { driving.cancel() }
    try await body(driver)
    driving.cancel()
    try? await driving.value
    for output in outputs { #expect(state(output.id.description) == "off\n", "at the end") }
  }

  @Test("switches at once, and off again by itself when the time is over")
  func time() async throws {
    _ = try await journal.append(
      TransitionDraft(
        state: .closed, since: Timestamp(milliseconds: 0), boot: "b", uptimeMilliseconds: 0, clock: .synced,
        cause: .edge), of: front)
    let bell = try outputs(table("bell", "doors = ['front']\nfor_s = 1") + table("lamp", "doors = ['front']"))
    try await driving(bell) { driver in
      try await eventually("off") { state("bell") == "off\n" && state("lamp") == "off\n" }
      driver.note(doors: [front: .open])
      try await eventually("on") { state("bell") == "on\n" && state("lamp") == "on\n" }
      try await eventually("off by itself") { state("bell") == "off\n" }
      #expect(state("lamp") == "on\n")
    }
  }

  @Test("keeps what it has heard of an area for the next start, and goes by that until it hears more")
  func kept() async throws {
    let siren = try outputs(table("siren", "area = 'home'"))
    try await driving(siren) { driver in
      driver.note(area: home, is: .triggered)
      try await eventually("on") { state("siren") == "on\n" }
    }
    #expect(try await journal.areas() == [home: .triggered])
    try await driving(siren) { driver in
      try await eventually("on from the start") { state("siren") == "on\n" }
      driver.note(area: home, is: .disarmed)
      try await eventually("off") { state("siren") == "off\n" }
    }
  }

  @Test("knows of the doors that no output depended on before")
  func late() async throws {
    try await driving([]) { driver in
      driver.note(doors: [front: .open])
      driver.change(to: try outputs(table("lamp", "doors = ['front']")))
      try await eventually("on") { state("lamp") == "on\n" }
      driver.note(doors: [front: .closed])
      try await eventually("off") { state("lamp") == "off\n" }
    }
  }

  @Test("goes on with outputs that stay, and takes up others")
  func change() async throws {
    let lamp = table("lamp", "doors = ['front']")
    try await driving(try outputs(lamp)) { driver in
      driver.note(doors: [front: .open])
      try await eventually("on") { state("lamp") == "on\n" }
      driver.change(to: try outputs(lamp + table("other", "doors = ['front']")))
      try await eventually("the other") { state("other") == "on\n" }
      #expect(state("lamp") == "on\n")
      driver.change(to: try outputs(table("other", "doors = ['front']\ndoor_states = ['closed']")))
      try await eventually("both off") { state("lamp") == "off\n" && state("other") == "off\n" }
    }
  }
}
