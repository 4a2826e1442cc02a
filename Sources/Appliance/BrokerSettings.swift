/// The `[broker]` table, which all programs have.
package struct BrokerSettings: Sendable, Equatable {
  package var host: String
  package var port: Int
  package var userName: String?
  package var password: Secret?
  package var keepAlive: Duration
  /// nil: the connection is not encrypted.
  package var tls: TLSSettings?

  package init(reading table: SettingsTable) throws(SettingsError) {
    host = try table.required("host", try table.string("host"), "the broker's name or address")
    tls = try TLSSettings.read(from: table)
    port = try table.integer("port", in: 1...65_535) ?? (tls == nil ? 1_883 : 8_883)
    userName = try table.string("username")
    password = try Secret.read("password", from: table)
    keepAlive = .seconds(try table.integer("keep_alive_s", in: 5...3_600) ?? 30)
    if password != nil, userName == nil {
      throw table.invalid("username", "given where there is a password")
    }
  }
}

/// How the connection to the broker is encrypted; the files have been read once, so they are there.
package struct TLSSettings: Sendable, Equatable {
  /// The authorities to trust instead of the system's.
  package var authorityFile: String?
  package var certificateFile: String?
  package var privateKeyFile: String?

  /// Reads `tls` and the files that go with it; nil where the connection is not to be encrypted.
  fileprivate static func read(from table: SettingsTable) throws(SettingsError) -> TLSSettings? {
    let isEncrypted = try table.boolean("tls") ?? false
    let settings = TLSSettings(
      authorityFile: try table.readableFile("ca_file"),
      certificateFile: try table.readableFile("certificate_file"),
      privateKeyFile: try table.readableFile("key_file"))
    if (settings.certificateFile == nil) != (settings.privateKeyFile == nil) {
      throw table.invalid("certificate_file", "given together with key_file")
    }
    guard isEncrypted || settings == TLSSettings() else {
      throw table.invalid("tls", "true where ca_file or certificate_file is given")
    }
    return isEncrypted ? settings : nil
  }
}
