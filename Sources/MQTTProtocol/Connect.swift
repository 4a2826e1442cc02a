package import NIOCore

/// CONNECT: the client introduces itself (MQTT 5.0, 3.1).
package struct Connect: Sendable, Equatable {
  package var version: ProtocolVersion
  package var clientIdentifier: String
  /// Clean Start; in 3.1.1 Clean Session.
  package var cleanStart: Bool
  /// Seconds; 0 is no keep-alive.
  package var keepAlive: UInt16
  package var credentials: ConnectCredentials?
  package var will: Will?
  package var properties: ConnectProperties

  package init(
    version: ProtocolVersion,
    clientIdentifier: String,
    cleanStart: Bool,
    keepAlive: UInt16,
    credentials: ConnectCredentials? = nil,
    will: Will? = nil,
    properties: ConnectProperties = .init()
  ) {
    self.version = version
    self.clientIdentifier = clientIdentifier
    self.cleanStart = cleanStart
    self.keepAlive = keepAlive
    self.credentials = credentials
    self.will = will
    self.properties = properties
  }
}

/// The user name and password as CONNECT has them; either may be absent (in 3.1.1 not the name alone).
package struct ConnectCredentials: Sendable, Equatable {
  package var userName: String?
  package var password: ByteBuffer?

  package init(userName: String?, password: ByteBuffer?) {
    self.userName = userName
    self.password = password
  }
}

package struct ConnectProperties: Sendable, Equatable {
  package var sessionExpiryInterval: UInt32?
  package var receiveMaximum: UInt16?
  package var maximumPacketSize: UInt32?
  package var topicAliasMaximum: UInt16?
  package var requestResponseInformation: Bool?
  package var requestProblemInformation: Bool?
  package var userProperties: [UserProperty] = []
  package var authenticationMethod: String?
  package var authenticationData: ByteBuffer?

  package init() {}
}

extension Connect {
  private static let protocolName = "MQTT"

  private enum Flag {
    static let reserved: UInt8 = 0x01
    static let cleanStart: UInt8 = 0x02
    static let will: UInt8 = 0x04
    static let willRetain: UInt8 = 0x20
    static let password: UInt8 = 0x40
    static let userName: UInt8 = 0x80
  }

  func encode(into buffer: inout ByteBuffer) {
    buffer.writeField(Self.protocolName)
    buffer.writeInteger(version.level)
    buffer.writeInteger(flags)
    buffer.writeInteger(keepAlive)
    if version == .v5 { buffer.writeProperties(properties) }
    buffer.writeField(clientIdentifier)
    if let will {
      if version == .v5 { buffer.writeProperties(WillProperties(of: will)) }
      buffer.writeField(will.message.topic)
      buffer.writeField(will.message.payload)
    }
    if let userName = credentials?.userName { buffer.writeField(userName) }
    if let password = credentials?.password { buffer.writeField(password) }
  }

  private var flags: UInt8 {
    var flags: UInt8 = cleanStart ? Flag.cleanStart : 0
    if let will {
      flags |= Flag.will | will.message.qualityOfService.rawValue << 3
      if will.message.retain { flags |= Flag.willRetain }
    }
    if credentials?.userName != nil { flags |= Flag.userName }
    if credentials?.password != nil { flags |= Flag.password }
    return flags
  }

  init(from reader: inout PacketReader) throws(MalformedPacket) {
    guard try reader.string() == Self.protocolName else { throw .unknownProtocol }
    switch try reader.byte() {
    case ProtocolVersion.v5.level: version = .v5
    case ProtocolVersion.v3_1_1.level: version = .v3_1_1
    default: throw .unknownProtocol
    }
    let flags = try reader.byte()
    guard flags & Flag.reserved == 0 else { throw .reservedFlags }
    cleanStart = flags & Flag.cleanStart != 0
    keepAlive = try reader.uint16()
    properties = ConnectProperties()
    if version == .v5 { try reader.properties(into: &properties) }
    clientIdentifier = try reader.string()
    will = try Self.will(flags: flags, version: version, from: &reader)
    let hasUserName = flags & Flag.userName != 0
    let hasPassword = flags & Flag.password != 0
    guard hasUserName || !hasPassword || version == .v5 else { throw .reservedFlags }
    credentials = nil
    if hasUserName || hasPassword {
      credentials = ConnectCredentials(
        userName: hasUserName ? try reader.string() : nil,
        password: hasPassword ? try reader.binary() : nil
      )
    }
  }

  private static func will(
    flags: UInt8,
    version: ProtocolVersion,
    from reader: inout PacketReader
  ) throws(MalformedPacket) -> Will? {
    guard let qualityOfService = QualityOfService(rawValue: flags >> 3 & 0b11) else {
      throw .invalidQualityOfService
    }
    let isRetained = flags & Flag.willRetain != 0
    guard flags & Flag.will != 0 else {
      guard qualityOfService == .atMostOnce, !isRetained else { throw .reservedFlags }
      return nil
    }
    var properties = WillProperties()
    if version == .v5 { try reader.properties(into: &properties) }
    let topic = try reader.string()
    guard TopicName.isValid(topic) else { throw .invalidTopicName }
    let message = Message(
      topic: topic,
      payload: try reader.binary(),
      qualityOfService: qualityOfService,
      retain: isRetained,
      properties: properties.message
    )
    return Will(message, delayInterval: properties.delayInterval ?? 0)
  }
}

extension ConnectProperties: PropertySet {
  mutating func read(_ property: PropertyIdentifier, from reader: inout PacketReader) throws(MalformedPacket)
    -> Bool
  {
    switch property {
    case .sessionExpiryInterval: sessionExpiryInterval = try reader.uint32()
    case .receiveMaximum: receiveMaximum = try reader.nonZeroUInt16(property)
    case .maximumPacketSize: maximumPacketSize = try reader.nonZeroUInt32(property)
    case .topicAliasMaximum: topicAliasMaximum = try reader.uint16()
    case .requestResponseInformation: requestResponseInformation = try reader.flag(property)
    case .requestProblemInformation: requestProblemInformation = try reader.flag(property)
    case .userProperty: userProperties.append(try reader.userProperty())
    case .authenticationMethod: authenticationMethod = try reader.string()
    case .authenticationData: authenticationData = try reader.binary()
    default: return false
    }
    return true
  }

  func write(to buffer: inout ByteBuffer) {
    buffer.writeProperty(.sessionExpiryInterval, sessionExpiryInterval)
    buffer.writeProperty(.receiveMaximum, receiveMaximum)
    buffer.writeProperty(.maximumPacketSize, maximumPacketSize)
    buffer.writeProperty(.topicAliasMaximum, topicAliasMaximum)
    buffer.writeProperty(.requestResponseInformation, requestResponseInformation)
    buffer.writeProperty(.requestProblemInformation, requestProblemInformation)
    buffer.writeUserProperties(userProperties)
    buffer.writeProperty(.authenticationMethod, authenticationMethod)
    buffer.writeProperty(.authenticationData, authenticationData)
  }
}

/// A will's properties: those of its message, and its delay.
private struct WillProperties: PropertySet {
  var message = PublishProperties()
  var delayInterval: UInt32?

  init() {}

  init(of will: Will) {
    message = will.message.properties
    delayInterval = will.delayInterval == 0 ? nil : will.delayInterval
  }

  mutating func read(_ property: PropertyIdentifier, from reader: inout PacketReader) throws(MalformedPacket)
    -> Bool
  {
    guard property == .willDelayInterval else { return try message.read(property, from: &reader) }
    delayInterval = try reader.uint32()
    return true
  }

  func write(to buffer: inout ByteBuffer) {
    buffer.writeProperty(.willDelayInterval, delayInterval)
    message.write(to: &buffer)
  }
}
