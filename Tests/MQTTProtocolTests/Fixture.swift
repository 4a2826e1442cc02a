import MQTTProtocol
import NIOCore

/// The bytes of a packet.
func encoded(_ packet: Packet, _ version: ProtocolVersion = .v5) -> [UInt8] {
  var buffer = ByteBuffer()
  packet.encode(into: &buffer, version: version)
  return Array(buffer.readableBytesView)
}

/// The packet that the bytes are, which must be whole.
func decoded(_ bytes: [UInt8], _ version: ProtocolVersion = .v5) throws -> Packet? {
  var decoder = PacketDecoder(version: version, maximumPacketSize: 1 << 20)
  decoder.append(ByteBuffer(bytes: bytes))
  return try decoder.next()
}

extension Message {
  init(_ topic: String, _ text: String, qualityOfService: QualityOfService = .atLeastOnce) {
    self.init(topic: topic, payload: ByteBuffer(string: text), qualityOfService: qualityOfService)
  }
}

extension NIODeadline {
  static func seconds(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(seconds) }
}
