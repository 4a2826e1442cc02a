package import AlarmStore
import DoorCore
import Foundation
import TestSupport

extension Household {
  /// Waits until `doorctl state` shows a line that begins so, and ends with this status where one is given.
  package func sees(_ line: String, status: Int32? = nil) async throws {
    let door = String(line.prefix { $0 != ":" })
    var last: ProgramAnswer?
    do {
      try await eventually("doorctl's \"\(line)\"") {
        let answer = try await doorctl("state", door)
        last = answer
        return answer.output.hasPrefix(line) && (status == nil || answer.status == status)
      }
    } catch {
      let answer = last.map { "\($0)" } ?? "nothing"
      throw TestSupportError("\(error); it answers \(answer)\nagent:\n\(agent.log.suffix(2_000))")
    }
  }

  /// The notifier's history of one door of the agent `house`.
  package func history(of door: String) async throws -> [HistoryEntry] {
    let address = try DoorAddress("house/\(door)")
    return try await AlarmStore(path: storePath).transact { try $0.history(of: address) }
  }

  /// How the deliveries of all alerts through one channel stand, in the order of their raising; of each alert that of its
  /// first stage.
  package func deliveries(through channel: String) async throws -> [String] {
    try await AlarmStore(path: storePath).transact { store in
      let alerts = try store.alerts()
      return alerts.compactMap { $0.deliveries[channel]?.first }
    }
  }

  /// Every alert that the notifier has written down, in the order of their raising.
  package func alertRecords() async throws -> [AlertRecord] {
    try await AlarmStore(path: storePath).transact { try $0.alertRecords() }
  }

  /// Publishes what no program of ours would, with mosquitto's own client.
  package func publish(_ topic: String, _ payload: String, retain: Bool) throws {
    let payloadFile = file("payload-\(UUID().uuidString)")
    try payload.write(to: payloadFile, atomically: true, encoding: .utf8)
    try runProgram(
      "/usr/bin/mosquitto_pub",
      ["-h", "127.0.0.1", "-p", "\(broker.port)", "-u", "house", "-P", Self.password, "-q", "1", "-t", topic]
        + (payload.isEmpty ? ["-n"] : ["-f", payloadFile.path]) + (retain ? ["-r"] : []))
  }

  /// What the broker retains under a topic; nil where it is nothing.
  package func retained(_ topic: String) async throws -> String? {
    let output = file("retained-\(UUID().uuidString)")
    let child = try ChildProcess(
      "/usr/bin/mosquitto_sub",
      [
        "-h", "127.0.0.1", "-p", "\(broker.port)", "-u", "house", "-P", Self.password, "-q", "1", "-t", topic,
        "-C", "1", "-W", "5", "--retained-only",
      ], output: output.path)
    try await eventually("the end of mosquitto_sub") { !child.isRunning }
    guard child.waitUntilEnd() == 0 else { return nil }
    let text = try String(contentsOf: output, encoding: .utf8)
    return text.isEmpty ? nil : String(text.dropLast())
  }
}
