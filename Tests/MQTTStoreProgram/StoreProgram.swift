// A client with a durable session, for tests that kill it.

import Glibc
import Logging
import MQTT
import MQTTProtocol
import NIOCore

/// `MQTTStoreProgram send|receive PORT STORE RECORD RUN`: works until it is killed, and records what it has done,
/// a line each, in a file that outlives it.
@main struct StoreProgram {
  static func main() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 6, let port = Int(arguments[2]) else { exit(64) }
    let record = open(arguments[4], O_WRONLY | O_CREAT | O_APPEND, 0o600)
    guard record >= 0 else { exit(74) }
    var configuration = MQTTClient.Configuration(
      address: BrokerAddress(host: "127.0.0.1", port: port), clientIdentifier: arguments[1])
    configuration.sessionStore = FileSessionStore(path: arguments[3])
    configuration.backoff = ReconnectBackoff(initial: .milliseconds(10), ceiling: .milliseconds(100))
    configuration.receiveMaximum = 10
    var logger = Logger(label: arguments[1])
    logger.logLevel = .warning
    let client = MQTTClient(configuration: configuration, logger: logger)
    if arguments[1] == "send" {
      async let running: Void = client.run(routes: [])
      try await send(from: client, run: arguments[5], record)
      try await running
    } else {
      let route = Route("stream", qualityOfService: .exactlyOnce) { batch in
        write(batch.map { "\(arguments[5]) \($0.text)" }, to: record)
      }
      try await client.run(routes: [route])
    }
  }

  /// Messages of both qualities of service; recorded when the client has accepted them. A thousand of each, so
  /// that a test that is slow to kill is not buried.
  private static func send(from client: MQTTClient, run: String, _ record: Int32) async throws {
    var number = 0
    while number < 1_000 {
      let text = "\(run).\(number)"
      let messages = [
        Message(topic: "at-least-once", text: text, qualityOfService: .atLeastOnce),
        Message(topic: "exactly-once", text: text, qualityOfService: .exactlyOnce),
      ]
      if try await isAccepted(messages, by: client) {
        write([text], to: record)
        number += 1
      } else {
        try await Task.sleep(for: .milliseconds(5))
      }
    }
  }

  private static func isAccepted(_ messages: [Message], by client: MQTTClient) async throws -> Bool {
    do {
      try await client.enqueue(messages)
      return true
    } catch MQTTError.queueFull {
      return false
    }
  }

  /// One call, so that a kill leaves all of the lines or none.
  private static func write(_ lines: [String], to file: Int32) {
    let text = lines.map { "\($0)\n" }.joined()
    _ = text.withCString { Glibc.write(file, $0, strlen($0)) }
  }
}
