import Foundation
import MainJobSupport
import Testing

@Suite struct WatchCommandTests {
  @Test("watch says why it cannot even begin")
  func impossible() async throws {
    try await Household.with { house in
      let name = String(repeating: "x", count: 70_000)
      let settings = try String(contentsOf: house.file("doorctl.toml"), encoding: .utf8)
        .replacingOccurrences(of: "username = \"house\"", with: "username = \"\(name)\"")
      try settings.write(to: house.file("doorctl.toml"), atomically: true, encoding: .utf8)
      let answer = try await ProgramAnswer.of(
        "doorctl", ["watch", "--config", house.file("doorctl.toml").path])
      #expect(answer.status == 2)
      #expect(answer.errors.contains("user name"), "\(answer.errors.prefix(200))")
    }
  }

  @Test("watch shows doors, availability, areas and alerts as they come")
  func watch() async throws {
    try await Household.with { house in
      try await house.start()
      try await house.sees("house/front: closed since", status: 0)
      let watch = ProgramProcess(
        "doorctl", ["watch", "--config", house.file("doorctl.toml").path], logFile: house.file("watch.log"))
      try watch.start()
      try await watch.says("house/front: closed since")
      try await watch.says("dooralarm/house/availability: online")
      try await watch.says("dooralarm/area/home/alarm: disarmed since")
      #expect(try await house.doorctl("arm", "home").status == 0)
      try await watch.says("dooralarm/area/home/alarm: armed_away since")
      try house.set("front", "open")
      try await watch.says("house/front: open since")
      try await watch.says("dooralarm/area/home/alarm/event: alert - front was opened at")
      try await watch.says("dooralarm/area/home/alarm: triggered since")
      watch.kill()
    }
  }
}
