import MQTT
import TestSupport
import Testing

private func session(at broker: BrokerAddress, in file: String) -> MQTTClient.Configuration {
  var configuration = MQTTClient.Configuration(address: broker, clientIdentifier: "meter-7")
  configuration.sessionExpiry = .seconds(7 * 24 * 3600)
  configuration.sessionStore = FileSessionStore(path: file)
  return configuration
}

/// What a program has taken and not sent, the next one sends: from a file, or from memory within a process.
@Suite struct SessionsTests {
  private let folder: TemporaryFolder
  private let memory = MemorySessionStore()

  init() throws { folder = try TemporaryFolder() }

  private func configuration(port: Int, isOnDisk: Bool) -> MQTTClient.Configuration {
    let broker = BrokerAddress(host: "127.0.0.1", port: port)
    var configuration = session(at: broker, in: folder.file("session"))
    if !isOnDisk { configuration.sessionStore = memory }
    return configuration
  }

  private func whatTheNextRunSends(isOnDisk: Bool, count: Int) async throws -> [String] {
    try await Mosquitto.with { broker in
      let received = Received()
      let routes = [received.route("t", qualityOfService: .exactlyOnce)]
      let configuration = configuration(port: broker.port, isOnDisk: isOnDisk)
      return try await withClient(configuration, routes: routes) { client in
        try await eventually("the messages") { received.texts.count >= count }
        try await client.fence()
        return received.texts.sorted()
      }
    }
  }

  @Test(arguments: [true, false])
  func whatIsEnqueuedAtQualityOfService1And2(isOnDisk: Bool) async throws {
    let offline = configuration(port: try freePort(), isOnDisk: isOnDisk)
    try await withClient(offline, connected: false) { client in
      try await client.enqueue([
        Message("t", "0", qualityOfService: .atMostOnce), Message("t", "1"),
        Message("t", "2", qualityOfService: .exactlyOnce),
      ])
    }
    #expect(try await whatTheNextRunSends(isOnDisk: isOnDisk, count: 2) == ["1", "2"])
  }

  @Test(arguments: [true, false])
  func whatAPublisherWaitedFor(isOnDisk: Bool) async throws {
    try await ScriptedBroker.with { broker in
      let client = MQTTClient(
        configuration: configuration(port: broker.port, isOnDisk: isOnDisk), logger: LogRecord().logger)
      let running = Task { try await client.run(routes: []) }
      let publishing = Task { try await client.publish(Message("t", "1")) }
      let connection = try await broker.accept()
      _ = try await connection.receivePacket()
      connection.send([0x20, 3, 0, 0, 0])
      _ = try await connection.receivePacket()
      running.cancel()
      _ = try await connection.receiveUntilClosed()
      connection.close()
      try await running.value
      await #expect(throws: MQTTError.stopped) { try await publishing.value }
    }
    #expect(try await whatTheNextRunSends(isOnDisk: isOnDisk, count: 1) == ["1"])
  }
}
