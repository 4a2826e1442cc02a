import NIOCore
import NIOSSL

/// What TLS needs and cannot use: a file, or a key.
struct TLSFailure: Error, CustomStringConvertible {
  let description: String
}

extension BrokerAddress.TLS {
  /// How long the broker may take to answer that the encryption ends, before the connection is just closed.
  private static let closingTime = TimeAmount.seconds(1)
  /// Only ciphers of TLS 1.2 in which both sides prove that they have the key: any other would not be verified.
  private static let preSharedKeyCiphers: [NIOTLSCipher] = [
    NIOTLSCipher(rawValue: 0xCCAC),  // TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256
    .TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA, .TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA,
    .TLS_PSK_WITH_AES_256_CBC_SHA, .TLS_PSK_WITH_AES_128_CBC_SHA,
  ]

  /// Reads the files.
  ///
  /// - Throws: ``TLSFailure`` for a file that is not there or holds something else.
  func makeContext() throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    configuration.shutdownTimeout = Self.closingTime
    configuration.applicationProtocols = applicationProtocols
    if let preSharedKey {
      configuration.maximumTLSVersion = .tlsv12
      configuration.cipherSuiteValues = Self.preSharedKeyCiphers
      configuration.certificateVerification = .none
      configuration.pskClientProvider = { try preSharedKey.answer(to: $0) }
      return try NIOSSLContext(configuration: configuration)
    }
    if let authorityFile {
      configuration.trustRoots = try read("authority", authorityFile) {
        .certificates(try NIOSSLCertificate.fromPEMFile($0))
      }
    }
    if let certificateFile {
      configuration.certificateChain = try read("certificate", certificateFile) {
        try NIOSSLCertificate.fromPEMFile($0).map { .certificate($0) }
      }
    }
    if let privateKeyFile {
      configuration.privateKey = try read("private key", privateKeyFile) {
        .privateKey(try NIOSSLPrivateKey(file: $0, format: .pem))
      }
    }
    return try NIOSSLContext(configuration: configuration)
  }

  private func read<Content>(_ what: String, _ path: String, _ body: (String) throws -> Content) throws
    -> Content
  {
    do {
      return try body(path)
    } catch {
      throw TLSFailure(description: "the \(what) file \(path) cannot be read as PEM: \(error)")
    }
  }
}

extension BrokerAddress.PreSharedKey {
  private struct OtherHint: Error {}

  fileprivate func answer(to broker: PSKClientContext) throws -> PSKClientIdentityResponse {
    if let hint, hint != broker.hint { throw OtherHint() }
    return PSKClientIdentityResponse(key: NIOSSLSecureBytes(key), identity: identity)
  }
}
