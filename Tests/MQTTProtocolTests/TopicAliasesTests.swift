import MQTTProtocol
import NIOCore
import Testing

@Suite struct TopicAliasesTests {
  private func publish(_ topic: String, _ alias: UInt16?) -> Packet {
    .publish(Publish(Message(topic, "", qualityOfService: .atMostOnce), topicAlias: alias))
  }

  private func receiving() throws -> Session {
    let session = try Session(routes: ["#"]) { $0.topicAliasMaximum = 2 }
    session.connect()
    return session
  }

  @Test func anAliasStandsForTheTopicThatItLastCameWith() throws {
    let session = try receiving()
    for packet in [publish("a", 1), publish("", 1), publish("b", 1), publish("", 1), publish("c", nil)] {
      #expect(session.receive(packet) == .none)
    }
    #expect(session.nextBatch()?.messages.map(\.topic) == ["a", "a", "b", "b", "c"])
  }

  @Test func aliasesEndWithTheConnection() throws {
    let session = try receiving()
    _ = session.receive(publish("a", 1))
    _ = session.disconnect()
    session.connect(sessionPresent: true)
    #expect(session.receive(publish("", 1)) == .close)
    #expect(session.written() == [.disconnect(Disconnect(reasonCode: .protocolError))])
  }

  @Test func anAliasAboveOursIsAViolation() throws {
    let session = try receiving()
    #expect(session.receive(publish("a", 3)) == .close)
    #expect(session.written() == [.disconnect(Disconnect(reasonCode: .topicAliasInvalid))])
  }

  @Test func topicsAreAbbreviatedAsFarAsBothSidesAllow() throws {
    let session = try Session { $0.outgoingTopicAliasMaximum = 5 }
    var properties = ConnackProperties()
    properties.topicAliasMaximum = 1
    session.connect(properties)
    for topic in ["long/topic", "long/topic", "other"] {
      try session.publish(["x"], topic: topic, .atMostOnce)
    }
    let sent = session.written().compactMap { if case .publish(let publish) = $0 { publish } else { nil } }
    #expect(sent.map(\.topic) == ["long/topic", "", "other"])
    #expect(sent.map(\.topicAlias) == [1, 1, nil])
    _ = session.disconnect()
    session.connect()
    try session.publish(["x"], topic: "long/topic", .atMostOnce)
    #expect(session.written().count == 1, "a broker that allows none gets none")
  }

  /// MQTT-3.2.2-15.
  @Test func anAliasDoesNotMakeAPacketTooLarge() throws {
    let session = try Session { $0.outgoingTopicAliasMaximum = 5 }
    var properties = ConnackProperties()
    properties.topicAliasMaximum = 5
    properties.maximumPacketSize = 40
    session.connect(properties)
    for length in 1...33 { try session.publish([String(repeating: "x", count: length)], .atMostOnce) }
    for packet in session.written() { #expect(encoded(packet).count <= 40) }
    try session.publish([String(repeating: "x", count: 34)], topic: "u", .atMostOnce)
    #expect(session.written().count == 1)
  }
}
