package import NIOCore

/// DISCONNECT: the last packet of a connection (MQTT 5.0, 3.14).
package struct Disconnect: Sendable, Equatable {
  package var reasonCode: ReasonCode
  package var properties: DisconnectProperties

  package init(reasonCode: ReasonCode = .success, properties: DisconnectProperties = .init()) {
    self.reasonCode = reasonCode
    self.properties = properties
  }
}

package struct DisconnectProperties: Sendable, Equatable {
  package var sessionExpiryInterval: UInt32?
  package var reasonString: String?
  package var userProperties: [UserProperty] = []
  package var serverReference: String?

  package init() {}
}

/// AUTH: a step of an authentication exchange (MQTT 5.0, 3.15).
package struct Authentication: Sendable, Equatable {
  package var reasonCode: ReasonCode
  package var properties: AuthenticationProperties

  package init(reasonCode: ReasonCode = .success, properties: AuthenticationProperties = .init()) {
    self.reasonCode = reasonCode
    self.properties = properties
  }
}

package struct AuthenticationProperties: Sendable, Equatable {
  package var method: String?
  package var data: ByteBuffer?
  package var reasonString: String?
  package var userProperties: [UserProperty] = []

  package init() {}
}

extension Disconnect {
  func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) {
    let hasProperties = properties != DisconnectProperties()
    guard version == .v5, hasProperties || reasonCode != .success else { return }
    buffer.writeInteger(reasonCode.rawValue)
    if hasProperties { buffer.writeProperties(properties) }
  }

  init(from reader: inout PacketReader, version: ProtocolVersion) throws(MalformedPacket) {
    self.init()
    guard version == .v5, !reader.isAtEnd else { return }
    reasonCode = try reader.reasonCode(of: .disconnect)
    if !reader.isAtEnd { try reader.properties(into: &properties) }
  }
}

extension Authentication {
  func encode(into buffer: inout ByteBuffer) {
    let hasProperties = properties != AuthenticationProperties()
    guard hasProperties || reasonCode != .success else { return }
    buffer.writeInteger(reasonCode.rawValue)
    buffer.writeProperties(properties)
  }

  init(from reader: inout PacketReader) throws(MalformedPacket) {
    self.init()
    guard !reader.isAtEnd else { return }
    reasonCode = try reader.reasonCode(of: .auth)
    try reader.properties(into: &properties)
  }
}

extension DisconnectProperties: PropertySet {
  mutating func read(_ property: PropertyIdentifier, from reader: inout PacketReader) throws(MalformedPacket)
    -> Bool
  {
    switch property {
    case .sessionExpiryInterval: sessionExpiryInterval = try reader.uint32()
    case .reasonString: reasonString = try reader.string()
    case .userProperty: userProperties.append(try reader.userProperty())
    case .serverReference: serverReference = try reader.string()
    default: return false
    }
    return true
  }

  func write(to buffer: inout ByteBuffer) {
    buffer.writeProperty(.sessionExpiryInterval, sessionExpiryInterval)
    buffer.writeProperty(.reasonString, reasonString)
    buffer.writeUserProperties(userProperties)
    buffer.writeProperty(.serverReference, serverReference)
  }
}

extension AuthenticationProperties: PropertySet {
  mutating func read(_ property: PropertyIdentifier, from reader: inout PacketReader) throws(MalformedPacket)
    -> Bool
  {
    switch property {
    case .authenticationMethod: method = try reader.string()
    case .authenticationData: data = try reader.binary()
    case .reasonString: reasonString = try reader.string()
    case .userProperty: userProperties.append(try reader.userProperty())
    default: return false
    }
    return true
  }

  func write(to buffer: inout ByteBuffer) {
    buffer.writeProperty(.authenticationMethod, method)
    buffer.writeProperty(.authenticationData, data)
    buffer.writeProperty(.reasonString, reasonString)
    buffer.writeUserProperties(userProperties)
  }
}
