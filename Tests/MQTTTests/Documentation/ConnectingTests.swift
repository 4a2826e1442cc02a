import Logging
import MQTT
import NIOCore
import TestSupport
import Testing

private func plain() -> (MQTTClient.Configuration, MQTTClient) {
  let configuration = MQTTClient.Configuration(host: "broker.example", clientIdentifier: "meter-7")
  let client = MQTTClient(configuration: configuration, logger: Logger(label: "meter"))
  return (configuration, client)
}

private func encrypted() -> BrokerAddress {
  var tls = BrokerAddress.TLS()
  tls.authorityFile = "/etc/meter/ca.pem"
  tls.certificateFile = "/etc/meter/meter-7.pem"
  tls.privateKeyFile = "/etc/meter/meter-7.key"
  let address = BrokerAddress(host: "broker.example", port: 8883, tls: tls)
  return address
}

private func encrypted(with key: [UInt8]) -> BrokerAddress {
  var tls = BrokerAddress.TLS()
  tls.preSharedKey = BrokerAddress.PreSharedKey(identity: "meter-7", key: key)
  let address = BrokerAddress(host: "broker.example", port: 8883, tls: tls)
  return address
}

private func webSocketAndLocal(_ token: String) -> [BrokerAddress] {
  let webSocket = BrokerAddress(
    host: "broker.example", port: 443, tls: BrokerAddress.TLS(),
    webSocket: BrokerAddress.WebSocket(path: "/mqtt", headers: [.init(name: "Authorization", value: token)]))
  let local = BrokerAddress(unixSocket: "/run/mosquitto/mosquitto.sock")
  return [webSocket, local]
}

private func several() -> MQTTClient.Configuration {
  let configuration = MQTTClient.Configuration(
    addresses: [
      BrokerAddress(unixSocket: "/run/mosquitto/mosquitto.sock"),
      BrokerAddress(host: "broker.example"),
    ],
    clientIdentifier: "meter-7")
  return configuration
}

private func setCredentials(_ password: String, in configuration: inout MQTTClient.Configuration) {
  configuration.credentials = Credentials(userName: "meter-7", password: password)
}

struct TokenAuthenticator: Authenticator {
  struct UnexpectedChallenge: Error {}

  let method = "token"
  let token: @Sendable () throws -> String

  func initialData() throws -> ByteBuffer? { ByteBuffer(string: try token()) }

  func answer(to challenge: ByteBuffer?) throws -> ByteBuffer? { throw UnexpectedChallenge() }

  func finish(with data: ByteBuffer?) {}
}

private func watch(_ client: MQTTClient) async {
  for await state in client.states() {
    switch state {
    case .idle, .connecting: break
    case .connected(let state):
      print("connected over \(state.version), session present: \(state.isSessionPresent)")
    case .waiting(_, let reason): print("\(reason)")
    case .stopped: print("the end")
    }
  }
}

private func setWill(in configuration: inout MQTTClient.Configuration) {
  configuration.will = Will(Message(topic: "meter/7/availability", text: "offline", retain: true))
  configuration.publishesWillOnStop = true
}

@Suite struct ConnectingTests {
  @Test func addressesAreWhatTheySeem() {
    #expect(plain().0.addresses.map(\.description) == ["broker.example:1883"])
    #expect("\(encrypted())" == "broker.example:8883")
    #expect("\(encrypted(with: [1, 2, 3]))" == "broker.example:8883")
    #expect(
      webSocketAndLocal("Bearer x").map(\.description) == [
        "wss://broker.example:443/mqtt", "/run/mosquitto/mosquitto.sock",
      ])
    #expect(several().addresses.count == 2)
  }

  @Test func aUserWithAWillIsSeenToItsEnd() async throws {
    try await Mosquitto.with(.init(credentials: ("meter-7", "secret"))) { broker in
      var configuration = configuration(port: broker.port, "meter-7")
      setCredentials("secret", in: &configuration)
      setWill(in: &configuration)
      let client = MQTTClient(configuration: configuration, logger: LogRecord().logger)
      let watching = Task { await watch(client) }
      let running = Task { try await client.run(routes: []) }
      try await client.reaches { $0.connectedState != nil }
      running.cancel()
      try await running.value
      await watching.value
      let will = try await MQTTClient.receiveOne(
        from: "meter/7/availability", retained: .only,
        at: BrokerAddress(host: "127.0.0.1", port: broker.port),
        credentials: configuration.credentials, logger: LogRecord().logger)
      #expect(will.text == "offline")
    }
  }

  @Test func aTokenIsShownToTheBroker() async throws {
    try await ScriptedBroker.with { broker in
      var configuration = configuration(port: broker.port, "meter-7")
      configuration.authenticator = TokenAuthenticator { "secret" }
      try await withClient(configuration, connected: false) { client in
        let connection = try await broker.accept()
        let connect = try await connection.receivePacket()
        #expect(String(decoding: connect, as: UTF8.self).contains("token"))
        #expect(String(decoding: connect, as: UTF8.self).contains("secret"))
        // CONNACK with the method.
        connection.send([0x20, 11, 0, 0, 8, 0x15, 0, 5] + Array("token".utf8))
        try await client.reaches { $0.connectedState != nil }
        connection.close()
      }
    }
  }
}
