/// Where a broker is reached, and over what: TCP or a Unix socket, with TLS or without, MQTT itself or MQTT in a
/// WebSocket.
///
/// No description, debug description or mirror of it shows a key, the value of a header, or what follows a `?`
/// in the path of a WebSocket.
public struct BrokerAddress: Sendable, Hashable {
  /// What the operating system connects to.
  public enum Endpoint: Sendable, Hashable {
    /// A host name, or an IP address without brackets; the port is 1 to 65,535.
    case host(String, port: Int)
    /// The path of a Unix socket, of 1 to 107 bytes.
    case unixSocket(path: String)
  }

  /// A host and a port, or a Unix socket.
  public var endpoint: Endpoint
  /// Encrypts the connection. Default nil: it is not encrypted. The port is customarily 8883 then, and 443 for a
  /// WebSocket.
  public var tls: TLS?
  /// Carries MQTT in a WebSocket (MQTT 5.0, 6). Default nil. The port is customarily 80, without TLS.
  public var webSocket: WebSocket?

  /// - Parameters:
  ///   - host: A host name or an IP address.
  ///   - port: 1 to 65,535; 1883 is that of MQTT over TCP.
  ///   - tls: nil does not encrypt.
  ///   - webSocket: nil speaks MQTT itself.
  public init(host: String, port: Int = 1883, tls: TLS? = nil, webSocket: WebSocket? = nil) {
    endpoint = .host(host, port: port)
    self.tls = tls
    self.webSocket = webSocket
  }

  /// - Parameters:
  ///   - path: Of the socket, 1 to 107 bytes.
  ///   - tls: nil does not encrypt; otherwise it needs a server name, or a pre-shared key.
  ///   - webSocket: nil speaks MQTT itself.
  public init(unixSocket path: String, tls: TLS? = nil, webSocket: WebSocket? = nil) {
    endpoint = .unixSocket(path: path)
    self.tls = tls
    self.webSocket = webSocket
  }
}

extension BrokerAddress.Endpoint: CustomStringConvertible {
  /// `host:port`, `[IPv6 address]:port`, or the socket's path.
  public var description: String {
    switch self {
    case .host(let host, let port):
      host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unixSocket(let path): path
    }
  }
}

extension BrokerAddress: CustomStringConvertible, CustomDebugStringConvertible {
  /// How failures and logs name the broker: `host:port`, a socket's path, or `ws://host:port/path`; with TLS
  /// `wss://host:port/path`.
  public var description: String {
    guard let webSocket else { return "\(endpoint)" }
    return "\(tls == nil ? "ws" : "wss")://\(endpoint)\(webSocket.shownPath)"
  }

  public var debugDescription: String { description }
}
