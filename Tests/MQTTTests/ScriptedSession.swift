import MQTT
import MQTTProtocol
import TestSupport

/// A packet of up to 127 bytes behind its remaining length, from its first byte and its parts.
func packet(_ first: UInt8, _ parts: [UInt8]...) -> [UInt8] {
  let body = parts.flatMap { $0 }
  return [first, UInt8(body.count)] + body
}

/// A text behind its length, as all packets have it.
func field(_ text: String) -> [UInt8] { [0, UInt8(text.utf8.count)] + Array(text.utf8) }

/// Properties behind their length on 5.0, nothing on 3.1.1.
func properties(_ version: ProtocolVersion, _ properties: [UInt8] = []) -> [UInt8] {
  version == .v5 ? [UInt8(properties.count)] + properties : []
}

extension ProtocolVersion {
  /// For tests of what both have.
  static let both: [ProtocolVersion] = [.v3_1_1, .v5]
}

/// The configuration of a client that speaks one version.
func configuration(_ broker: ScriptedBroker, _ version: ProtocolVersion = .v5) -> MQTTClient.Configuration {
  var result = configuration(port: broker.port, "c")
  result.versions = .only(version)
  return result
}

extension ScriptedBroker {
  /// Takes a connection, and answers CONNECT and SUBSCRIBE, so that the session is ready.
  ///
  /// - Parameters:
  ///   - granted: The codes of SUBACK for the client's routes; none where it has no routes.
  ///   - announced: Properties of CONNACK.
  func acceptSession(
    _ version: ProtocolVersion = .v5, isPresent: Bool = false, granting granted: [UInt8] = [],
    announcing announced: [UInt8] = []
  ) async throws -> ScriptedConnection {
    let connection = try await accept()
    _ = try await connection.receivePacket()
    connection.send(packet(0x20, [isPresent ? 1 : 0, 0], properties(version, announced)))
    guard !granted.isEmpty else { return connection }
    let subscribe = try await connection.receivePacket()
    connection.send(packet(0x90, Array(subscribe[2...3]), properties(version), granted))
    return connection
  }
}
