import MQTTProtocol
import NIOCore

extension BrokerAddress {
  /// Of a Unix socket's path, without the zero byte at its end.
  private static let socketPathLimit = 107

  /// - Throws: `MQTTError.invalidValue`, for the first field that cannot be used.
  func validate() throws(MQTTError) {
    switch endpoint {
    case .host(let host, let port):
      guard !host.isEmpty, !host.utf8.contains(0) else {
        throw .invalidValue("the host of a broker's address is empty or holds a zero byte")
      }
      guard (1...65_535).contains(port) else {
        throw .invalidValue("the port of the broker at \(host) is \(port): it has to be 1 to 65,535")
      }
    case .unixSocket(let path):
      guard (1...Self.socketPathLimit).contains(path.utf8.count), !path.utf8.contains(0) else {
        throw .invalidValue(
          "the path of the broker's socket has to have 1 to \(Self.socketPathLimit) bytes: '\(path)'")
      }
      if let tls, tls.serverName == nil, tls.preSharedKey == nil {
        throw .invalidValue(
          "TLS through the socket \(path) needs a server name to verify the certificate for")
      }
    }
    try tls?.validate()
    try webSocket?.validate()
  }

  /// The name to verify the certificate for and to send; nil for an IP address, which is verified as the
  /// connection's own.
  var serverName: String? {
    if let name = tls?.serverName { return name }
    guard case .host(let host, _) = endpoint else { return nil }
    return host.isIPAddress ? nil : host
  }
}

extension BrokerAddress.TLS {
  fileprivate func validate() throws(MQTTError) {
    if let serverName {
      guard (1...255).contains(serverName.utf8.count), !serverName.utf8.contains(0), !serverName.isIPAddress
      else {
        throw .invalidValue("the TLS server name '\(serverName)' is not a host name")
      }
    }
    for name in applicationProtocols {
      guard (1...255).contains(name.utf8.count), name.utf8.allSatisfy({ $0 < 0x80 }) else {
        throw .invalidValue("the application protocol '\(name)' has to be 1 to 255 bytes of ASCII")
      }
    }
    guard let preSharedKey else { return }
    guard authorityFile == nil, certificateFile == nil, privateKeyFile == nil else {
      throw .invalidValue("a pre-shared key takes the place of certificates: set it or the files, not both")
    }
    let identity = preSharedKey.identity.utf8
    guard (1...128).contains(identity.count), !identity.contains(0) else {
      throw .invalidValue("the identity of a pre-shared key has to have 1 to 128 bytes, none of them zero")
    }
    guard (1...256).contains(preSharedKey.key.count) else {
      throw .invalidValue("a pre-shared key has to have 1 to 256 bytes")
    }
  }
}

extension BrokerAddress.WebSocket {
  /// What makes the request one for a WebSocket, or frames it, is the client's own.
  private static let ownHeaders = ["host", "upgrade", "connection", "content-length", "transfer-encoding"]
  private static let ownPrefix = "sec-websocket-"

  fileprivate func validate() throws(MQTTError) {
    guard path.utf8.first == UInt8(ascii: "/"), path.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw .invalidValue(
        "the path of a WebSocket has to begin with '/' and be printable ASCII without spaces")
    }
    for header in headers {
      let name = header.name.lowercased()
      guard !name.isEmpty, name.utf8.allSatisfy(Self.isTokenByte) else {
        throw .invalidValue("'\(header.name)' is not the name of an HTTP header")
      }
      guard !Self.ownHeaders.contains(name), !name.hasPrefix(Self.ownPrefix) else {
        throw .invalidValue("the header '\(header.name)' of a WebSocket is set by the client itself")
      }
      guard header.value.utf8.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }) else {
        throw .invalidValue("the value of the header '\(header.name)' holds a control character")
      }
    }
  }

  /// RFC 9110, 5.6.2.
  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}

extension String {
  fileprivate var isIPAddress: Bool { (try? SocketAddress(ipAddress: self, port: 0)) != nil }
}
