import DoorCore
import DoorWire
import Foundation
import MainJobSupport
import TestSupport

/// What mosquitto's own client gets of the door `front` of the agent `house`.
enum DoorTopics {
  private static let topic = "dooralarm/house/door/front"
  private static let user = ["-u", "doorctl", "-P", Installation.password]

  /// Waits until the retained state of the door is so, and returns it.
  @discardableResult
  static func sees(_ state: DoorState) async throws -> Transition {
    var last: Transition?
    do {
      try await eventually("the retained state \(state)") {
        last = try await retained(topic).map { try DoorMessage(decoding: Array($0.utf8)).transition }
        return last?.state == state
      }
    } catch {
      throw TestSupportError("\(error); it is \(last.map { "\($0)" } ?? "not there")")
    }
    guard let last else { throw TestSupportError("it has been seen a moment ago") }
    return last
  }

  static func seesAvailability(_ word: String) async throws {
    try await eventually("the agent being \(word)") {
      try await retained("dooralarm/house/availability") == word
    }
  }

  private static func retained(_ topic: String) async throws -> String? {
    let answer = try await ProgramAnswer.of(
      ["mosquitto_sub"] + user + ["-q", "1", "-t", topic, "-C", "1", "-W", "2"])
    return answer.status == 0 ? answer.output.trimmingCharacters(in: .newlines) : nil
  }

  /// A subscriber with a session of its own, which comes back when the broker does.
  final class Subscription: Sendable {
    private let folder: TemporaryFolder
    private let client: ChildProcess

    init() throws {
      folder = try TemporaryFolder()
      client = try ChildProcess(
        // Left to itself it keeps what it says of its doings until there is a lot of it.
        "/usr/bin/stdbuf",
        ["-oL", "mosquitto_sub"] + DoorTopics.user
          + ["-d", "-q", "1", "-i", "watcher", "-c", "-R", "-t", DoorTopics.topic],
        output: folder.file("output"))
    }

    deinit {
      client.signal(SIGKILL)
      client.waitUntilEnd()
    }

    private var lines: [Substring] {
      get throws { try String(contentsOfFile: folder.file("output"), encoding: .utf8).split(separator: "\n") }
    }

    /// Waits until the broker has it.
    func isMade() async throws {
      try await eventually("the subscription") { try lines.contains { $0.contains("SUBACK") } }
    }

    /// What has come so far. To state one again is to say nothing new.
    var transitions: [Transition] {
      get throws {
        try lines.filter { $0.hasPrefix("{") }.reduce(into: []) { transitions, line in
          let transition = try DoorMessage(decoding: Array(line.utf8)).transition
          if transition != transitions.last { transitions.append(transition) }
        }
      }
    }
  }
}
