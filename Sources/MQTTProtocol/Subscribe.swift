import NIOCore

/// One line of SUBSCRIBE (MQTT 5.0, 3.8.3.1).
package struct Subscription: Sendable, Equatable {
  package var filter: String
  package var qualityOfService: QualityOfService
  package var noLocal: Bool
  package var retainAsPublished: Bool
  package var retainHandling: RetainHandling

  package init(
    filter: String,
    qualityOfService: QualityOfService,
    noLocal: Bool = false,
    retainAsPublished: Bool = false,
    retainHandling: RetainHandling = .always
  ) {
    self.filter = filter
    self.qualityOfService = qualityOfService
    self.noLocal = noLocal
    self.retainAsPublished = retainAsPublished
    self.retainHandling = retainHandling
  }
}

/// SUBSCRIBE (MQTT 5.0, 3.8).
package struct Subscribe: Sendable, Equatable {
  package var packetIdentifier: UInt16
  package var subscriptions: [Subscription]
  package var subscriptionIdentifier: UInt32?
  package var userProperties: [UserProperty]

  package init(
    packetIdentifier: UInt16,
    subscriptions: [Subscription],
    subscriptionIdentifier: UInt32? = nil,
    userProperties: [UserProperty] = []
  ) {
    self.packetIdentifier = packetIdentifier
    self.subscriptions = subscriptions
    self.subscriptionIdentifier = subscriptionIdentifier
    self.userProperties = userProperties
  }
}

/// UNSUBSCRIBE (MQTT 5.0, 3.10).
package struct Unsubscribe: Sendable, Equatable {
  package var packetIdentifier: UInt16
  package var filters: [String]
  package var userProperties: [UserProperty]

  package init(packetIdentifier: UInt16, filters: [String], userProperties: [UserProperty] = []) {
    self.packetIdentifier = packetIdentifier
    self.filters = filters
    self.userProperties = userProperties
  }
}

/// SUBACK or UNSUBACK: one code for each filter, in order; none in a 3.1.1 UNSUBACK (MQTT 5.0, 3.9, 3.11).
package struct SubscribeAcknowledgement: Sendable, Equatable {
  package var packetIdentifier: UInt16
  package var reasonCodes: [ReasonCode]
  package var properties: AcknowledgementProperties

  package init(
    packetIdentifier: UInt16,
    reasonCodes: [ReasonCode],
    properties: AcknowledgementProperties = .init()
  ) {
    self.packetIdentifier = packetIdentifier
    self.reasonCodes = reasonCodes
    self.properties = properties
  }
}

extension Subscribe {
  func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) {
    buffer.writeInteger(packetIdentifier)
    if version == .v5 {
      buffer.writeProperties(Properties(identifier: subscriptionIdentifier, userProperties: userProperties))
    }
    for subscription in subscriptions {
      buffer.writeField(subscription.filter)
      var options = subscription.qualityOfService.rawValue
      if version == .v5 {
        options |= subscription.noLocal ? 0b100 : 0
        options |= subscription.retainAsPublished ? 0b1000 : 0
        options |= subscription.retainHandling.rawValue << 4
      }
      buffer.writeInteger(options)
    }
  }

  init(from reader: inout PacketReader, version: ProtocolVersion) throws(MalformedPacket) {
    self.init(packetIdentifier: try reader.packetIdentifier(), subscriptions: [])
    if version == .v5 {
      var properties = Properties()
      try reader.properties(into: &properties)
      subscriptionIdentifier = properties.identifier
      userProperties = properties.userProperties
    }
    guard !reader.isAtEnd else { throw .emptyList }
    while !reader.isAtEnd {
      let filter = try reader.topicFilter()
      let options = try reader.byte()
      guard options & (version == .v5 ? 0b1100_0000 : 0b1111_1100) == 0,
        let retainHandling = RetainHandling(rawValue: options >> 4 & 0b11)
      else { throw .reservedFlags }
      guard let qualityOfService = QualityOfService(rawValue: options & 0b11) else {
        throw .invalidQualityOfService
      }
      subscriptions.append(
        Subscription(
          filter: filter,
          qualityOfService: qualityOfService,
          noLocal: options & 0b100 != 0,
          retainAsPublished: options & 0b1000 != 0,
          retainHandling: retainHandling
        )
      )
    }
  }

  private struct Properties: PropertySet {
    var identifier: UInt32?
    var userProperties: [UserProperty] = []

    mutating func read(
      _ property: PropertyIdentifier,
      from reader: inout PacketReader
    ) throws(MalformedPacket) -> Bool {
      switch property {
      case .subscriptionIdentifier:
        // It may repeat in PUBLISH, not here.
        guard identifier == nil else { throw .duplicateProperty(property.rawValue) }
        identifier = try reader.variableByteInteger()
        guard identifier != 0 else { throw .invalidPropertyValue(property.rawValue) }
      case .userProperty: userProperties.append(try reader.userProperty())
      default: return false
      }
      return true
    }

    func write(to buffer: inout ByteBuffer) {
      if let identifier {
        buffer.writeInteger(PropertyIdentifier.subscriptionIdentifier.rawValue)
        buffer.writeVariableByteInteger(Int(identifier))
      }
      buffer.writeUserProperties(userProperties)
    }
  }
}

extension Unsubscribe {
  func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) {
    buffer.writeInteger(packetIdentifier)
    if version == .v5 { buffer.writeProperties(Properties(userProperties: userProperties)) }
    for filter in filters { buffer.writeField(filter) }
  }

  init(from reader: inout PacketReader, version: ProtocolVersion) throws(MalformedPacket) {
    self.init(packetIdentifier: try reader.packetIdentifier(), filters: [])
    if version == .v5 {
      var properties = Properties()
      try reader.properties(into: &properties)
      userProperties = properties.userProperties
    }
    guard !reader.isAtEnd else { throw .emptyList }
    while !reader.isAtEnd { filters.append(try reader.topicFilter()) }
  }

  private struct Properties: PropertySet {
    var userProperties: [UserProperty] = []

    mutating func read(
      _ property: PropertyIdentifier,
      from reader: inout PacketReader
    ) throws(MalformedPacket) -> Bool {
      guard property == .userProperty else { return false }
      userProperties.append(try reader.userProperty())
      return true
    }

    func write(to buffer: inout ByteBuffer) { buffer.writeUserProperties(userProperties) }
  }
}

extension SubscribeAcknowledgement {
  func encode(into buffer: inout ByteBuffer, version: ProtocolVersion, hasCodes: Bool) {
    buffer.writeInteger(packetIdentifier)
    if version == .v5 { buffer.writeProperties(properties) }
    if hasCodes { for code in reasonCodes { buffer.writeInteger(code.rawValue) } }
  }

  /// - Parameter type: SUBACK or UNSUBACK.
  init(
    from reader: inout PacketReader, type: PacketType, version: ProtocolVersion
  ) throws(MalformedPacket) {
    self.init(packetIdentifier: try reader.packetIdentifier(), reasonCodes: [])
    if version == .v5 { try reader.properties(into: &properties) }
    guard version == .v5 || type == .suback else { return }
    guard !reader.isAtEnd else { throw .emptyList }
    while !reader.isAtEnd {
      let code = try reader.reasonCode(of: type)
      guard version == .v5 || !code.isFailure || code == .unspecifiedError else {
        throw .unknownReasonCode(code.rawValue)
      }
      reasonCodes.append(code)
    }
  }
}

extension PacketReader {
  fileprivate mutating func topicFilter() throws(MalformedPacket) -> String {
    let filter = try string()
    guard TopicFilter(filter) != nil else { throw .invalidTopicFilter }
    return filter
  }
}
