import Foundation

/// An authority of a test's own, which signs certificates with the openssl program.
package final class CertificateAuthority: Sendable {
  private let folder: TemporaryFolder

  package init() throws {
    folder = try TemporaryFolder()
    try runProgram(
      "/usr/bin/openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", "/CN=authority", "-keyout", folder.file("authority.key"), "-out", certificateFile,
      ])
  }

  /// The authority's own certificate.
  package var certificateFile: String { folder.file("authority.pem") }

  /// Signs a certificate for alternative names, such as `DNS:localhost,IP:127.0.0.1`.
  package func sign(_ name: String, for names: String) throws -> (certificate: String, key: String) {
    let certificate = folder.file("\(name).pem")
    let key = folder.file("\(name).key")
    let request = folder.file("\(name).csr")
    try runProgram(
      "/usr/bin/openssl",
      [
        "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=\(name)",
        "-keyout", key, "-out", request,
      ])
    let extensions = try folder.write("subjectAltName=\(names)\n", to: "\(name).ext")
    try runProgram(
      "/usr/bin/openssl",
      [
        "x509", "-req", "-in", request, "-CA", certificateFile, "-CAkey", folder.file("authority.key"),
        "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", certificate,
      ])
    return (certificate, key)
  }

  /// The lines of mosquitto.conf for a listener with a certificate for `names`.
  package func mosquittoLines(for names: String, asksForCertificate: Bool = false) throws -> [String] {
    let (certificate, key) = try sign("broker", for: names)
    return [
      "cafile \(certificateFile)", "certfile \(certificate)", "keyfile \(key)",
      "require_certificate \(asksForCertificate)",
    ]
  }
}
