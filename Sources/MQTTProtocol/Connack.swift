package import NIOCore

/// CONNACK: the broker's answer to CONNECT (MQTT 5.0, 3.2).
package struct Connack: Sendable, Equatable {
  package var sessionPresent: Bool
  package var reasonCode: ReasonCode
  package var properties: ConnackProperties

  package init(
    sessionPresent: Bool = false,
    reasonCode: ReasonCode = .success,
    properties: ConnackProperties = .init()
  ) {
    self.sessionPresent = sessionPresent
    self.reasonCode = reasonCode
    self.properties = properties
  }
}

package struct ConnackProperties: Sendable, Equatable {
  package var sessionExpiryInterval: UInt32?
  package var receiveMaximum: UInt16?
  package var maximumQualityOfService: QualityOfService?
  package var isRetainAvailable: Bool?
  package var maximumPacketSize: UInt32?
  package var assignedClientIdentifier: String?
  package var topicAliasMaximum: UInt16?
  package var reasonString: String?
  package var userProperties: [UserProperty] = []
  package var isWildcardSubscriptionAvailable: Bool?
  package var isSubscriptionIdentifierAvailable: Bool?
  package var isSharedSubscriptionAvailable: Bool?
  package var serverKeepAlive: UInt16?
  package var responseInformation: String?
  package var serverReference: String?
  package var authenticationMethod: String?
  package var authenticationData: ByteBuffer?

  package init() {}
}

extension Connack {
  /// The return codes 1 to 5 of 3.1.1 (3.2.2.3).
  private static let returnCodes: [ReasonCode] = [
    .unsupportedProtocolVersion, .clientIdentifierNotValid, .serverUnavailable, .badUserNameOrPassword,
    .notAuthorized,
  ]

  func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) {
    buffer.writeInteger(UInt8(sessionPresent ? 1 : 0))
    switch version {
    case .v5:
      buffer.writeInteger(reasonCode.rawValue)
      buffer.writeProperties(properties)
    case .v3_1_1:
      let index = Self.returnCodes.firstIndex(of: reasonCode) ?? 2
      buffer.writeInteger(reasonCode.isFailure ? UInt8(index + 1) : 0)
    }
  }

  init(from reader: inout PacketReader, version: ProtocolVersion) throws(MalformedPacket) {
    let flags = try reader.byte()
    guard flags & 0xFE == 0 else { throw .reservedFlags }
    sessionPresent = flags == 1
    properties = ConnackProperties()
    // A broker that knows only 3.1.1 answers a CONNECT of 5.0 in its own format, which is shorter.
    if version == .v3_1_1 || reader.remainingBytes == 1 {
      let code = try reader.byte()
      switch code {
      case 0 where version == .v3_1_1: reasonCode = .success
      case 1...5: reasonCode = Self.returnCodes[Int(code) - 1]
      case ReasonCode.unsupportedProtocolVersion.rawValue: reasonCode = .unsupportedProtocolVersion
      default: throw .unknownReasonCode(code)
      }
    } else {
      reasonCode = try reader.reasonCode(of: .connack)
      try reader.properties(into: &properties)
    }
    guard !sessionPresent || reasonCode == .success else { throw .reservedFlags }
  }
}

extension ConnackProperties: PropertySet {
  mutating func read(_ property: PropertyIdentifier, from reader: inout PacketReader) throws(MalformedPacket)
    -> Bool
  {
    switch property {
    case .sessionExpiryInterval: sessionExpiryInterval = try reader.uint32()
    case .receiveMaximum: receiveMaximum = try reader.nonZeroUInt16(property)
    case .maximumQualityOfService:
      maximumQualityOfService = try reader.flag(property) ? .atLeastOnce : .atMostOnce
    case .retainAvailable: isRetainAvailable = try reader.flag(property)
    case .maximumPacketSize: maximumPacketSize = try reader.nonZeroUInt32(property)
    case .assignedClientIdentifier: assignedClientIdentifier = try reader.string()
    case .topicAliasMaximum: topicAliasMaximum = try reader.uint16()
    case .reasonString: reasonString = try reader.string()
    case .userProperty: userProperties.append(try reader.userProperty())
    case .wildcardSubscriptionAvailable: isWildcardSubscriptionAvailable = try reader.flag(property)
    case .subscriptionIdentifierAvailable: isSubscriptionIdentifierAvailable = try reader.flag(property)
    case .sharedSubscriptionAvailable: isSharedSubscriptionAvailable = try reader.flag(property)
    case .serverKeepAlive: serverKeepAlive = try reader.uint16()
    case .responseInformation: responseInformation = try reader.string()
    case .serverReference: serverReference = try reader.string()
    case .authenticationMethod: authenticationMethod = try reader.string()
    case .authenticationData: authenticationData = try reader.binary()
    default: return false
    }
    return true
  }

  func write(to buffer: inout ByteBuffer) {
    buffer.writeProperty(.sessionExpiryInterval, sessionExpiryInterval)
    buffer.writeProperty(.receiveMaximum, receiveMaximum)
    buffer.writeProperty(.maximumQualityOfService, maximumQualityOfService?.rawValue)
    buffer.writeProperty(.retainAvailable, isRetainAvailable)
    buffer.writeProperty(.maximumPacketSize, maximumPacketSize)
    buffer.writeProperty(.assignedClientIdentifier, assignedClientIdentifier)
    buffer.writeProperty(.topicAliasMaximum, topicAliasMaximum)
    buffer.writeProperty(.reasonString, reasonString)
    buffer.writeUserProperties(userProperties)
    buffer.writeProperty(.wildcardSubscriptionAvailable, isWildcardSubscriptionAvailable)
    buffer.writeProperty(.subscriptionIdentifierAvailable, isSubscriptionIdentifierAvailable)
    buffer.writeProperty(.sharedSubscriptionAvailable, isSharedSubscriptionAvailable)
    buffer.writeProperty(.serverKeepAlive, serverKeepAlive)
    buffer.writeProperty(.responseInformation, responseInformation)
    buffer.writeProperty(.serverReference, serverReference)
    buffer.writeProperty(.authenticationMethod, authenticationMethod)
    buffer.writeProperty(.authenticationData, authenticationData)
  }
}
