import Appliance
import DoorCore
import GPIO
import MQTT
import MQTTProtocol
import Synchronization

/// How the agent stands at this moment: what the lines say, which the journal may be too full to take, and whether
/// the broker is there. Tells systemd.
final class DoorOverview: Sendable {
  private struct Contents {
    var sensors: [Identifier: DoorSensor]
    var broker = "not connected yet"
    var isReady = false
    var toldStatus = ""
  }

  private let order: [Identifier]
  private let contents: Mutex<Contents>
  private let serviceManager: ServiceManager

  init(doors: [AgentSettings.Door], serviceManager: ServiceManager) {
    order = doors.map(\.id)
    contents = Mutex(Contents(sensors: Dictionary(uniqueKeysWithValues: doors.map { ($0.id, $0.sensor) })))
    self.serviceManager = serviceManager
  }

  /// The doors all of whose lines have been looked at.
  var states: [Identifier: DoorState] {
    contents.withLock { $0.sensors.compactMapValues(\.state) }
  }

  /// Takes what a line has just been found to say; called from the watcher's thread.
  func note(_ report: LineReport, of line: LineName) {
    change { contents in
      contents.sensors[line.door]?.note(report.reading, of: line.role)
    }
  }

  func note(_ connection: ConnectionState) {
    change { contents in
      switch connection {
      case .idle, .connecting: break
      case .connected: contents.broker = "connected"
      case .waiting(_, let reason): contents.broker = "\(reason)"
      case .stopped: contents.broker = "disconnected"
      }
    }
  }

  /// Ready once every line has been looked at, with or without a broker.
  private func change(_ body: (inout Contents) -> Void) {
    contents.withLock { contents in
      body(&contents)
      if !contents.isReady, contents.sensors.values.allSatisfy({ $0.state != nil }) {
        contents.isReady = serviceManager.ready()
      }
      let doors = order.map { door in
        "\(door) \(contents.sensors[door]?.state.map { "\($0)" } ?? "not read yet")"
      }
      let status = "\(doors.joined(separator: ", ")); broker: \(contents.broker)"
      guard status != contents.toldStatus else { return }
      contents.toldStatus = status
      serviceManager.status(status)
    }
  }
}
