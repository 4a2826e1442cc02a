import MQTT
import MQTTProtocol
import TestSupport
import Testing

/// Encrypted connections to a real mosquitto with certificates of the tests' own authority.
@Suite struct TLSTests {
  /// A configuration that trusts the authority, or the system's where there is none.
  private func encrypted(
    _ broker: Mosquitto, trusting authority: CertificateAuthority?, host: String = "127.0.0.1"
  ) -> MQTTClient.Configuration {
    var tls = BrokerAddress.TLS()
    tls.authorityFile = authority?.certificateFile
    return configuration([BrokerAddress(host: host, port: broker.port, tls: tls)], "encrypted")
  }

  private func failure(of configuration: MQTTClient.Configuration) async throws -> String {
    try await withClient(configuration, connected: false) { client in
      let state = try await client.reaches { $0.failure != nil || $0.connectedState != nil }
      return state.failure?.description ?? "connected"
    }
  }

  @Test(arguments: ["127.0.0.1", "localhost"])
  func messagesGoBothWaysEncrypted(host: String) async throws {
    let authority = try CertificateAuthority()
    let lines = try authority.mosquittoLines(for: "DNS:localhost,IP:127.0.0.1")
    try await Mosquitto.with(.init(extraLines: lines)) { broker in
      let received = Received()
      let configuration = encrypted(broker, trusting: authority, host: host)
      try await withClient(configuration, routes: [received.route("a")]) { client in
        let texts = (0..<200).map { "\($0)" }
        try await client.publish(texts.map { Message("a", $0) })
        try await eventually("the messages") { received.texts == texts }
      }
      // It disconnected in good order, through the encryption too.
      try await eventually("the client's DISCONNECT in the broker's log") {
        try broker.log().contains("Received DISCONNECT from encrypted")
      }
    }
  }

  @Test func anUnknownAuthorityIsNotTrusted() async throws {
    let authority = try CertificateAuthority()
    let lines = try authority.mosquittoLines(for: "IP:127.0.0.1")
    try await Mosquitto.with(.init(extraLines: lines)) { broker in
      for trusted in [nil, try CertificateAuthority()] {
        let failure = try await failure(of: encrypted(broker, trusting: trusted))
        #expect(failure.contains("cannot be encrypted"))
        #expect(failure.contains("CERTIFICATE_VERIFY_FAILED"))
      }
    }
  }

  @Test func aCertificateForAnotherNameIsNotTrusted() async throws {
    let authority = try CertificateAuthority()
    let lines = try authority.mosquittoLines(for: "DNS:elsewhere.example")
    try await Mosquitto.with(.init(extraLines: lines)) { broker in
      for host in ["127.0.0.1", "localhost"] {
        let failure = try await failure(of: encrypted(broker, trusting: authority, host: host))
        #expect(failure.contains("cannot be encrypted"), "\(failure)")
      }
    }
  }

  @Test func aBrokerThatAsksForACertificateGetsIt() async throws {
    let authority = try CertificateAuthority()
    let lines = try authority.mosquittoLines(for: "IP:127.0.0.1", asksForCertificate: true)
    try await Mosquitto.with(.init(extraLines: lines)) { broker in
      var configuration = encrypted(broker, trusting: authority)
      let failure = try await failure(of: configuration)
      #expect(failure != "connected")
      let (certificate, key) = try authority.sign("client", for: "DNS:client")
      configuration.addresses[0].tls?.certificateFile = certificate
      configuration.addresses[0].tls?.privateKeyFile = key
      try await withClient(configuration) { client in try await client.publish(Message("a", "b")) }
    }
  }

  @Test func encryptionOnOneSideOnlyIsSaid() async throws {
    let authority = try CertificateAuthority()
    try await Mosquitto.with { broker in
      let failure = try await failure(of: encrypted(broker, trusting: authority))
      #expect(failure != "connected")
    }
    let lines = try authority.mosquittoLines(for: "IP:127.0.0.1")
    try await Mosquitto.with(.init(extraLines: lines)) { broker in
      let failure = try await failure(of: configuration(port: broker.port, "plain"))
      #expect(failure != "connected")
    }
  }

  @Test func aFileThatCannotBeReadIsNamed() async throws {
    let folder = try TemporaryFolder()
    let empty = try folder.write("", to: "empty.pem")
    for path in ["/nowhere/a.pem", empty] {
      for file in [\BrokerAddress.TLS.authorityFile, \.certificateFile, \.privateKeyFile] {
        var tls = BrokerAddress.TLS()
        tls[keyPath: file] = path
        let address = BrokerAddress(host: "127.0.0.1", port: try freePort(), tls: tls)
        let failure = try await failure(of: configuration([address], "encrypted"))
        #expect(failure.contains("cannot be encrypted") && failure.contains("file \(path)"), "\(failure)")
      }
    }
  }

  @Test func aCertificateIsVerifiedForTheServerNameThatIsSet() async throws {
    let authority = try CertificateAuthority()
    let lines = try authority.mosquittoLines(for: "DNS:elsewhere.example")
    try await Mosquitto.with(.init(extraLines: lines)) { broker in
      var configuration = encrypted(broker, trusting: authority)
      configuration.addresses[0].tls?.serverName = "elsewhere.example"
      try await withClient(configuration) { client in try await client.publish(Message("a", "b")) }
      configuration.addresses[0].tls?.serverName = "other.example"
      #expect(try await failure(of: configuration).contains("cannot be encrypted"))
    }
  }

  /// The name of a host goes with the handshake, an address does not.
  @Test(arguments: [("localhost", nil), ("127.0.0.1", nil), ("127.0.0.1", "broker.example")])
  func theServerNameIsSent(host: String, serverName: String?) async throws {
    let authority = try CertificateAuthority()
    try await TLSServer.with(authority, names: "DNS:localhost,DNS:broker.example,IP:127.0.0.1") { server in
      var tls = BrokerAddress.TLS()
      tls.authorityFile = authority.certificateFile
      tls.serverName = serverName
      let address = BrokerAddress(host: host, port: server.port, tls: tls)
      try await withClient(configuration([address], "encrypted")) { _ in }
      #expect(server.handshakes.serverNames == [serverName ?? (host == "localhost" ? host : nil)])
    }
  }

  @Test(arguments: [(["mqtt"], "mqtt"), (["h2", "x-other"], "x-other"), (["h2"], nil), ([], nil)])
  func theFirstApplicationProtocolThatTheServerKnowsIsAgreedOn(known: [String], agreed: String?) async throws
  {
    let authority = try CertificateAuthority()
    try await TLSServer.with(authority, names: "IP:127.0.0.1", applicationProtocols: known) { server in
      var tls = BrokerAddress.TLS()
      tls.authorityFile = authority.certificateFile
      tls.applicationProtocols = ["mqtt", "x-other"]
      let address = BrokerAddress(host: "127.0.0.1", port: server.port, tls: tls)
      try await withClient(configuration([address], "encrypted")) { _ in }
      #expect(server.handshakes.applicationProtocols == [agreed])
    }
  }
}
