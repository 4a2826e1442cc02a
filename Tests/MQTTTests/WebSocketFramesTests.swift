import MQTT
import MQTTProtocol
import NIOCore
import TestSupport
import Testing

/// What goes over an open WebSocket, byte for byte.
@Suite struct WebSocketFramesTests {
  private static let connack: [UInt8] = [0x20, 3, 0, 0, 0]

  /// Runs a client whose WebSocket is open, and which has sent CONNECT in a frame of its own.
  private func withWebSocket(
    routes: [Route] = [],
    maximumPacketSize: Int = 256 * 1024,
    _ body: (MQTTClient, ScriptedConnection) async throws -> Void
  ) async throws {
    try await ScriptedBroker.with { broker in
      let address = BrokerAddress(host: "127.0.0.1", port: broker.port, webSocket: .init())
      var configuration = configuration([address], "c")
      configuration.maximumPacketSize = maximumPacketSize
      configuration.backoff = .hardlyEver
      try await withClient(configuration, routes: routes, connected: false) { client in
        let connection = try await broker.accept()
        try await connection.acceptWebSocket()
        let connect = try await connection.receiveFrame()
        #expect(connect.first == 0x82 && connect.payload.first == 0x10)
        #expect(connect.payload.count == 2 + Int(connect.payload[1]))
        try await body(client, connection)
      }
    }
  }

  /// The same, subscribed to everything.
  private func withSubscriber(
    maximumPacketSize: Int = 256 * 1024,
    _ body: (MQTTClient, ScriptedConnection, Received) async throws -> Void
  ) async throws {
    let received = Received()
    try await withWebSocket(routes: [received.route("#")], maximumPacketSize: maximumPacketSize) {
      client, connection in
      connection.sendFrame(0x82, Self.connack)
      #expect(try await connection.receiveFrame().payload.first == 0x82)
      connection.sendFrame(0x82, [0x90, 4, 0xFF, 0xFF, 0, 1])
      try await client.reaches { $0.connectedState != nil }
      try await body(client, connection, received)
    }
  }

  private static func publish(_ text: String) -> [UInt8] {
    [0x30, UInt8(4 + text.utf8.count), 0, 1, 0x74, 0] + Array(text.utf8)
  }

  @Test func packetsAreFoundHoweverTheFramesCutThem() async throws {
    try await withSubscriber { _, connection, received in
      // Each byte in a frame of its own.
      for byte in Self.publish("one") { connection.sendFrame(0x82, [byte]) }
      // Two packets and a half in a frame, an empty frame, and the rest.
      let three = Self.publish("two") + Self.publish("three") + Self.publish("four")
      connection.sendFrame(0x82, Array(three.dropLast(3)))
      connection.sendFrame(0x82, [])
      connection.sendFrame(0x82, three.suffix(3))
      // A message in fragments, with a ping between them.
      let five = Self.publish("five")
      connection.sendFrame(0x02, Array(five.prefix(3)))
      connection.sendFrame(0x00, [])
      connection.sendFrame(0x89, Array("hello".utf8))
      connection.sendFrame(0x80, Array(five.dropFirst(3)))
      // Unasked for, but allowed.
      connection.sendFrame(0x8A, [])
      let pong = try await connection.receiveFrame()
      #expect(pong.first == 0x8A && pong.payload == Array("hello".utf8))
      try await eventually("the messages") { received.messages.count == 5 }
      #expect(received.texts == ["one", "two", "three", "four", "five"])
    }
  }

  /// A frame is not a packet: it can be larger than any packet may be.
  @Test func aFrameLargerThanAPacketMayBeIsTaken() async throws {
    try await withSubscriber(maximumPacketSize: 1024) { _, connection, received in
      let text = String(repeating: "x", count: 100)
      let packets = (0..<3000).flatMap { _ in Self.publish(text) }
      connection.sendFrame(0x82, packets)
      try await eventually("the messages") { received.messages.count == 3000 }
    }
  }

  @Test func aPacketThatIsTooLargeIsRefusedBeforeItsFrameHasCome() async throws {
    try await withSubscriber(maximumPacketSize: 1024) { client, connection, _ in
      // The frame says it has 2^40 bytes, and the packet in it 2^20 and some.
      connection.send([0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0x30, 0x80, 0x80, 0x40, 0, 1, 0x74])
      let disconnect = try await connection.receiveFrame()
      #expect(disconnect.payload == [0xE0, 1, 0x95])
      #expect(try await connection.receiveFrame().first == 0x88)
      connection.close()
      let failure = try await client.firstFailure()
      guard case .malformedPacket(_, .packetTooLarge) = failure else {
        Issue.record("\(String(describing: failure))")
        return
      }
    }
  }

  private static let violations: [(bytes: [UInt8], closeCode: Int, detail: String)] = [
    (webSocketFrame(0x81, Array("hello".utf8)), 1003, "text frame"),
    (webSocketFrame(0x01, []), 1003, "text frame"),
    ([0x82, 0x85, 1, 2, 3, 4] + connack, 1002, "masked"),
    (webSocketFrame(0xC2, connack), 1002, "extension"),
    (webSocketFrame(0x83, connack), 1002, "unknown kind 3"),
    (webSocketFrame(0x8B, []), 1002, "unknown kind 11"),
    (webSocketFrame(0x09, []), 1002, "in fragments"),
    (webSocketFrame(0x89, [UInt8](repeating: 0, count: 126)), 1002, "125 bytes"),
    (webSocketFrame(0x80, connack), 1002, "continues nothing"),
    (webSocketFrame(0x02, [0x20]) + webSocketFrame(0x82, connack), 1002, "within another"),
    ([0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], 1002, "length"),
    (webSocketFrame(0x88, [3]), 1002, "close frame"),
  ]

  @Test(arguments: violations.indices)
  func whatAServerMustNotSendEndsTheConnection(index: Int) async throws {
    let (bytes, closeCode, expected) = Self.violations[index]
    try await withWebSocket { client, connection in
      connection.send(bytes)
      let close = try await connection.receiveFrame()
      #expect(close.first == 0x88 && close.payload == [UInt8(closeCode >> 8), UInt8(closeCode & 0xFF)])
      #expect(try await connection.receiveUntilClosed() == [])
      let failure = try await client.firstFailure()
      guard case .webSocketFailed(_, let detail) = failure else {
        Issue.record("\(String(describing: failure))")
        return
      }
      #expect(detail.contains(expected), "\(detail)")
    }
  }

  @Test(arguments: [nil, 1000, 1001, 1008])
  func aServerThatClosesTheWebSocketIsAnsweredAndHeard(code: Int?) async throws {
    try await withSubscriber { client, connection, _ in
      let payload = code.map { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } ?? []
      connection.sendFrame(0x88, payload + (code == 1008 ? Array("too many".utf8) : []))
      let answer = try await connection.receiveFrame()
      #expect(answer.first == 0x88)
      #expect(answer.payload == (code == nil ? [0x03, 0xE8] : payload))
      #expect(try await connection.receiveUntilClosed() == [])
      let failure = try await client.firstFailure()
      switch failure {
      case .closed: #expect(code != 1008)
      case .webSocketFailed(_, let detail):
        #expect(code == 1008)
        #expect(detail.contains("1008: too many"))
      default: Issue.record("\(String(describing: failure))")
      }
    }
  }

  @Test func theEndInGoodOrderIsDISCONNECTAndThenACloseFrame() async throws {
    try await ScriptedBroker.with { broker in
      let address = BrokerAddress(host: "127.0.0.1", port: broker.port, webSocket: .init())
      let client = MQTTClient(configuration: configuration([address], "c"), logger: LogRecord().logger)
      let running = Task { try await client.run(routes: []) }
      let connection = try await broker.accept()
      try await connection.acceptWebSocket()
      _ = try await connection.receiveFrame()
      connection.sendFrame(0x82, Self.connack)
      try await client.reaches { $0.connectedState != nil }
      running.cancel()
      let disconnect = try await connection.receiveFrame()
      #expect(disconnect.first == 0x82 && disconnect.payload == [0xE0, 0])
      let close = try await connection.receiveFrame()
      #expect(close.first == 0x88 && close.payload == [0x03, 0xE8])
      // What a server still had under way does not disturb the end.
      connection.sendFrame(0x82, Self.publish("late"))
      connection.sendFrame(0x89, [])
      connection.sendFrame(0x88, [0x03, 0xE8])
      #expect(try await connection.receiveUntilClosed() == [])
      connection.close()
      try await running.value
    }
  }

  @Test func manyMessagesGoOutInFewFrames() async throws {
    try await withWebSocket { client, connection in
      connection.sendFrame(0x82, Self.connack)
      try await client.reaches { $0.connectedState != nil }
      let messages = (0..<1000).map { Message("t", "\($0)", qualityOfService: .atMostOnce) }
      async let published: Void = client.publish(messages)
      var bytes: [UInt8] = []
      var frames = 0
      while bytes.count < 1000 * 6 + 2890 {
        let frame = try await connection.receiveFrame()
        #expect(frame.first == 0x82)
        bytes += frame.payload
        frames += 1
      }
      try await published
      #expect(frames <= 2)
      #expect(bytes == (0..<1000).flatMap { Self.publish("\($0)") })
    }
  }
}
