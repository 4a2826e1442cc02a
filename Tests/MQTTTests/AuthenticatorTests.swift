import MQTT
import MQTTProtocol
import NIOCore
import Synchronization
import TestSupport
import Testing

/// The client's side of the method of `Tests/MosquittoPlugin/challenge_response.c`.
private final class ChallengeResponse: Authenticator {
  struct WrongProof: Error {}

  let method = "CHALLENGE-RESPONSE"
  private let secret: String
  private let challenges = Mutex<[String]>([])
  private let finished = Mutex(0)

  init(secret: String) { self.secret = secret }

  /// The challenges that have come, and how many exchanges the broker has ended with its own proof.
  var seen: [String] { challenges.withLock { $0 } }
  var finishedCount: Int { finished.withLock { $0 } }

  func initialData() throws -> ByteBuffer? { ByteBuffer(string: "hello") }

  func answer(to challenge: ByteBuffer?) async throws -> ByteBuffer? {
    let text = challenge.map { String(buffer: $0) } ?? ""
    challenges.withLock { $0.append(text) }
    return ByteBuffer(string: Self.hash(secret + text))
  }

  func finish(with data: ByteBuffer?) async throws {
    guard data.map({ String(buffer: $0) }) == Self.hash((seen.last ?? "") + secret) else {
      throw WrongProof()
    }
    finished.withLock { $0 += 1 }
  }

  private static func hash(_ text: String) -> String {
    let value = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// Enhanced authentication with a plugin of mosquitto's.
@Suite struct AuthenticatorTests {
  private static func configuration(_ port: Int, _ authenticator: any Authenticator)
    -> MQTTClient.Configuration
  {
    var result = MQTTTests.configuration(port: port, "c")
    result.authenticator = authenticator
    return result
  }

  private static func withPlugin(_ body: (Mosquitto) async throws -> Void) async throws {
    let plugin = try MosquittoPlugin("challenge_response")
    try await Mosquitto.with(.init(extraLines: plugin.mosquittoLines(["secret": "sesame"])), body)
  }

  @Test func bothSidesProveWhoTheyAreOnEveryConnectionAndInBetween() async throws {
    try await Self.withPlugin { broker in
      try await FaultyProxy.with(to: broker.port) { proxy in
        let authenticator = ChallengeResponse(secret: "sesame")
        let received = Received()
        let configuration = Self.configuration(proxy.port, authenticator)
        try await withClient(configuration, routes: [received.route("a")]) { client in
          #expect(authenticator.seen == ["challenge-1"])
          try await client.reauthenticate()
          #expect(authenticator.seen == ["challenge-1", "challenge-2"])
          try await client.publish(Message("a", "1"))
          proxy.cut()
          try await client.publish(Message("a", "2"))
          try await client.reaches { $0.connectedState != nil }
          try await client.fence()
          #expect(authenticator.seen == ["challenge-1", "challenge-2", "challenge-3"])
          #expect(authenticator.finishedCount == 3)
          // The acknowledgement of the first may have been cut off.
          #expect(Set(received.texts) == ["1", "2"])
        }
      }
    }
  }

  @Test func aWrongAnswerIsRefused() async throws {
    try await Self.withPlugin { broker in
      let authenticator = ChallengeResponse(secret: "wrong")
      try await withClient(Self.configuration(broker.port, authenticator), connected: false) { client in
        let failure = try await client.firstFailure()
        guard case .credentialsRefused(_, .notAuthorized, _) = failure else {
          Issue.record("\(String(describing: failure))")
          return
        }
        #expect(authenticator.finishedCount == 0)
      }
    }
  }

  @Test func aBrokerWithoutTheMethodSaysSo() async throws {
    try await Mosquitto.with { broker in
      let authenticator = ChallengeResponse(secret: "sesame")
      try await withClient(Self.configuration(broker.port, authenticator), connected: false) { client in
        let failure = try await client.firstFailure()
        guard case .refused(_, .badAuthenticationMethod, _, _) = failure else {
          Issue.record("\(String(describing: failure))")
          return
        }
      }
    }
  }

  @Test func aClientWithoutAnAuthenticatorCannotAuthenticateAgain() async throws {
    try await Mosquitto.with { broker in
      try await withClient(MQTTTests.configuration(port: broker.port, "c")) { client in
        _ = await #expect(throws: MQTTError.noAuthenticator) { try await client.reauthenticate() }
      }
    }
  }
}

/// Answers with what it is asked, and shows what it is told at the end.
private final class Echo: Authenticator {
  struct Refusal: Error {}

  let method = "M"
  let finishing: @Sendable (String?) async throws -> Void

  init(finishing: @escaping @Sendable (String?) async throws -> Void = { _ in }) {
    self.finishing = finishing
  }

  func initialData() throws -> ByteBuffer? { ByteBuffer(string: "hi") }

  func answer(to challenge: ByteBuffer?) async throws -> ByteBuffer? {
    guard challenge != ByteBuffer(string: "bad") else { throw Refusal() }
    return challenge
  }

  func finish(with data: ByteBuffer?) async throws { try await finishing(data.map { String(buffer: $0) }) }
}

/// The same, byte for byte.
@Suite struct AuthenticationPacketTests {
  private static func method(_ data: String?) -> [UInt8] {
    [0x15] + field("M") + (data.map { [0x16] + field($0) } ?? [])
  }

  private static func auth(_ code: UInt8, _ data: String?) -> [UInt8] {
    packet(0xF0, [code], properties(.v5, method(data)))
  }

  private static func connack(_ data: String?) -> [UInt8] {
    packet(0x20, [0, 0], properties(.v5, method(data)))
  }

  private static func configuration(_ broker: ScriptedBroker, _ echo: Echo) -> MQTTClient.Configuration {
    var result = MQTTTests.configuration(port: broker.port, "c")
    result.authenticator = echo
    return result
  }

  @Test func nothingIsSentBeforeTheAuthenticatorApprovesOfTheBroker() async throws {
    try await ScriptedBroker.with { broker in
      let (gate, open) = AsyncStream.makeStream(of: Void.self)
      let told = Mutex<String?>(nil)
      let echo = Echo { data in
        told.withLock { $0 = data }
        for await _ in gate { return }
      }
      let routes = [Received().route("t")]
      try await withClient(Self.configuration(broker, echo), routes: routes, connected: false) { client in
        let connection = try await broker.accept()
        let common: [UInt8] = [0x11, 0, 0, 0x0E, 0x10, 0x21, 0, 100, 0x27, 0, 4, 0, 0]
        #expect(
          try await connection.receivePacket()
            == packet(
              0x10, field("MQTT"), [5, 0, 0, 30], properties(.v5, common + Self.method("hi")), field("c")))
        for challenge in ["one", "two"] {
          connection.send(Self.auth(0x18, challenge))
          #expect(try await connection.receivePacket() == Self.auth(0x18, challenge))
        }
        connection.send(Self.connack("proof"))
        try await eventually { told.withLock { $0 } == "proof" }
        let publishing = Task { try await client.publish(Message("t", "x")) }
        #expect(try await connection.isSilent(for: .milliseconds(100)))
        open.yield()
        #expect(try await connection.receivePacket() == packet(0x82, [0xFF, 0xFF, 0], field("t"), [1]))
        connection.send([0x90, 4, 0xFF, 0xFF, 0, 1])
        _ = try await connection.receivePacket()
        connection.send([0x40, 2, 0, 1])
        try await publishing.value
      }
    }
  }

  @Test func reauthenticationIsAnExchangeOfAuthPackets() async throws {
    try await ScriptedBroker.with { broker in
      let told = Mutex<[String?]>([])
      let echo = Echo { data in told.withLock { $0.append(data) } }
      try await withClient(Self.configuration(broker, echo), connected: false) { client in
        let connection = try await broker.accept()
        _ = try await connection.receivePacket()
        connection.send(Self.connack(nil))
        try await client.reaches { $0.connectedState != nil }
        let again = Task { try await client.reauthenticate() }
        #expect(try await connection.receivePacket() == Self.auth(0x19, "hi"))
        await #expect(throws: MQTTError.notConnected) { try await client.reauthenticate() }
        connection.send(Self.auth(0x18, "once more"))
        #expect(try await connection.receivePacket() == Self.auth(0x18, "once more"))
        connection.send(Self.auth(0x00, "proof"))
        try await again.value
        #expect(told.withLock { $0 } == [nil, "proof"])

        let refused = Task { try await client.reauthenticate() }
        #expect(try await connection.receivePacket() == Self.auth(0x19, "hi"))
        connection.send([0xE0, 2, 0x87, 0])
        connection.close()
        await #expect(throws: MQTTError.notConnected) { try await refused.value }
        let failure = try await client.firstFailure()
        #expect(
          failure == .disconnected(broker: "127.0.0.1:\(broker.port)", .notAuthorized, detail: nil))
      }
    }
  }

  @Test(arguments: [true, false])
  func anAuthenticatorThatThrowsEndsTheConnection(isAtTheEnd: Bool) async throws {
    try await ScriptedBroker.with { broker in
      let echo = Echo { _ in throw Echo.Refusal() }
      try await withClient(Self.configuration(broker, echo), connected: false) { client in
        let connection = try await broker.accept()
        _ = try await connection.receivePacket()
        connection.send(isAtTheEnd ? Self.connack("proof") : Self.auth(0x18, "bad"))
        #expect(try await connection.receiveUntilClosed() == [0xE0, 1, 0x80])
        connection.close()
        let failure = try await client.firstFailure()
        #expect(
          failure == .authenticationFailed(broker: "127.0.0.1:\(broker.port)", detail: "Refusal()"))
      }
    }
  }

  @Test(arguments: [
    packet(0x20, [0, 0], properties(.v5, [0x15] + field("other"))), [0x20, 3, 0, 0, 0],
    packet(0xF0, [0x18], properties(.v5, [0x15] + field("other"))),
  ])
  func anotherMethodIsAProtocolError(_ answer: [UInt8]) async throws {
    try await ScriptedBroker.with { broker in
      try await withClient(Self.configuration(broker, Echo()), connected: false) { client in
        let connection = try await broker.accept()
        _ = try await connection.receivePacket()
        connection.send(answer)
        #expect(try await connection.receiveUntilClosed() == [0xE0, 1, 0x82])
        connection.close()
        let failure = try await client.firstFailure()
        #expect(
          failure
            == .protocolViolation(broker: "127.0.0.1:\(broker.port)", .mismatchedAuthenticationMethod))
      }
    }
  }
}
