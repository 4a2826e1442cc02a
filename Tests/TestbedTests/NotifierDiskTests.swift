import DoorCore
import Foundation
import MainJobSupport
import TestSupport
import Testing

/// The notifier's store on a disk that is full: a file system of its own is mounted in the guest only.
@Suite(.enabled(if: GPIOSimulator.isAvailable, "\(GPIOSimulator.reason)"))
struct NotifierDiskTests {
  @Test("nothing is acknowledged, somebody is told at once, and all comes in when there is room again")
  func fullDisk() async throws {
    try await Household.with { house in
      let folder = house.file("store")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try runProgram("/usr/bin/mount", ["-t", "tmpfs", "-o", "size=1m", "none", folder.path])
      defer { try? runProgram("/usr/bin/umount", ["-l", folder.path]) }
      let settings = try String(contentsOf: house.file("notifier.toml"), encoding: .utf8)
        .replacing("/store.sqlite", with: "/store/store.sqlite")
      try settings.write(to: house.file("notifier.toml"), atomically: true, encoding: .utf8)
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      #expect(try await house.doorctl("arm", "home").status == 0)

      let ballast = try Ballast(in: folder)
      try house.set("front", "open")
      try await house.notifier.says("is full: make room there")
      try await eventually("the message without the store") {
        house.webhook.requests.contains {
          $0.json["title"] as? String == "The door alarm cannot write its store"
        }
      }
      #expect(house.webhook.alerts.isEmpty)
      #expect(house.notifier.isRunning)
      try house.set("front", "closed")
      try await house.sees("house/front: closed", status: 0)

      try ballast.remove()
      try await eventually("the alarm") { house.webhook.alerts.count == 1 }
      try await house.notifier.says("the store works again")
      try await eventually("the all-clear") {
        house.webhook.requests.contains {
          $0.json["title"] as? String == "The door alarm writes its store again"
        }
      }
    }
  }
}
