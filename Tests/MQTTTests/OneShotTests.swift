import MQTT
import NIOCore
import TestSupport
import Testing

@Suite struct OneShotTests {
  private let logger = LogRecord().logger

  private func address(_ broker: Mosquitto) -> BrokerAddress {
    BrokerAddress(host: "127.0.0.1", port: broker.port)
  }

  @Test func aMessageIsPublishedAndReadBack() async throws {
    try await Mosquitto.with { broker in
      for level in [QualityOfService.atMostOnce, .atLeastOnce, .exactlyOnce] {
        let message = Message(topic: "t/\(level)", text: "kept", qualityOfService: level, retain: true)
        try await MQTTClient.publishOnce(message, to: address(broker), logger: logger)
        let read = try await MQTTClient.receiveOne(
          from: "t/\(level)", retained: .only, qualityOfService: level, at: address(broker),
          timeout: .seconds(60),
          logger: logger)
        #expect(read.text == "kept" && read.isRetained && read.qualityOfService == level)
      }
    }
  }

  @Test func withoutARetainedMessageTheAnswerIsThatThereIsNone() async throws {
    try await Mosquitto.with { broker in
      let address = address(broker)
      await #expect(throws: MQTTError.noRetainedMessage(filter: "none")) {
        _ = try await MQTTClient.receiveOne(
          from: "none", retained: .only, at: address, timeout: .seconds(60), logger: logger)
      }
    }
  }

  @Test func whoWantsNewMessagesOnlyGetsNoRetainedOne() async throws {
    try await Mosquitto.with { broker in
      let address = address(broker)
      let old = Message(topic: "t", text: "old", retain: true)
      try await MQTTClient.publishOnce(old, to: address, logger: logger)
      async let received = MQTTClient.receiveOne(
        from: "t", retained: .excluded, at: address, timeout: .seconds(60), logger: logger)
      try await eventually("the subscription") { try broker.log().contains("Sending SUBACK") }
      try await MQTTClient.publishOnce(
        Message(topic: "t", text: "new", retain: true), to: address, logger: logger)
      let message = try await received
      #expect(message.text == "new" && !message.isRetained)
    }
  }

  @Test func aSessionOfItsOwnNameGetsWhatCameMeanwhile() async throws {
    try await Mosquitto.with { broker in
      let address = address(broker)
      func receive(within timeout: Duration) async throws -> ReceivedMessage {
        try await MQTTClient.receiveOne(
          from: "t", retained: .included, at: address, clientIdentifier: "script", cleanStart: false,
          timeout: timeout, logger: logger)
      }
      // It is the time for the connection too, which takes a while on a busy machine.
      await #expect(throws: MQTTError.timedOut("a message of 't'")) {
        try await receive(within: .seconds(15))
      }
      try await MQTTClient.publishOnce(
        Message(topic: "t", text: "meanwhile"), to: address, timeout: .seconds(60), logger: logger)
      #expect(try await receive(within: .seconds(60)).text == "meanwhile")
    }
  }

  @Test func whatComesAfterTheOneMessageStaysForTheNextCall() async throws {
    try await Mosquitto.with { broker in
      let address = address(broker)
      func receive() async throws -> String {
        try await MQTTClient.receiveOne(
          from: "t", retained: .included, at: address, clientIdentifier: "script", cleanStart: false,
          timeout: .seconds(30), logger: logger
        ).text
      }
      async let first = receive()
      try await eventually("the subscription") { try broker.log().contains("Sending SUBACK") }
      for text in ["1", "2", "3"] {
        try await MQTTClient.publishOnce(Message(topic: "t", text: text), to: address, logger: logger)
      }
      #expect(try await first == "1")
      #expect(try await receive() == "2")
      #expect(try await receive() == "3")
    }
  }

  @Test func aBrokerThatClosesTheConnectionIsTriedIn311() async throws {
    try await ScriptedBroker.with { broker in
      let patient = configuration(port: broker.port, "visitor")
      async let published: Void = MQTTClient.visit(patient, timeout: .seconds(120), logger: logger) {
        client in
        try await client.publish(Message("t", "x", qualityOfService: .atMostOnce))
      }
      for _ in 0..<2 {
        let connection = try await broker.accept()
        _ = try await connection.receivePacket()
        connection.close()
      }
      let older = try await broker.accept()
      #expect(try await older.receivePacket()[8] == 4)
      older.send([0x20, 2, 0, 0])
      _ = try await older.receivePacket()
      #expect(try await older.receiveUntilClosed() == [0xE0, 0])
      older.close()
      try await published
    }
  }

  @Test func aBrokerThatIsAwayIsNotWaitedFor() async throws {
    let port = try freePort()
    await #expect(throws: MQTTError.unreachable(.nothingListens(broker: "127.0.0.1:\(port)"))) {
      try await MQTTClient.publishOnce(
        Message(topic: "t", text: ""), to: BrokerAddress(host: "127.0.0.1", port: port), logger: logger)
    }
  }

  @Test func whatCannotBeSentIsSaid() async throws {
    try await Mosquitto.with { broker in
      await #expect(throws: MQTTError.invalidTopic("a/#")) {
        try await MQTTClient.publishOnce(Message(topic: "a/#", text: ""), to: address(broker), logger: logger)
      }
      await #expect(throws: MQTTError.invalidFilter("#/a")) {
        _ = try await MQTTClient.receiveOne(
          from: "#/a", retained: .included, at: address(broker), logger: logger)
      }
    }
  }
}
