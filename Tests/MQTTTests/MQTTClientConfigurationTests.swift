import MQTT
import MQTTProtocol
import NIOCore
import TestSupport
import Testing

/// What of the configuration CONNECT says, byte for byte.
@Suite struct MQTTClientConfigurationTests {
  /// A CONNECT of the client identifier "c", up to and with that.
  private static func connect(
    _ version: ProtocolVersion, flags: UInt8, _ property: [UInt8] = [], then payload: [UInt8]...
  ) -> [UInt8] {
    let common: [UInt8] = [0x11, 0, 0, 0x0E, 0x10, 0x21, 0, 100, 0x27, 0, 4, 0, 0]
    let body =
      field("MQTT") + [version == .v5 ? 5 : 4, flags, 0, 30] + properties(version, common + property)
      + field("c") + payload.flatMap { $0 }
    let length = UInt8(body.count % 128)
    return (body.count < 128 ? [0x10, length] : [0x10, length | 0x80, UInt8(body.count / 128)]) + body
  }

  private static func firstPacket(of configuration: MQTTClient.Configuration, at broker: ScriptedBroker)
    async throws -> [UInt8]
  {
    try await withClient(configuration, connected: false) { _ in
      let connection = try await broker.accept()
      defer { connection.close() }
      return try await connection.receivePacket()
    }
  }

  @Test(arguments: ProtocolVersion.both)
  func aWillHasAllItsPropertiesAndItsDelay(_ version: ProtocolVersion) async throws {
    try await ScriptedBroker.with { broker in
      var message = Message("w", "gone", qualityOfService: .exactlyOnce, retain: true)
      message.properties = PublishProperties(
        isPayloadText: true, messageExpiryInterval: 60, contentType: "text", responseTopic: "r",
        correlationData: ByteBuffer(bytes: [1, 2]), userProperties: [UserProperty(name: "n", value: "v")])
      var leaving = configuration(broker, version)
      leaving.will = Will(message, delayInterval: 300)
      let property =
        [0x18, 0, 0, 1, 0x2C, 0x01, 1, 0x02, 0, 0, 0, 60, 0x03] + field("text") + [0x08] + field("r")
        + [0x09, 0, 2, 1, 2, 0x26] + field("n") + field("v")
      let first = try await Self.firstPacket(of: leaving, at: broker)
      #expect(
        first
          == Self.connect(
            version, flags: 0x34, then: properties(version, property), field("w"), field("gone")))
    }
  }

  @Test(arguments: [
    (QualityOfService.atMostOnce, false, UInt8(0x04)), (.atLeastOnce, false, 0x0C), (.atMostOnce, true, 0x24),
  ])
  func theFlagsHaveTheWillsQualityOfService(
    _ qualityOfService: QualityOfService, isRetained: Bool, flags: UInt8
  ) async throws {
    try await ScriptedBroker.with { broker in
      var leaving = configuration(broker)
      leaving.will = Will(Message("w", "", qualityOfService: qualityOfService, retain: isRetained))
      let first = try await Self.firstPacket(of: leaving, at: broker)
      #expect(
        first
          == Self.connect(.v5, flags: flags, then: [0], field("w"), field("")))
    }
  }

  @Test(arguments: ProtocolVersion.both)
  func userNameAndPasswordComeLast(_ version: ProtocolVersion) async throws {
    try await ScriptedBroker.with { broker in
      var named = configuration(broker, version)
      named.credentials = Credentials(userName: "agent", password: "word")
      let first = try await Self.firstPacket(of: named, at: broker)
      #expect(
        first
          == Self.connect(version, flags: 0xC0, then: field("agent"), field("word")))
    }
  }

  @Test func userPropertiesAndTheWishForResponseInformationAreSaidAndAnswered() async throws {
    try await ScriptedBroker.with { broker in
      var asking = configuration(broker)
      asking.requestsResponseInformation = true
      asking.userProperties = [UserProperty(name: "a", value: "1"), UserProperty(name: "a", value: "2")]
      try await withClient(asking, connected: false) { client in
        let connection = try await broker.accept()
        #expect(
          try await connection.receivePacket()
            == Self.connect(
              .v5, flags: 0,
              [0x19, 1, 0x26] + field("a") + field("1") + [0x26] + field("a") + field("2")))
        let answer = [0x1A] + field("answers/c") + [0x26] + field("b") + field("3")
        connection.send(packet(0x20, [0, 0], properties(.v5, answer)))
        let state = try #require(try await client.reaches { $0.connectedState != nil }.connectedState)
        #expect(state.responseInformation == "answers/c")
        #expect(state.userProperties == [UserProperty(name: "b", value: "3")])
      }
    }
  }

  @Test func aCleanStartIsAskedForOnce() async throws {
    try await ScriptedBroker.with { broker in
      var clean = configuration(broker)
      clean.cleanStart = true
      try await withClient(clean, connected: false) { client in
        for flags in [0x02, 0x00] as [UInt8] {
          let connection = try await broker.accept()
          #expect(try await connection.receivePacket() == Self.connect(.v5, flags: flags))
          connection.send([0x20, 3, 0, 0, 0])
          try await client.reaches { $0.connectedState != nil }
          connection.close()
          try await client.reaches { $0.connectedState == nil }
        }
      }
    }
  }
}
