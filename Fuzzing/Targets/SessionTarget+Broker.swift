import MQTTProtocol
import NIOCore

/// Packets of a broker, right or wrong. They pass the decoder as in life.
extension SessionTarget {
  func receivePacket() throws(BrokenProperty) {
    var bytes = ByteBuffer()
    packet().encode(into: &bytes, version: wire.version)
    try receiveBytes(Array(bytes.readableBytesView))
  }

  private func packet() -> Packet {
    switch input.choice(of: 16) {
    case 0, 1: .connack(connack())
    case 2, 3, 4: .publish(publish())
    case 5, 6: .puback(acknowledgement([.success, .noMatchingSubscribers, .quotaExceeded]))
    case 7, 8: .pubrec(acknowledgement([.success, .success, .notAuthorized]))
    case 9: .pubcomp(acknowledgement([.success, .packetIdentifierNotFound]))
    case 10:
      .pubrel(PublishAcknowledgement(packetIdentifier: 1 + UInt16(input.choice(of: 6))))
    case 11: .suback(requestAnswer([.success, .grantedAtLeastOnce, .grantedExactlyOnce, .notAuthorized]))
    case 12: .unsuback(requestAnswer([.success, .noSubscriptionExisted, .notAuthorized]))
    case 13: .pingresp
    case 14: .auth(authentication())
    default: other()
    }
  }

  private func connack() -> Connack {
    let code = input.element(of: [
      ReasonCode.success, .success, .success, .unsupportedProtocolVersion, .badUserNameOrPassword,
      .serverBusy,
    ])
    var properties = ConnackProperties()
    let choices = input.byte()
    if choices & 1 != 0 { properties.receiveMaximum = UInt16(1 + input.choice(of: 4)) }
    if choices & 2 != 0 { properties.maximumPacketSize = UInt32(input.element(of: [40, 64, 100, 1000])) }
    if choices & 4 != 0 { properties.maximumQualityOfService = input.flag() ? .atLeastOnce : .atMostOnce }
    if choices & 8 != 0 { properties.topicAliasMaximum = UInt16(input.choice(of: 3)) }
    if choices & 16 != 0 { properties.serverKeepAlive = UInt16(input.choice(of: 9)) }
    if choices & 32 != 0 { properties.isRetainAvailable = input.flag() }
    if choices & 64 != 0 { properties.isSharedSubscriptionAvailable = input.flag() }
    if choices & 128 != 0 { properties.assignedClientIdentifier = "given" }
    if input.choice(of: 8) != 7 { properties.authenticationMethod = configuration.authenticationMethod }
    return Connack(
      sessionPresent: code == .success && input.flag(), reasonCode: code, properties: properties)
  }

  private func publish() -> Publish {
    let qualityOfService = input.element(of: [QualityOfService.atMostOnce, .atLeastOnce, .exactlyOnce])
    let hasAlias = input.choice(of: 4) == 3
    return Publish(
      Message(
        topic: input.element(of: ["a", "b/c", "c", hasAlias ? "" : "d"]),
        text: "\(lastNumber)", qualityOfService: qualityOfService, retain: input.flag()),
      isDuplicate: qualityOfService > .atMostOnce && input.flag(),
      packetIdentifier: qualityOfService == .atMostOnce ? nil : 1 + UInt16(input.choice(of: 6)),
      topicAlias: hasAlias ? UInt16(input.choice(of: 4)) : nil,
      subscriptionIdentifiers: input.choice(of: 4) == 3 ? [UInt32(1 + input.choice(of: 5))] : [])
  }

  /// Mostly of a message that is in flight.
  private func acknowledgement(_ codes: [ReasonCode]) -> PublishAcknowledgement {
    let known = wire.identifiers
    let isKnown = !known.isEmpty && input.choice(of: 8) != 7
    let identifier = isKnown ? input.element(of: known) : 1 + UInt16(input.byte())
    return PublishAcknowledgement(packetIdentifier: identifier, reasonCode: input.element(of: codes))
  }

  /// Mostly of a packet that waits for it.
  private func requestAnswer(_ codes: [ReasonCode]) -> SubscribeAcknowledgement {
    let known = wire.unansweredRequests
    let isKnown = !known.isEmpty && input.choice(of: 8) != 7
    let request = isKnown ? input.element(of: known) : (UInt16.max - UInt16(input.byte()), 1)
    return SubscribeAcknowledgement(
      packetIdentifier: request.0,
      reasonCodes: (0..<request.1 + (input.choice(of: 8) == 7 ? 1 : 0)).map { _ in input.element(of: codes) })
  }

  private func authentication() -> Authentication {
    var packet = Authentication(
      reasonCode: input.element(of: [.continueAuthentication, .success, .reauthenticate]))
    packet.properties.method = input.choice(of: 8) == 7 ? nil : configuration.authenticationMethod
    return packet
  }

  private func other() -> Packet {
    switch input.choice(of: 5) {
    case 0: .pingreq
    case 1: .disconnect(Disconnect(reasonCode: .sessionTakenOver))
    case 2: .disconnect(Disconnect(reasonCode: .serverMoved))
    case 3: .unsubscribe(Unsubscribe(packetIdentifier: 1, filters: ["a"]))
    default: .connect(Connect(version: .v5, clientIdentifier: "x", cleanStart: true, keepAlive: 0))
    }
  }
}
