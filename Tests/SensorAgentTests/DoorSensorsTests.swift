import Appliance
import DoorCore
import GPIO
import Testing

@testable import SensorAgent

@Suite("The lines of all doors")
struct DoorSensorsTests {
  private static let twoDoors = """
    [[door]]
    id = 'front'
    chip = 'c'
    line = '1'
    [door.tamper]
    chip = 'c'
    line = '2'
    [[door]]
    id = 'back'
    chip = 'c'
    line = '3'

    """

  private func doors(_ text: String = Self.twoDoors) throws -> [AgentSettings.Door] {
    try AgentSettings(text: "id = 'a'\n[broker]\nhost = 'b'\n" + text, file: "agent.toml").doors
  }

  private func name(_ door: String, _ role: DoorSensor.Role = .contact) throws -> LineName {
    LineName(door: try Identifier(door), role: role)
  }

  /// Both doors, all of whose lines have been looked at: front closed, back open.
  private func read() throws -> DoorSensors {
    var sensors = DoorSensors(try doors())
    sensors.note(.level(.low), of: try name("front"))
    sensors.note(.level(.low), of: try name("front", .tamper))
    sensors.note(.level(.high), of: try name("back"))
    return sensors
  }

  @Test("say the doors' states once every line has been looked at")
  func complete() throws {
    var sensors = DoorSensors(try doors())
    #expect(!sensors.areComplete && sensors.states.isEmpty)
    sensors = try read()
    #expect(sensors.areComplete)
    #expect(sensors.states == [try Identifier("front"): .closed, try Identifier("back"): .open])
    #expect(sensors.settings.map(\.id.description) == ["front", "back"])
    let isTaken = sensors.note(.level(.low), of: try name("shed"))
    #expect(!isTaken)
  }

  @Test("that stay as they are keep what they said; a line elsewhere has to be looked at")
  func moved() throws {
    var sensors = try read()
    sensors.change(to: try doors(Self.twoDoors.replacing("line = '2'", with: "line = '7'")))
    #expect(sensors.state(of: try Identifier("front")) == nil, "the new tamper line was not looked at yet")
    #expect(sensors.state(of: try Identifier("back")) == .open)
    sensors.note(.level(.low), of: try name("front", .tamper))
    #expect(sensors.state(of: try Identifier("front")) == .closed, "the contact is where it was")
  }

  @Test("mean something else at once where only the wiring is another one")
  func rewired() throws {
    var sensors = try read()
    sensors.change(
      to: try doors(Self.twoDoors.replacing("line = '3'", with: "line = '3'\ncontact = 'normally-open'")))
    #expect(sensors.state(of: try Identifier("back")) == .closed)
  }

  @Test("of a door that is gone are forgotten, and a new door's have to be looked at")
  func comeAndGone() throws {
    var sensors = try read()
    sensors.change(to: try doors("[[door]]\nid = 'shed'\nchip = 'c'\nline = '1'\n"))
    #expect(sensors.states.isEmpty && !sensors.areComplete)
    let isTaken = sensors.note(.level(.low), of: try name("front"))
    #expect(!isTaken)
    sensors.note(.level(.low), of: try name("shed"))
    #expect(sensors.areComplete)
  }
}
