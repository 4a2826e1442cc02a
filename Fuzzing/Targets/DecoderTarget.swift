import MQTTProtocol
import NIOCore

/// The first byte chooses the version, the limit and the size of the pieces; the rest is what a broker sends.
enum DecoderTarget {
  private static let pieceSizes = [1, 2, 3, 7, 33, 250, 1000, 2000]
  private static let limits = [64, 1024]
  /// The fields before a payload, which 3.1.1 waits for beyond any limit.
  private static let longestFields = 5 + 2 + 65_535 + 2

  static func check(_ bytes: [UInt8]) throws(BrokenProperty) {
    var input = FuzzInput(bytes)
    let choice = Int(input.byte())
    let version: ProtocolVersion = choice & 1 == 0 ? .v5 : .v3_1_1
    let limit = limits[choice >> 1 & 1]
    let stream = input.remainder()
    let whole = try decode(stream, version, limit, pieceSize: max(1, stream.count))
    let pieces = try decode(stream, version, limit, pieceSize: pieceSizes[choice >> 2 & 7])
    try require(whole == pieces, "in one piece \(whole), in several \(pieces)")
    for packet in whole.packets { try checkEncoding(of: packet, version) }
  }

  struct Decoded: Equatable {
    var packets: [Packet] = []
    var error: MalformedPacket?
  }

  private static func decode(
    _ stream: [UInt8], _ version: ProtocolVersion, _ limit: Int, pieceSize: Int
  ) throws(BrokenProperty) -> Decoded {
    var decoder = PacketDecoder(version: version, maximumPacketSize: limit)
    var decoded = Decoded()
    for start in stride(from: 0, to: stream.count, by: pieceSize) {
      decoder.append(ByteBuffer(bytes: stream[start..<min(start + pieceSize, stream.count)]))
      do throws(MalformedPacket) {
        while let packet = try decoder.next() { decoded.packets.append(packet) }
      } catch {
        decoded.error = error
        return decoded
      }
      let most = (version == .v5 ? limit : max(limit, longestFields)) + pieceSize
      // A buffer doubles when it grows.
      try require(decoder.heldBytes <= 2 * most, "\(decoder.heldBytes) bytes are held")
    }
    return decoded
  }

  /// A packet encodes to bytes that decode to the same packet.
  static func checkEncoding(of packet: Packet, _ version: ProtocolVersion) throws(BrokenProperty) {
    var packet = packet
    if case .publish(var publish) = packet, publish.isPayloadTruncated {
      publish.isPayloadTruncated = false
      packet = .publish(publish)
    }
    var buffer = ByteBuffer()
    packet.encode(into: &buffer, version: version)
    var decoder = PacketDecoder(version: version, maximumPacketSize: .max)
    decoder.append(buffer)
    let again: Packet?
    do throws(MalformedPacket) {
      again = try decoder.next()
    } catch {
      throw BrokenProperty("\(packet) does not decode again: \(error)")
    }
    try require(again == packet, "\(packet) becomes \(String(describing: again))")
  }
}
