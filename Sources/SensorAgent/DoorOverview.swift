import Appliance
import BrokerLink
import DoorCore
import GPIO
import MQTT
import Synchronization

/// How the agent stands at this moment: what the lines say, which the journal may be too full to take, and whether
/// the broker is there. Tells systemd.
final class DoorOverview: Sendable {
  private struct Contents {
    var sensors: DoorSensors
    var broker = "not connected yet"
    var isReady = false
    var toldStatus = ""
  }

  private let contents: Mutex<Contents>
  private let serviceManager: ServiceManager
  private let changed: @Sendable ([Identifier: DoorState]) -> Void

  /// - Parameter changed: gets the states whenever a line has said something new; must not block.
  init(
    doors: [AgentSettings.Door], serviceManager: ServiceManager,
    changed: @escaping @Sendable ([Identifier: DoorState]) -> Void
  ) {
    contents = Mutex(Contents(sensors: DoorSensors(doors)))
    self.serviceManager = serviceManager
    self.changed = changed
  }

  /// The doors all of whose lines have been looked at.
  var states: [Identifier: DoorState] { contents.withLock { $0.sensors.states } }

  /// Takes what a line has just been found to say; called from the watcher's thread.
  func note(_ report: LineReport, of line: LineName) {
    change { contents in
      if contents.sensors.note(report.reading, of: line) { changed(contents.sensors.states) }
    }
  }

  func note(_ connection: ConnectionState) {
    guard let standing = connection.standing else { return }
    change { $0.broker = standing }
  }

  /// Has these doors from now on.
  func change(to doors: [AgentSettings.Door]) {
    change { contents in
      contents.sensors.change(to: doors)
      changed(contents.sensors.states)
    }
  }

  /// The settings have been read anew, and what is new in them holds.
  func reloaded() {
    change { contents in
      contents.isReady = false
      contents.toldStatus = ""
    }
  }

  /// Ready once every line has been looked at, with or without a broker.
  private func change(_ body: (inout Contents) -> Void) {
    contents.withLock { contents in
      body(&contents)
      if !contents.isReady, contents.sensors.areComplete {
        contents.isReady = serviceManager.ready()
      }
      let doors = contents.sensors.settings.map { door in
        "\(door.id) \(contents.sensors.state(of: door.id).map { "\($0)" } ?? "not read yet")"
      }
      let status = "\(doors.joined(separator: ", ")); broker: \(contents.broker)"
      guard status != contents.toldStatus else { return }
      contents.toldStatus = status
      serviceManager.status(status)
    }
  }
}
