import Synchronization

/// A TCP server whose every byte the test determines.
package final class ScriptedBroker: Sendable {
  private let listener: LoopbackSocket
  private let connections = Mutex<[ScriptedConnection]>([])

  private init() throws { listener = try LoopbackSocket.listening() }

  package var port: Int { listener.port }

  package static func with<Result>(
    _ body: (ScriptedBroker) async throws -> Result
  ) async throws -> Result {
    let broker = try ScriptedBroker()
    defer {
      broker.connections.withLock { for connection in $0 { connection.close() } }
      broker.listener.close()
    }
    return try await body(broker)
  }

  /// Waits for the next connection.
  package func accept(within limit: Duration = .seconds(60)) async throws -> ScriptedConnection {
    var accepted: LoopbackSocket?
    try await eventually(within: limit, "a connection to the scripted broker") {
      accepted = listener.accept(within: 0)
      return accepted != nil
    }
    guard let accepted else { throw TestSupportError("no connection came") }
    let connection = ScriptedConnection(accepted)
    connections.withLock { $0.append(connection) }
    return connection
  }
}

/// One client's connection to a scripted broker.
package final class ScriptedConnection: Sendable {
  private let socket: LoopbackSocket
  private let isOpen = Mutex(true)

  init(_ socket: LoopbackSocket) { self.socket = socket }

  package func send(_ bytes: [UInt8]) { socket.write(bytes) }

  /// Exactly `count` bytes.
  package func receive(_ count: Int) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    try await eventually("\(count) bytes from the client") {
      while bytes.count < count, socket.isReadable(within: 0) {
        let more = socket.read(atMost: count - bytes.count)
        guard !more.isEmpty else {
          throw TestSupportError("the client closed the connection after \(bytes)")
        }
        bytes += more
      }
      return bytes.count == count
    }
    return bytes
  }

  /// One whole packet of MQTT, of up to 16,383 bytes.
  package func receivePacket() async throws -> [UInt8] {
    var packet = try await receive(2)
    var length = Int(packet[1] & 0x7F)
    if packet[1] & 0x80 != 0 {
      packet += try await receive(1)
      length += Int(packet[2]) << 7
    }
    return length == 0 ? packet : packet + (try await receive(length))
  }

  /// Waits until the client has closed its side, and returns what it sent before.
  package func receiveUntilClosed() async throws -> [UInt8] {
    var bytes: [UInt8] = []
    try await eventually("the end of the connection") {
      while socket.isReadable(within: 0) {
        let more = socket.read(atMost: 4096)
        guard !more.isEmpty else { return true }
        bytes += more
      }
      return false
    }
    return bytes
  }

  /// Whether nothing has come by now; waits a moment for it.
  package func isSilent(for duration: Duration) async throws -> Bool {
    try await Task.sleep(for: duration)
    return !socket.isReadable(within: 0)
  }

  package func close() {
    isOpen.withLock { isOpen in
      if isOpen { socket.close() }
      isOpen = false
    }
  }
}
