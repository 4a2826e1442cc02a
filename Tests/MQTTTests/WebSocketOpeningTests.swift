import Glibc
import MQTT
import MQTTProtocol
import TestSupport
import Testing

/// The request for a WebSocket, and answers to it, byte for byte.
@Suite struct WebSocketOpeningTests {
  private func address(port: Int) -> BrokerAddress {
    let webSocket = BrokerAddress.WebSocket(
      path: "/broker?key=secret", headers: [.init(name: "Authorization", value: "Bearer secret")])
    return BrokerAddress(host: "127.0.0.1", port: port, webSocket: webSocket)
  }

  @Test func theKeyIsAnsweredAsTheStandardHasIt() {
    #expect(webSocketAccept(key: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
  }

  @Test func theRequestAsksForMQTT() async throws {
    try await ScriptedBroker.with { broker in
      try await withClient(configuration([address(port: broker.port)], "c"), connected: false) { client in
        let connection = try await broker.accept()
        let request = try await connection.acceptWebSocket()
        #expect(request.first == "GET /broker?key=secret HTTP/1.1")
        #expect(header("Host", of: request) == "127.0.0.1:\(broker.port)")
        #expect(header("Connection", of: request)?.lowercased() == "upgrade")
        #expect(header("Upgrade", of: request) == "websocket")
        #expect(header("Sec-WebSocket-Version", of: request) == "13")
        #expect(header("Sec-WebSocket-Protocol", of: request) == "mqtt")
        #expect(header("Authorization", of: request) == "Bearer secret")
        // 16 bytes in base64.
        #expect(header("Sec-WebSocket-Key", of: request)?.count == 24)
        _ = try await connection.receiveFrame()
        connection.close()

        try await client.firstFailure()
        let again = try await broker.accept().receiveRequest()
        #expect(header("Sec-WebSocket-Key", of: again) != header("Sec-WebSocket-Key", of: request))
      }
    }
  }

  private static let refusals: [(answer: @Sendable ([String]) -> String, detail: String)] = [
    ({ _ in "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno" }, "HTTP status 404 Not Found"),
    ({ _ in "HTTP/1.1 200 OK\r\n\r\n" }, "HTTP status 200"),
    ({ _ in "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1/\r\n\r\n" }, "HTTP status 301"),
    ({ webSocketAnswer(to: $0, accept: webSocketAccept(key: "another")) }, "Sec-WebSocket-Accept"),
    ({ webSocketAnswer(to: $0, headers: []) }, "does not choose the subprotocol 'mqtt'"),
    (
      { webSocketAnswer(to: $0, headers: ["Sec-WebSocket-Protocol: mqttv3.1"]) },
      "'mqttv3.1' in place of 'mqtt'"
    ),
    ({ webSocketAnswer(to: $0, headers: ["Sec-WebSocket-Protocol: MQTT"]) }, "'MQTT' in place of 'mqtt'"),
    (
      {
        webSocketAnswer(
          to: $0, headers: ["Sec-WebSocket-Protocol: mqtt", "Sec-WebSocket-Extensions: permessage-deflate"])
      }, "extensions that were not asked for"
    ),
    (
      { webSocketAnswer(to: $0).replacing("Upgrade: websocket", with: "Upgrade: h2c") },
      "does not upgrade to a WebSocket"
    ),
    (
      { webSocketAnswer(to: $0).replacing("Upgrade: websocket\r\n", with: "") },
      "does not upgrade to a WebSocket"
    ),
    (
      { webSocketAnswer(to: $0).replacing("Connection: Upgrade\r\n", with: "") },
      "does not upgrade to a WebSocket"
    ),
    ({ _ in "HTTP/1.1 101 " }, "closed"),
    ({ _ in "HTTP/2 101 Switching\r\n\r\n" }, "not HTTP"),
    ({ _ in "HTTP/1.1 101 S\r\nX: " + String(repeating: "x", count: 9000) + "\r\n\r\n" }, "not HTTP"),
    ({ _ in "HTTP/1.1 101 S\r\n" + String(repeating: "X: y\r\n", count: 200) + "\r\n" }, "not HTTP"),
    ({ _ in "HTTP/1.1 500 \u{1B}[31m" + String(repeating: "x", count: 500) + "\r\n\r\n" }, "500 "),
  ]

  @Test(arguments: refusals.indices)
  func anAnswerThatIsNotRightIsRefusedByName(index: Int) async throws {
    let (answer, expected) = Self.refusals[index]
    try await ScriptedBroker.with { broker in
      var configuration = configuration([address(port: broker.port)], "c")
      configuration.backoff = .hardlyEver
      try await withClient(configuration, connected: false) { client in
        let connection = try await broker.accept()
        let request = try await connection.receiveRequest()
        connection.send(Array(answer(request).utf8))
        if expected == "closed" { connection.close() }
        let failure = try await client.firstFailure()
        guard case .webSocketFailed(let name, let detail) = failure else {
          Issue.record("\(failure)")
          return
        }
        #expect(name == "ws://127.0.0.1:\(broker.port)/broker")
        #expect(detail.contains(expected), "\(detail)")
        #expect(detail.utf8.count < 200 && !detail.contains("\u{1B}"), "\(detail)")
        #expect(!failure.description.contains("secret"))
        // Nothing of MQTT was sent.
        if expected != "closed" { #expect(try await connection.receiveUntilClosed() == []) }
      }
    }
  }

  @Test func anAnswerInPiecesIsTakenTogetherWithWhatFollowsIt() async throws {
    try await ScriptedBroker.with { broker in
      try await withClient(configuration([address(port: broker.port)], "c"), connected: false) { client in
        let connection = try await broker.accept()
        let request = try await connection.receiveRequest()
        // An informational answer comes first, and CONNACK in one piece with the end of the real one.
        let answer =
          "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
          + webSocketAnswer(to: request).replacing(
            "Connection: Upgrade", with: "connection: keep-alive, UPGRADE")
        for byte in answer.utf8.dropLast() {
          connection.send([byte])
          // Not a yield: on a busy machine a hundred of these take longer than the client waits.
          usleep(200)
        }
        connection.send([UInt8(ascii: "\n")] + webSocketFrame(0x82, [0x20, 3, 0, 0, 0]))
        try await client.reaches { $0.connectedState != nil }
        #expect(try await connection.receiveFrame().payload.first == 0x10)
      }
    }
  }
}
