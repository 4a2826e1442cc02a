import MQTT
import MQTTProtocol
import NIOCore
import TestSupport
import Testing

/// MQTT over WebSockets with a real mosquitto.
@Suite struct WebSocketTests {
  @Test(arguments: [false, true])
  func messagesGoBothWays(isEncrypted: Bool) async throws {
    let port = try freePort()
    var lines = ["listener \(port) 127.0.0.1", "protocol websockets"]
    var tls: BrokerAddress.TLS?
    let authority = try CertificateAuthority()
    if isEncrypted {
      lines += try authority.mosquittoLines(for: "IP:127.0.0.1")
      tls = BrokerAddress.TLS()
      tls?.authorityFile = authority.certificateFile
    }
    let address = BrokerAddress(host: "127.0.0.1", port: port, tls: tls, webSocket: .init())
    try await Mosquitto.with(.init(extraLines: lines)) { broker in
      let received = Received()
      let routes = [received.route("a"), received.route("large")]
      // With one unacknowledged message at a time, the client stops reading again and again.
      var configuration = configuration([address], "web")
      configuration.receiveMaximum = 1
      try await withClient(configuration, routes: routes) { client in
        let texts = (0..<200).map { "\($0)" }
        try await client.publish(texts.map { Message("a", $0) })
        try await eventually("the messages") { received.texts == texts }
        // More than a frame can say in two bytes; mosquitto 2.0.11 takes 4 KiB each tenth of a second.
        let large = String(repeating: "0123456789", count: 7000)
        try await client.publish(Message("large", large))
        try await eventually("the large message") { received.texts.last == large }
      }
      try await eventually("the client's DISCONNECT in the broker's log") {
        try broker.log().contains("Received DISCONNECT from web")
      }
    }
  }

  @Test func aRestartedBrokerIsFoundAgain() async throws {
    let port = try freePort()
    let lines = ["listener \(port) 127.0.0.1", "protocol websockets"]
    let address = BrokerAddress(host: "127.0.0.1", port: port, webSocket: .init())
    try await Mosquitto.with(.init(extraLines: lines)) { broker in
      try await withClient(configuration([address], "web")) { client in
        try await client.publish(Message("a", "b"))
        try await broker.restart()
        try await client.publish(Message("a", "c"))
      }
    }
  }

  @Test func aPortForPlainMQTTIsSaidToOpenNoWebSocket() async throws {
    try await Mosquitto.with { broker in
      let address = BrokerAddress(host: "127.0.0.1", port: broker.port, webSocket: .init())
      try await withClient(configuration([address], "web"), connected: false) { client in
        let failure = try await client.firstFailure()
        guard case .webSocketFailed("ws://127.0.0.1:\(broker.port)/mqtt", _) = failure else {
          Issue.record("\(String(describing: failure))")
          return
        }
      }
    }
  }
}
