import Appliance
import DoorCore
import GPIO
import MQTT
import MQTTProtocol
import Synchronization
import TestSupport
import Testing

@testable import SensorAgent

@Suite("How the agent stands")
struct DoorOverviewTests {
  private final class States: Sendable {
    private let states = Mutex<[[Identifier: DoorState]]>([])
    func note(_ new: [Identifier: DoorState]) { states.withLock { $0.append(new) } }
    var all: [[Identifier: DoorState]] { states.withLock { $0 } }
  }

  private func doors(_ ids: String...) throws -> [AgentSettings.Door] {
    let text = ids.map { "[[door]]\nid = '\($0)'\nchip = 'c'\nline = '\($0)'\n" }.joined()
    return try AgentSettings(text: "id = 'a'\n[broker]\nhost = 'b'\n" + text, file: "agent.toml").doors
  }

  private func settled(_ level: LineLevel) -> LineReport {
    .settled(.init(level: level, at: MonotonicTime(nanoseconds: 1), cause: .edge), missed: 0)
  }

  @Test(
    "is told to systemd: ready when every line has been looked at, once; then each change of a door's state")
  func ready() throws {
    let folder = try TemporaryFolder()
    let socket = try NotifySocket(folder.file("notify"))
    let states = States()
    let overview = DoorOverview(
      doors: try doors("front", "back"), serviceManager: ServiceManager(socketPath: folder.file("notify")),
      changed: states.note)
    let (front, back) = (LineName(door: try Identifier("front")), LineName(door: try Identifier("back")))
    overview.note(settled(.low), of: front)
    #expect(socket.receivedAll() == ["STATUS=front closed, back not read yet; broker: not connected yet"])
    overview.note(settled(.high), of: back)
    #expect(
      socket.receivedAll() == ["READY=1", "STATUS=front closed, back open; broker: not connected yet"])
    overview.note(settled(.high), of: back)
    #expect(socket.receivedAll().isEmpty)
    #expect(states.all == [[front.door: .closed], [front.door: .closed, back.door: .open]])
    #expect(overview.states == states.all.last)
  }

  @Test("has a line that cannot be read as looked at: the agent is ready, and says what it knows")
  func unreadable() throws {
    let folder = try TemporaryFolder()
    let socket = try NotifySocket(folder.file("notify"))
    let overview = DoorOverview(
      doors: try doors("front"), serviceManager: ServiceManager(socketPath: folder.file("notify")),
      changed: { _ in })
    overview.note(
      .unavailable(.noChip("c", reason: "gone"), at: .now), of: LineName(door: try Identifier("front")))
    #expect(socket.receivedAll() == ["READY=1", "STATUS=front unknown; broker: not connected yet"])
  }

  @Test("has other doors after a reload, which ends with being ready")
  func reloaded() throws {
    let folder = try TemporaryFolder()
    let states = States()
    let overview = DoorOverview(
      doors: try doors("front"), serviceManager: ServiceManager(socketPath: folder.file("notify")),
      changed: states.note)
    overview.note(settled(.low), of: LineName(door: try Identifier("front")))
    // Nobody listened before.
    let socket = try NotifySocket(folder.file("notify"))
    overview.change(to: try doors("front", "shed"))
    overview.reloaded()
    #expect(socket.receivedAll().last == "STATUS=front closed, shed not read yet; broker: not connected yet")
    overview.note(settled(.low), of: LineName(door: try Identifier("shed")))
    #expect(
      socket.receivedAll() == ["READY=1", "STATUS=front closed, shed closed; broker: not connected yet"])
    overview.change(to: try doors("shed"))
    #expect(states.all.last == [try Identifier("shed"): .closed])
  }
}
