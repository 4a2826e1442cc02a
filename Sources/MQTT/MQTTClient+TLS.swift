import NIOCore
import NIOPosix
import NIOSSL

extension MQTTClient.Configuration {
  /// An encrypted connection, and whom it trusts. The broker's certificate is always verified, for the name or
  /// address that the client connects to.
  public struct TLS: Sendable, Hashable {
    /// A file with the certificates (PEM) of the authorities to trust; nil trusts the system's. Default nil.
    public var authorityFile: String?
    /// A file with the client's certificate and what leads from it to its authority (PEM), for brokers that ask
    /// for one. Default none.
    public var certificateFile: String?
    /// A file with the key (PEM, without a pass phrase) of the client's certificate. Default none.
    public var privateKeyFile: String?
    /// What the client offers to speak (RFC 7301), for brokers that share a port with others. Default nothing.
    public var applicationProtocols: [String] = []

    /// Everything has its default.
    public init() {}
  }
}

extension MQTTClient.Configuration.TLS {
  /// Reads the files; they are read again for every connection, so that a renewed certificate is taken up.
  ///
  /// - Throws: What NIOSSL says of files that are not there or hold something else.
  func handler(host: String) throws -> NIOSSLClientHandler {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    configuration.trustRoots = authorityFile.map { .file($0) } ?? .default
    if let certificateFile {
      configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(certificateFile).map {
        .certificate($0)
      }
    }
    if let privateKeyFile {
      configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: privateKeyFile, format: .pem))
    }
    configuration.applicationProtocols = applicationProtocols
    // The server name goes with names only; an address is verified as the connection's own.
    let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
    return try NIOSSLClientHandler(
      context: NIOSSLContext(configuration: configuration), serverHostname: isAddress ? nil : host)
  }
}
