/// Why bytes are not a packet of the protocol (MQTT 5.0, 4.13).
public enum MalformedPacket: Error, Sendable, Hashable {
  /// A Variable Byte Integer has more than four bytes, or in MQTT 5.0 more than its value needs.
  case invalidVariableByteInteger
  /// A field reaches beyond the end of its packet.
  case truncated
  /// The packet is longer than its fields.
  case trailingBytes
  /// Bits 7 to 4 of the first byte are 0, or 15 in MQTT 3.1.1.
  case invalidPacketType(UInt8)
  /// Reserved bits of a flags byte do not have their prescribed values.
  case reservedFlags
  /// Both bits of the quality of service are set.
  case invalidQualityOfService
  /// A string is not UTF-8 or contains U+0000.
  case invalidString
  /// A packet identifier is 0.
  case packetIdentifierZero
  /// The reason code is not defined for this packet.
  case unknownReasonCode(UInt8)
  /// The property is not defined at all.
  case unknownProperty(UInt32)
  /// The property is not defined for this packet.
  case misplacedProperty(UInt8)
  /// The property may come only once in a packet.
  case duplicateProperty(UInt8)
  /// The property does not allow the value that it has.
  case invalidPropertyValue(UInt8)
  /// A topic name contains wildcards, or is empty where no alias can stand for it.
  case invalidTopicName
  /// A PUBLISH has neither a topic nor an alias.
  case missingTopic
  /// A topic filter is empty, or has a wildcard in a wrong place.
  case invalidTopicFilter
  /// A SUBSCRIBE, SUBACK, UNSUBSCRIBE or UNSUBACK has nothing in it.
  case emptyList
  /// The protocol's name in CONNECT is not "MQTT", or its level is neither 4 nor 5.
  case unknownProtocol
  /// What a session's store holds is of no kind that this version of the client knows.
  case unknownRecord
  /// The packet's size and the limit, in bytes.
  case packetTooLarge(size: Int, maximum: Int)

  /// What a client tells the broker about it in DISCONNECT: what the standard says of the property or packet,
  /// and for the rest that it cannot be parsed.
  public var reasonCode: ReasonCode {
    switch self {
    case .packetTooLarge: .packetTooLarge
    case .invalidPropertyValue(PropertyIdentifier.topicAlias.rawValue): .topicAliasInvalid
    case .duplicateProperty, .invalidPropertyValue, .missingTopic, .emptyList: .protocolError
    default: .malformedPacket
    }
  }
}
