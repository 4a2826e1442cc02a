import MQTT
import MQTTProtocol
import TestSupport
import Testing

/// A pre-shared key in place of certificates, with a real mosquitto.
@Suite struct PreSharedKeyTests {
  private static let key: [UInt8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF]

  private static func lines(_ folder: TemporaryFolder) throws -> [String] {
    let file = try folder.write("door:0123456789abcdef\n", to: "keys")
    return ["psk_file \(file)", "psk_hint house"]
  }

  private func configuration(
    port: Int, identity: String = "door", key: [UInt8] = Self.key, hint: String? = nil
  ) -> MQTTClient.Configuration {
    var tls = BrokerAddress.TLS()
    tls.preSharedKey = BrokerAddress.PreSharedKey(identity: identity, key: key, hint: hint)
    return MQTTTests.configuration([BrokerAddress(host: "127.0.0.1", port: port, tls: tls)], "psk")
  }

  private func failure(of configuration: MQTTClient.Configuration) async throws -> ConnectionFailure? {
    try await withClient(configuration, connected: false) { client in
      try await client.reaches { $0.failure != nil || $0.connectedState != nil }.failure
    }
  }

  @Test(arguments: [nil, "house"])
  func messagesGoBothWays(hint: String?) async throws {
    let folder = try TemporaryFolder()
    try await Mosquitto.with(.init(extraLines: Self.lines(folder))) { broker in
      let received = Received()
      let routes = [received.route("a")]
      try await withClient(configuration(port: broker.port, hint: hint), routes: routes) { client in
        let texts = (0..<200).map { "\($0)" }
        try await client.publish(texts.map { Message("a", $0) })
        try await eventually("the messages") { received.texts == texts }
      }
      try await eventually("the client's DISCONNECT in the broker's log") {
        try broker.log().contains("Received DISCONNECT from psk")
      }
    }
  }

  @Test func aWrongKeyIdentityOrHintIsNotEncryptedWith() async throws {
    let folder = try TemporaryFolder()
    try await Mosquitto.with(.init(extraLines: Self.lines(folder))) { broker in
      for wrong in [
        configuration(port: broker.port, key: [1, 2, 3]),
        configuration(port: broker.port, identity: "nobody"),
        configuration(port: broker.port, hint: "another house"),
      ] {
        let failure = try await failure(of: wrong)
        guard case .encryptionFailed(_, let detail) = failure else {
          Issue.record("\(String(describing: failure))")
          continue
        }
        #expect(detail.contains("the pre-shared key"), "\(detail)")
      }
    }
  }

  /// Nobody but who has the key is trusted, so a certificate is not enough, whoever signed it.
  @Test func aBrokerWithACertificateInsteadIsNotTrusted() async throws {
    let authority = try CertificateAuthority()
    let lines = try authority.mosquittoLines(for: "IP:127.0.0.1")
    try await Mosquitto.with(.init(extraLines: lines)) { broker in
      let failure = try await failure(of: configuration(port: broker.port))
      guard case .encryptionFailed = failure else {
        Issue.record("\(String(describing: failure))")
        return
      }
    }
  }
}
