import MQTT
import MQTTProtocol
import TestSupport
import Testing

/// The steps of opening a connection, and what becomes of them when the other side does not play along.
@Suite struct ConnectorTests {
  enum Transport: CaseIterable {
    case tls
    case webSocket
    case both

    func address(port: Int) -> BrokerAddress {
      BrokerAddress(
        host: "127.0.0.1", port: port, tls: self == .webSocket ? nil : .init(),
        webSocket: self == .tls ? nil : .init())
    }

    /// What the client waits for first, once it is connected.
    var firstStep: String {
      self == .webSocket ? "the answer to the WebSocket request" : "the TLS handshake"
    }
  }

  @Test(arguments: Transport.allCases)
  func aServerThatStaysSilentIsGivenUpInTime(transport: Transport) async throws {
    try await ScriptedBroker.with { broker in
      let address = transport.address(port: broker.port)
      var impatient = configuration([address], "c")
      impatient.connectTimeout = .seconds(1)
      try await withClient(impatient, connected: false) { client in
        let connection = try await broker.accept()
        // It tries again and again, so that an attempt that this machine is too slow for does not matter.
        let failure = ConnectionFailure.timedOut(broker: "\(address)", waitingFor: transport.firstStep)
        try await client.reaches { $0.failure == failure }
        _ = try await connection.receiveUntilClosed()
      }
    }
  }

  @Test(arguments: Transport.allCases)
  func aServerThatClosesAtOnceIsSaidToHaveDoneSo(transport: Transport) async throws {
    try await ScriptedBroker.with { broker in
      let address = transport.address(port: broker.port)
      var configuration = configuration([address], "c")
      configuration.backoff = .hardlyEver
      try await withClient(configuration, connected: false) { client in
        let connection = try await broker.accept()
        // Reads what has come, so that the end is not a reset.
        _ = try await connection.receive(16)
        connection.close()
        let failure = try await client.firstFailure()
        switch failure {
        case .encryptionFailed("\(address)", _): #expect(transport != .webSocket)
        case .webSocketFailed("\(address)", _): #expect(transport == .webSocket)
        default: Issue.record("\(String(describing: failure))")
        }
      }
    }
  }

  @Test(arguments: Transport.allCases)
  func aServerThatSpeaksSomethingElseIsSaidTo(transport: Transport) async throws {
    try await ScriptedBroker.with { broker in
      let address = transport.address(port: broker.port)
      var configuration = configuration([address], "c")
      configuration.backoff = .hardlyEver
      try await withClient(configuration, connected: false) { client in
        let connection = try await broker.accept()
        connection.send([0x20, 3, 0, 0, 0] + Array("what is this?\r\n\r\n".utf8))
        let failure = try await client.firstFailure()
        switch failure {
        case .encryptionFailed("\(address)", _): #expect(transport != .webSocket)
        case .webSocketFailed("\(address)", let detail):
          #expect(transport == .webSocket)
          #expect(detail.contains("not HTTP"), "\(detail)")
        default: Issue.record("\(String(describing: failure))")
        }
      }
    }
  }

  @Test func anEncryptedServerWithoutWebSocketsIsSaidToBeOne() async throws {
    let authority = try CertificateAuthority()
    try await TLSServer.with(authority, names: "IP:127.0.0.1") { server in
      var tls = BrokerAddress.TLS()
      tls.authorityFile = authority.certificateFile
      let address = BrokerAddress(host: "127.0.0.1", port: server.port, tls: tls, webSocket: .init())
      try await withClient(configuration([address], "c"), connected: false) { client in
        let failure = try await client.firstFailure()
        guard case .webSocketFailed("wss://127.0.0.1:\(server.port)/mqtt", let detail) = failure else {
          Issue.record("\(String(describing: failure))")
          return
        }
        #expect(detail.contains("not HTTP"), "\(detail)")
      }
    }
  }

  @Test(arguments: Transport.allCases)
  func aClientThatIsStoppedMeanwhileGivesTheConnectionUp(transport: Transport) async throws {
    try await ScriptedBroker.with { broker in
      var patient = configuration([transport.address(port: broker.port)], "c")
      patient.connectTimeout = .seconds(3600)
      let client = MQTTClient(configuration: patient, logger: LogRecord().logger)
      let running = Task { try await client.run(routes: []) }
      let connection = try await broker.accept()
      _ = try await connection.receive(1)
      running.cancel()
      try await running.value
      _ = try await connection.receiveUntilClosed()
      var last: ConnectionState?
      for await state in client.states() { last = state }
      #expect(last == .stopped(reason: nil))
    }
  }

  @Test func theNextAddressIsTriedWhereNothingListens() async throws {
    try await Mosquitto.with { broker in
      let dead = BrokerAddress(host: "127.0.0.1", port: try freePort())
      let addresses = [dead, BrokerAddress(host: "127.0.0.1", port: broker.port)]
      let log = LogRecord()
      try await withClient(configuration(addresses, "c"), log: log) { client in
        try await client.publish(Message("a", "b"))
      }
      #expect(log.lines.contains { $0.message.contains("nothing listens at \(dead)") })
      #expect(
        log.lines.contains { $0.message.contains("connected") && $0.message.contains("\(addresses[1])") })
    }
  }

  @Test func theAddressOfAConnectionThatStoodIsTriedFirstAgain() async throws {
    try await ScriptedBroker.with { first in
      try await ScriptedBroker.with { second in
        let addresses = [first, second].map { BrokerAddress(host: "127.0.0.1", port: $0.port) }
        try await withClient(configuration(addresses, "c"), connected: false) { client in
          let standing = try await first.accept()
          _ = try await standing.receivePacket()
          standing.send([0x20, 3, 0, 0, 0])
          try await client.reaches { $0.connectedState != nil }
          standing.close()
          // Refused, so that it does not stand.
          let refused = try await first.accept()
          _ = try await refused.receivePacket()
          refused.send([0x20, 3, 0, 0x88, 0])
          let other = try await second.accept()
          _ = try await other.receivePacket()
          other.send([0x20, 3, 0, 0, 0])
          try await client.reaches { $0.connectedState != nil }
        }
      }
    }
  }

  /// The broker refuses MQTT 5.0, not the connection.
  @Test func anOlderVersionIsTriedAtTheSameAddress() async throws {
    try await ScriptedBroker.with { broker in
      let addresses = [
        BrokerAddress(host: "127.0.0.1", port: broker.port),
        BrokerAddress(host: "127.0.0.1", port: try freePort()),
      ]
      try await withClient(configuration(addresses, "c"), connected: false) { client in
        let first = try await broker.accept()
        _ = try await first.receivePacket()
        first.send([0x20, 2, 0, 1])
        let second = try await broker.accept()
        #expect(try await second.receivePacket()[8] == 4)
        second.send([0x20, 2, 0, 0])
        try await client.reaches { $0.connectedState?.version == .v3_1_1 }
      }
    }
  }
}
