/// The `[broker]` table, which all programs have.
package struct BrokerSettings: Sendable, Equatable {
  package var host: String
  package var port: Int
  package var userName: String?
  package var password: Secret?
  package var keepAlive: Duration

  package init(reading table: SettingsTable) throws(SettingsError) {
    host = try table.required("host", try table.string("host"), "the broker's name or address")
    port = try table.integer("port", in: 1...65_535) ?? 1_883
    userName = try table.string("username")
    password = try Secret.read("password", from: table)
    keepAlive = .seconds(try table.integer("keep_alive_s", in: 5...3_600) ?? 30)
    if password != nil, userName == nil {
      throw table.invalid("username", "given where there is a password")
    }
  }
}
