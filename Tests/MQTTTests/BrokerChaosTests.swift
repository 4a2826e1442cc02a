import MQTT
import MQTTProtocol
import NIOCore
import TestSupport
import Testing

/// The client under fire: a real broker that ends, stands still and forgets, behind a network that does worse.
@Suite struct BrokerChaosTests {
  private enum Fault: CaseIterable {
    case cut, cutTowardsBroker, cutTowardsClients
    case stall, stallTowardsBroker, stallTowardsClients
    case refuse, pause, pauseForLong, restart

    func strike(_ broker: Mosquitto, _ proxy: FaultyProxy) async throws {
      switch self {
      case .cut: proxy.cut()
      case .cutTowardsBroker: proxy.cutInTheMiddle(.toBroker)
      case .cutTowardsClients: proxy.cutInTheMiddle(.toClient)
      // Until the clients give the connection up.
      case .stall: proxy.stall()
      case .stallTowardsBroker: proxy.stall([.toBroker])
      case .stallTowardsClients: proxy.stall([.toClient])
      case .refuse:
        try await proxy.setRefusing(true)
        proxy.cut()
        try await Task.sleep(for: .milliseconds(200))
        try await proxy.setRefusing(false)
      case .pause, .pauseForLong:
        broker.pause()
        try await Task.sleep(for: .milliseconds(self == .pause ? 200 : 2000))
        broker.resume()
      case .restart:
        broker.terminate()
        try await broker.start()
      }
    }
  }

  /// When it starts, mosquitto 2.0.11 forgets the state of those messages that a client has under way beyond
  /// `max_inflight_messages` (which it can exceed), and publishes them anew even where it had sent PUBREL.
  private static let options = Mosquitto.Options(
    persistence: true, extraLines: ["max_inflight_messages 60000"])

  private static func configuration(_ proxy: FaultyProxy, _ identifier: String) -> MQTTClient.Configuration {
    var result = MQTTTests.configuration(port: proxy.port, identifier)
    result.keepAlive = .seconds(1)
    result.backoff = ReconnectBackoff(initial: .milliseconds(10), ceiling: .milliseconds(100))
    return result
  }

  /// Runs a broker that keeps what it has, a proxy in bad weather, and a receiver and a sender behind it.
  private static func underFire(
    seed: UInt64, at qualityOfService: QualityOfService,
    _ body: (Mosquitto, FaultyProxy, Received, _ sender: MQTTClient, _ receiver: MQTTClient) async throws ->
      Void
  ) async throws -> Received {
    let received = Received()
    do {
      try await Mosquitto.with(options) { broker in
        try await FaultyProxy.with(to: broker.port, seed: seed) { proxy in
          let routes = [received.route("stream", qualityOfService: qualityOfService)]
          try await withClient(configuration(proxy, "receiver"), routes: routes) { receiver in
            var sending = configuration(proxy, "sender")
            sending.sendMaximum = 100
            sending.outgoingQueueLimit = 300
            try await withClient(sending) { sender in
              proxy.setWeather(.init(splits: 4, holds: 4))
              try await body(broker, proxy, received, sender, receiver)
            }
          }
        }
      }
    } catch {
      throw TestSupportError("seed \(seed): \(error); \(received.messages.count) messages had come")
    }
    return received
  }

  private static func isAccepted(_ message: Message, by client: MQTTClient) async throws -> Bool {
    do {
      try await client.enqueue(message)
      return true
    } catch MQTTError.queueFull {
      return false
    }
  }

  /// The numbers in the messages, each where it came first.
  private static func firsts(_ received: Received) -> [Int] {
    var seen: Set<Int> = []
    return received.messages.compactMap { Int($0.text) }.filter { seen.insert($0).inserted }
  }

  @Test(arguments: [QualityOfService.atLeastOnce, .exactlyOnce])
  func everyMessageArrivesAsPromised(at qualityOfService: QualityOfService) async throws {
    let seed = UInt64.random(in: 0...UInt64(UInt32.max))
    let count = 3000
    var generator = SeededGenerator(seed: seed)
    let faults = (Fault.allCases + [.restart, .cut]).shuffled(using: &generator)
    let received = try await Self.underFire(seed: seed, at: qualityOfService) {
      broker, proxy, received, sender, receiver in
      let sending = Task {
        for number in 0...count {
          let message = Message("stream", "\(number)", qualityOfService: qualityOfService)
          while try await !Self.isAccepted(message, by: sender) {
            try await Task.sleep(for: .milliseconds(5))
          }
        }
      }
      for (index, fault) in faults.enumerated() {
        let share = (index + 1) * count / (faults.count + 1)
        try await eventually("message \(share)") { received.messages.count >= share }
        try await fault.strike(broker, proxy)
      }
      try await sending.value
      try await eventually("the last message") {
        received.messages.suffix(200).contains { $0.text == "\(count)" }
      }
      try await receiver.fence()
      #expect(proxy.cutCount > 4)
    }
    #expect(Self.firsts(received) == Array(0...count), "seed \(seed)")
    if qualityOfService == .exactlyOnce {
      #expect(received.messages.count == count + 1, "seed \(seed)")
    }
  }

  /// A broker that is killed may lose what it has acknowledged, which no client can help: but every call of
  /// `publish` returns, the order is kept, and the session goes on.
  ///
  /// Not so the order at quality of service 2: mosquitto gives out identifiers again that it used before it was
  /// killed and did not release, and a message that gets one of these counts as known.
  @Test(arguments: [QualityOfService.atLeastOnce, .exactlyOnce])
  func aKilledBrokerLeavesNoCallWithoutAnAnswer(at qualityOfService: QualityOfService) async throws {
    let seed = UInt64.random(in: 0...UInt64(UInt32.max))
    let received = try await Self.underFire(seed: seed, at: qualityOfService) {
      broker, _, received, sender, _ in
      for start in stride(from: 0, to: 600, by: 20) {
        let messages = (start..<start + 20).map {
          Message("stream", "\($0)", qualityOfService: qualityOfService)
        }
        let sending = Task.immediate { try await Self.publish(messages, by: sender) }
        if start % 100 == 80 {
          try await Task.sleep(for: .milliseconds(seed % 7))
          try await broker.restart()
        }
        try await sending.value
      }
      try await eventually("a message after all that") {
        try await Self.publish([Message("stream", "end", qualityOfService: qualityOfService)], by: sender)
        try await Task.sleep(for: .milliseconds(50))
        return received.messages.last?.text == "end"
      }
    }
    let firsts = Self.firsts(received)
    if qualityOfService == .atLeastOnce { #expect(firsts == firsts.sorted(), "seed \(seed)") }
  }

  /// Publishes to a broker that may have been killed.
  private static func publish(_ messages: [Message], by sender: MQTTClient) async throws {
    do {
      try await sender.publish(messages)
    } catch MQTTError.sessionLost {
    } catch MQTTError.refused(_, .quotaExceeded, _) {
      // The broker still counts messages that were done with before it was killed.
    }
  }

  @Test(arguments: [QualityOfService.atLeastOnce, .exactlyOnce])
  func aBrokerThatHasForgottenTheSessionGetsItAnew(at qualityOfService: QualityOfService) async throws {
    try await Mosquitto.with(.init(persistence: true)) { broker in
      try await FaultyProxy.with(to: broker.port) { proxy in
        let received = Received()
        var narrow = Self.configuration(proxy, "forgotten")
        narrow.keepAlive = .seconds(30)
        narrow.sendMaximum = 5
        let routes = [received.route("stream", qualityOfService: qualityOfService)]
        try await withClient(narrow, routes: routes) { client in
          // Five are sent and not acknowledged, and the others never sent.
          proxy.stall([.toClient])
          let texts = (0..<20).map { "\($0)" }
          let publishing = Task {
            try await client.publish(
              texts.map { Message("stream", $0, qualityOfService: qualityOfService) })
          }
          try await eventually("the fifth message at the broker") {
            try broker.log().split(separator: "\n").count { $0.contains("Received PUBLISH") } == 5
          }
          broker.kill()
          proxy.cut()
          try await broker.restart(emptied: true)
          try await publishing.value
          let state = try await client.reaches { $0.connectedState != nil }
          #expect(state.connectedState?.isSessionPresent == false)
          try await eventually("all messages") { received.messages.count >= texts.count }
          try await client.fence()
          #expect(received.texts == texts)
        }
      }
    }
  }
}
