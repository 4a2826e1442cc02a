extension BrokerAddress {
  /// An encrypted connection, and whom it trusts. The broker's certificate is always verified, for the name or
  /// address that the client connects to; with a pre-shared key, who has the key is trusted instead.
  ///
  /// TLS 1.2 is the oldest version that is spoken. Files are read again for every connection, so that a renewed
  /// certificate is taken up.
  public struct TLS: Sendable, Hashable {
    /// A file with the certificates (PEM) of the authorities to trust; nil trusts the system's. Default nil.
    public var authorityFile: String?
    /// A file with the client's certificate and what leads from it to its authority (PEM), for brokers that ask
    /// for one. Default none.
    public var certificateFile: String?
    /// A file with the key (PEM, without a pass phrase) of the client's certificate. Default none.
    public var privateKeyFile: String?
    /// The name that the broker's certificate has to hold, which is also sent as the server name (RFC 6066, 3).
    /// Not an IP address. Default nil: the host that the client connects to; a Unix socket needs one.
    public var serverName: String?
    /// What the client offers to speak (RFC 7301), for brokers that share a port with others; each is 1 to 255
    /// bytes of ASCII. Default nothing. A broker that takes none of them may go on without.
    public var applicationProtocols: [String] = []
    /// In place of all certificates; the files have to be nil then. Default none.
    public var preSharedKey: PreSharedKey?

    /// Everything has its default.
    public init() {}
  }

  /// A key that the client and the broker have been given (RFC 4279, RFC 5489), spoken with TLS 1.2.
  ///
  /// The key shows in no description, debug description or mirror.
  public struct PreSharedKey: Sendable, Hashable {
    /// Tells the broker which key it is; 1 to 128 bytes of UTF-8, without U+0000. It is sent unencrypted.
    public var identity: String
    package var key: [UInt8]
    /// Uses the key only with a broker that gives this hint. Default nil: whatever the hint, or with none.
    public var hint: String?

    /// - Parameters:
    ///   - identity: 1 to 128 bytes of UTF-8, without U+0000.
    ///   - key: 1 to 256 bytes.
    ///   - hint: The only one to use the key with; nil uses it with any and with none.
    public init(identity: String, key: [UInt8], hint: String? = nil) {
      self.identity = identity
      self.key = key
      self.hint = hint
    }
  }
}

extension BrokerAddress.PreSharedKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
  public var description: String { "identity \(identity), key not shown" }
  public var debugDescription: String { description }
  public var customMirror: Mirror {
    Mirror(self, children: ["identity": identity, "hint": hint as Any])
  }
}
