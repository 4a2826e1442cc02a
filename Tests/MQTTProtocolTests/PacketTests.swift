import MQTTProtocol
import NIOCore
import Testing

/// Packets of both versions, byte for byte.
@Suite struct PacketTests {
  struct Example: Sendable, CustomTestStringConvertible {
    var version: ProtocolVersion
    var packet: Packet
    var bytes: [UInt8]

    init(_ version: ProtocolVersion, _ packet: Packet, _ bytes: [UInt8]) {
      self.version = version
      self.packet = packet
      self.bytes = bytes
    }

    var testDescription: String { "\(packet.type) of \(version)" }
  }

  @Test(arguments: connecting + publishing + subscribing + ending)
  func encodesAndDecodes(_ example: Example) throws {
    #expect(encoded(example.packet, example.version) == example.bytes)
    #expect(try decoded(example.bytes, example.version) == example.packet)
  }

  private static let connecting: [Example] = [
    Example(
      .v3_1_1,
      .connect(Connect(version: .v3_1_1, clientIdentifier: "c", cleanStart: true, keepAlive: 60)),
      [0x10, 13, 0, 4, 77, 81, 84, 84, 4, 0x02, 0, 60, 0, 1, 99]
    ),
    Example(
      .v3_1_1,
      .connect(
        Connect(
          version: .v3_1_1,
          clientIdentifier: "c",
          cleanStart: false,
          keepAlive: 1,
          credentials: ConnectCredentials(userName: "u", password: ByteBuffer(string: "p")),
          will: Will(Message(topic: "w", payload: ByteBuffer(string: "x"), retain: true))
        )
      ),
      [0x10, 25, 0, 4, 77, 81, 84, 84, 4, 0xEC, 0, 1, 0, 1, 99, 0, 1, 119, 0, 1, 120, 0, 1, 117, 0, 1, 112]
    ),
    Example(
      .v5,
      .connect(
        Connect(
          version: .v5,
          clientIdentifier: "",
          cleanStart: false,
          keepAlive: 0,
          credentials: ConnectCredentials(userName: nil, password: ByteBuffer(bytes: [1])),
          will: Will(Message("w", "", qualityOfService: .exactlyOnce), delayInterval: 5),
          properties: connectProperties
        )
      ),
      [0x10, 71, 0, 4, 77, 81, 84, 84, 5, 0x54, 0, 0, 44]
        + [0x11, 0, 0, 0, 10, 0x21, 0, 20, 0x27, 0, 0, 1, 0, 0x22, 0, 2, 0x19, 1, 0x17, 0]
        + [0x26, 0, 1, 97, 0, 1, 98, 0x26, 0, 1, 97, 0, 1, 98, 0x15, 0, 1, 109, 0x16, 0, 3, 0, 1, 2]
        + [0, 0, 5, 0x18, 0, 0, 0, 5, 0, 1, 119, 0, 0, 0, 1, 1]
    ),
    Example(.v3_1_1, .connack(Connack(sessionPresent: true)), [0x20, 2, 1, 0]),
    Example(.v3_1_1, .connack(Connack(reasonCode: .notAuthorized)), [0x20, 2, 0, 5]),
    Example(.v5, .connack(Connack(reasonCode: .serverBusy)), [0x20, 3, 0, 0x89, 0]),
    Example(
      .v5,
      .connack(Connack(properties: connackProperties)),
      [0x20, 63, 0, 0, 60, 0x11, 0, 0, 0, 1, 0x21, 0, 2, 0x24, 0, 0x25, 0, 0x27, 0, 0, 0, 3]
        + [0x12, 0, 1, 105, 0x22, 0, 4, 0x1F, 0, 1, 114, 0x26, 0, 1, 97, 0, 1, 98, 0x28, 0, 0x29, 1, 0x2A, 0]
        + [0x13, 0, 5, 0x1A, 0, 1, 118, 0x1C, 0, 1, 115, 0x15, 0, 1, 109, 0x16, 0, 1, 9]
    ),
  ]

  private static let connectProperties: ConnectProperties = {
    var properties = ConnectProperties()
    properties.sessionExpiryInterval = 10
    properties.receiveMaximum = 20
    properties.maximumPacketSize = 256
    properties.topicAliasMaximum = 2
    properties.requestResponseInformation = true
    properties.requestProblemInformation = false
    properties.userProperties = [UserProperty(name: "a", value: "b"), UserProperty(name: "a", value: "b")]
    properties.authenticationMethod = "m"
    properties.authenticationData = ByteBuffer(bytes: [0, 1, 2])
    return properties
  }()

  private static let connackProperties: ConnackProperties = {
    var properties = ConnackProperties()
    properties.sessionExpiryInterval = 1
    properties.receiveMaximum = 2
    properties.maximumQualityOfService = .atMostOnce
    properties.isRetainAvailable = false
    properties.maximumPacketSize = 3
    properties.assignedClientIdentifier = "i"
    properties.topicAliasMaximum = 4
    properties.reasonString = "r"
    properties.userProperties = [UserProperty(name: "a", value: "b")]
    properties.isWildcardSubscriptionAvailable = false
    properties.isSubscriptionIdentifierAvailable = true
    properties.isSharedSubscriptionAvailable = false
    properties.serverKeepAlive = 5
    properties.responseInformation = "v"
    properties.serverReference = "s"
    properties.authenticationMethod = "m"
    properties.authenticationData = ByteBuffer(bytes: [9])
    return properties
  }()

  private static let publishing: [Example] = [
    Example(
      .v3_1_1,
      .publish(Publish(Message("a/b", "x", qualityOfService: .atMostOnce))),
      [0x30, 6, 0, 3, 97, 47, 98, 120]
    ),
    Example(
      .v3_1_1,
      .publish(Publish(Message("a", ""), isDuplicate: true, packetIdentifier: 0x1234)),
      [0x3A, 5, 0, 1, 97, 0x12, 0x34]
    ),
    Example(
      .v5,
      .publish(
        Publish(
          Message(
            topic: "a",
            payload: ByteBuffer(string: "x"),
            qualityOfService: .exactlyOnce,
            retain: true,
            properties: PublishProperties(
              isPayloadText: true,
              messageExpiryInterval: 7,
              contentType: "t",
              responseTopic: "r",
              correlationData: ByteBuffer(bytes: [5]),
              userProperties: [UserProperty(name: "k", value: "v")]
            )
          ),
          packetIdentifier: 1,
          topicAlias: 3,
          subscriptionIdentifiers: [1, 200]
        )
      ),
      [0x35, 41, 0, 1, 97, 0, 1, 34, 1, 1, 2, 0, 0, 0, 7, 3, 0, 1, 116, 8, 0, 1, 114, 9, 0, 1, 5]
        + [0x26, 0, 1, 107, 0, 1, 118, 0x23, 0, 3, 0x0B, 1, 0x0B, 200, 1, 120]
    ),
    Example(.v3_1_1, .puback(PublishAcknowledgement(packetIdentifier: 9)), [0x40, 2, 0, 9]),
    Example(.v5, .puback(PublishAcknowledgement(packetIdentifier: 9)), [0x40, 2, 0, 9]),
    Example(
      .v5,
      .puback(PublishAcknowledgement(packetIdentifier: 9, reasonCode: .noMatchingSubscribers)),
      [0x40, 3, 0, 9, 0x10]
    ),
    Example(
      .v5,
      .pubrec(
        PublishAcknowledgement(packetIdentifier: 9, reasonCode: .quotaExceeded, properties: because)
      ),
      [0x50, 8, 0, 9, 0x97, 4, 0x1F, 0, 1, 114]
    ),
    Example(.v5, .pubrel(PublishAcknowledgement(packetIdentifier: 9)), [0x62, 2, 0, 9]),
    Example(
      .v5,
      .pubcomp(PublishAcknowledgement(packetIdentifier: 9, reasonCode: .packetIdentifierNotFound)),
      [0x70, 3, 0, 9, 0x92]
    ),
  ]

  private static let because: AcknowledgementProperties = {
    var properties = AcknowledgementProperties()
    properties.reasonString = "r"
    return properties
  }()

  private static let subscribing: [Example] = [
    Example(
      .v3_1_1,
      .subscribe(
        Subscribe(
          packetIdentifier: 1,
          subscriptions: [Subscription(filter: "a/#", qualityOfService: .atLeastOnce)]
        )
      ),
      [0x82, 8, 0, 1, 0, 3, 97, 47, 35, 1]
    ),
    Example(
      .v5,
      .subscribe(
        Subscribe(
          packetIdentifier: 1,
          subscriptions: [
            Subscription(
              filter: "+",
              qualityOfService: .exactlyOnce,
              noLocal: true,
              retainAsPublished: true,
              retainHandling: .never
            )
          ],
          subscriptionIdentifier: 300,
          userProperties: [UserProperty(name: "a", value: "b")]
        )
      ),
      [0x82, 17, 0, 1, 10, 0x0B, 0xAC, 2, 0x26, 0, 1, 97, 0, 1, 98, 0, 1, 43, 0x2E]
    ),
    Example(
      .v3_1_1,
      .suback(
        SubscribeAcknowledgement(packetIdentifier: 1, reasonCodes: [.grantedAtLeastOnce, .unspecifiedError])
      ),
      [0x90, 4, 0, 1, 1, 0x80]
    ),
    Example(
      .v5,
      .suback(
        SubscribeAcknowledgement(packetIdentifier: 1, reasonCodes: [.notAuthorized], properties: because)
      ),
      [0x90, 8, 0, 1, 4, 0x1F, 0, 1, 114, 0x87]
    ),
    Example(
      .v5,
      .unsubscribe(Unsubscribe(packetIdentifier: 2, filters: ["a"])),
      [0xA2, 6, 0, 2, 0, 0, 1, 97]
    ),
    Example(
      .v3_1_1,
      .unsuback(SubscribeAcknowledgement(packetIdentifier: 2, reasonCodes: [])),
      [0xB0, 2, 0, 2]
    ),
    Example(
      .v5,
      .unsuback(SubscribeAcknowledgement(packetIdentifier: 2, reasonCodes: [.noSubscriptionExisted])),
      [0xB0, 4, 0, 2, 0, 0x11]
    ),
  ]

  private static let ending: [Example] = [
    Example(.v3_1_1, .pingreq, [0xC0, 0]),
    Example(.v5, .pingresp, [0xD0, 0]),
    Example(.v3_1_1, .disconnect(Disconnect()), [0xE0, 0]),
    Example(.v5, .disconnect(Disconnect(reasonCode: .sessionTakenOver)), [0xE0, 1, 0x8E]),
    Example(
      .v5,
      .disconnect(Disconnect(reasonCode: .serverMoved, properties: moved)),
      [0xE0, 22, 0x9D, 20, 0x11, 0, 0, 0, 1, 0x1F, 0, 1, 114, 0x26, 0, 1, 97, 0, 1, 98, 0x1C, 0, 1, 115]
    ),
    Example(.v5, .auth(Authentication()), [0xF0, 0]),
    Example(
      .v5,
      .auth(Authentication(reasonCode: .continueAuthentication, properties: exchange)),
      [0xF0, 10, 0x18, 8, 0x15, 0, 1, 109, 0x16, 0, 1, 7]
    ),
  ]

  private static let moved: DisconnectProperties = {
    var properties = DisconnectProperties()
    properties.sessionExpiryInterval = 1
    properties.reasonString = "r"
    properties.userProperties = [UserProperty(name: "a", value: "b")]
    properties.serverReference = "s"
    return properties
  }()

  private static let exchange: AuthenticationProperties = {
    var properties = AuthenticationProperties()
    properties.method = "m"
    properties.data = ByteBuffer(bytes: [7])
    return properties
  }()

  @Test(arguments: [0, 1, 121, 122, 123, 126, 127, 128, 16_376, 16_380, 16_384, 100_000])
  func aMessagesSizeIsKnownBeforeItIsEncoded(payloadSize: Int) throws {
    for version in [ProtocolVersion.v3_1_1, .v5] {
      for properties in [PublishProperties(), PublishProperties(contentType: "text/plain")] {
        var message = Message("topic", String(repeating: "x", count: payloadSize))
        message.properties = properties
        let bytes = encoded(.publish(Publish(message, packetIdentifier: 1)), version)
        #expect(message.encodedSize(version: version) == bytes.count)
        if version == .v3_1_1 { message.properties = PublishProperties() }
        #expect(try decoded(bytes, version) == .publish(Publish(message, packetIdentifier: 1)))
      }
    }
  }

  @Test func longPropertiesMoveWhatFollowsTheirLength() throws {
    var message = Message("t", "payload")
    for length in [100, 118, 119, 120, 127, 128, 16_000, 20_000] {
      message.properties = PublishProperties(
        userProperties: [UserProperty(name: "n", value: String(repeating: "v", count: length))])
      let packet = Packet.publish(Publish(message, packetIdentifier: 1))
      #expect(try decoded(encoded(packet)) == packet)
    }
  }
}
