import Logging
import MQTT
import NIOCore
import ServiceLifecycle
import TestSupport
import Testing

@Suite struct MQTTServiceTests {
  @Test func aGracefulShutdownWaitsForWhatIsUnderWay() async throws {
    try await ScriptedBroker.with { broker in
      let client = MQTTClient(
        configuration: configuration(port: broker.port, "service"), logger: LogRecord().logger)
      let group = ServiceGroup(
        configuration: .init(
          services: [.init(service: client.service(routes: []))], logger: LogRecord().logger))
      async let running: Void = group.run()
      let connection = try await broker.accept()
      _ = try await connection.receivePacket()
      connection.send([0x20, 3, 0, 0, 0])
      let publishing = Task { try await client.publish(Message("t", "x")) }
      _ = try await connection.receivePacket()
      await group.triggerGracefulShutdown()
      #expect(try await connection.isSilent(for: .milliseconds(100)), "it has not left yet")
      connection.send([0x40, 2, 0, 1])
      try await publishing.value
      #expect(try await connection.receiveUntilClosed() == [0xE0, 0])
      connection.close()
      try await running
      await #expect(throws: MQTTError.stopped) { try await client.publish(Message("t", "y")) }
    }
  }

  @Test func aGracefulShutdownDoesNotWaitLongerThanTheDrainTime() async throws {
    try await ScriptedBroker.with { broker in
      var impatient = configuration(port: broker.port, "service")
      impatient.drainTimeout = .milliseconds(50)
      let client = MQTTClient(configuration: impatient, logger: LogRecord().logger)
      let group = ServiceGroup(
        configuration: .init(
          services: [.init(service: client.service(routes: []))], logger: LogRecord().logger))
      async let running: Void = group.run()
      let connection = try await broker.accept()
      _ = try await connection.receivePacket()
      connection.send([0x20, 3, 0, 0, 0])
      let publishing = Task { try await client.publish(Message("t", "x")) }
      _ = try await connection.receivePacket()
      await group.triggerGracefulShutdown()
      #expect(try await connection.receiveUntilClosed() == [0xE0, 0])
      connection.close()
      try await running
      await #expect(throws: MQTTError.stopped) { try await publishing.value }
    }
  }
}
