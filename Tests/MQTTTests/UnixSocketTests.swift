import MQTT
import MQTTProtocol
import TestSupport
import Testing

@Suite struct UnixSocketTests {
  @Test func messagesGoBothWays() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("broker.sock")
    try await Mosquitto.with(.init(extraLines: ["listener 0 \(path)"])) { broker in
      let received = Received()
      let configuration = configuration([BrokerAddress(unixSocket: path)], "local")
      try await withClient(configuration, routes: [received.route("a")]) { client in
        let texts = (0..<200).map { "\($0)" }
        try await client.publish(texts.map { Message("a", $0) })
        try await eventually("the messages") { received.texts == texts }
      }
      try await eventually("the client's DISCONNECT in the broker's log") {
        try broker.log().contains("Received DISCONNECT from local")
      }
    }
  }

  @Test func aSocketThatIsNotThereYetIsWaitedFor() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("broker.sock")
    let broker = try Mosquitto(.init(extraLines: ["listener 0 \(path)"]))
    let configuration = configuration([BrokerAddress(unixSocket: path)], "local")
    try await withClient(configuration, connected: false) { client in
      let failure = try await client.firstFailure()
      #expect(failure == .nothingListens(broker: path))
      try await broker.start()
      try await client.publish(Message("a", "b"))
      // A broker that is killed leaves its socket behind.
      broker.kill()
      try await client.reaches { $0.failure == .nothingListens(broker: path) }
      try await broker.start()
      try await client.publish(Message("a", "c"))
    }
  }

  /// The certificate is verified for the server name, since a path has none.
  @Test func encryptionThroughASocketIsVerifiedForTheServerName() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("broker.sock")
    let authority = try CertificateAuthority()
    try await TLSServer.with(authority, names: "DNS:broker.example", unixSocket: path) { _ in
      var tls = BrokerAddress.TLS()
      tls.authorityFile = authority.certificateFile
      tls.serverName = "broker.example"
      let right = BrokerAddress(unixSocket: path, tls: tls)
      try await withClient(configuration([right], "local")) { _ in }
      tls.serverName = "other.example"
      let wrong = BrokerAddress(unixSocket: path, tls: tls)
      try await withClient(configuration([wrong], "local"), connected: false) { client in
        let state = try await client.reaches { $0.failure != nil || $0.connectedState != nil }
        guard case .encryptionFailed(path, let detail) = state.failure else {
          Issue.record("\(state)")
          return
        }
        #expect(detail.contains("other.example"), "\(detail)")
      }
    }
  }
}
