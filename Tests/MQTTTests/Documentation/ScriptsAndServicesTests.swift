import Logging
import MQTT
import ServiceLifecycle
import TestSupport
import Testing
import UnixSignals

private func publishAndReceive(at broker: BrokerAddress, logger: Logger) async throws -> ReceivedMessage {
  try await MQTTClient.publishOnce(
    Message(topic: "home/heating/set", text: "off", retain: true), to: broker, logger: logger)

  let message = try await MQTTClient.receiveOne(
    from: "home/heating/set", retained: .only, at: broker, logger: logger)
  return message
}

private func turnOff(
  _ rooms: [String], _ configuration: MQTTClient.Configuration, logger: Logger
) async throws -> Int {
  let count = try await MQTTClient.visit(configuration, logger: logger) { client in
    let messages = rooms.map { Message(topic: "home/\($0)/heating/set", text: "off") }
    try await client.publish(messages)
    return messages.count
  }
  return count
}

/// Is not run: it would take the signals of the tests' process.
private func serve(_ client: MQTTClient, _ readings: Route, logger: Logger) async throws {
  let group = ServiceGroup(
    services: [client.service(routes: [readings])],
    gracefulShutdownSignals: [.sigterm, .sigint],
    logger: logger)
  try await group.run()
}

@Suite struct ScriptsAndServicesTests {
  @Test func scriptsPublishAndReceive() async throws {
    try await Mosquitto.with { broker in
      let address = BrokerAddress(host: "127.0.0.1", port: broker.port)
      let logger = LogRecord().logger
      let message = try await publishAndReceive(at: address, logger: logger)
      #expect(message.text == "off")
      let configuration = configuration(port: broker.port, "script")
      let count = try await turnOff(["kitchen", "hall"], configuration, logger: logger)
      #expect(count == 2)
    }
  }
}
