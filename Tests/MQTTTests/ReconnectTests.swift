import Logging
import MQTT
import MQTTProtocol
import NIOCore
import Synchronization
import TestSupport
import Testing

@Suite struct ReconnectTests {
  /// A broker that ends in good order saves what it has acknowledged. One that is killed may lose some of it,
  /// which no client can help; what arrives has to be in order, and every call of `publish` has to return.
  @Test(arguments: [true, false])
  func aBrokerRestartedInMidStreamDisturbsNothing(isKilled: Bool) async throws {
    try await Mosquitto.with(.init(persistence: true)) { broker in
      let received = Received()
      var receiving = configuration(port: broker.port, "receiver")
      // Mosquitto 2.0.11 saves no session that began clean, however long it is to last.
      receiving.cleanStart = false
      try await withClient(receiving, routes: [received.route("stream")]) {
        receiver in
        try await withClient(configuration(port: broker.port, "sender")) { sender in
          for start in stride(from: 0, to: 600, by: 20) {
            let sending = Task.immediate {
              try await sender.publish((start..<start + 20).map { Message("stream", "\($0)") })
            }
            if start == 100 || start == 300 {
              if !isKilled { broker.terminate() }
              try await broker.restart()
            }
            try await sending.value
          }
          try await receiver.reaches { $0.connectedState != nil }
          try await sender.publish(Message("stream", "600"))
          try await eventually("the last message") { received.texts.contains("600") }
        }
      }
      // Repeats are allowed at this quality of service.
      var seen: Set<Int> = []
      let firsts = received.texts.compactMap { Int($0) }.filter { seen.insert($0).inserted }
      #expect(firsts == firsts.sorted())
      if !isKilled { #expect(firsts == Array(0...600)) }
    }
  }

  @Test func aBrokerThatForgetsEverythingGetsEverythingAnew() async throws {
    try await Mosquitto.with { broker in
      let received = Received()
      try await withClient(configuration(port: broker.port, "forgotten"), routes: [received.route("a")]) {
        client in
        try await client.publish(Message("a", "before"))
        try await eventually { received.texts == ["before"] }
        broker.kill()
        try await client.firstFailure()
        async let published: Void = client.publish([Message("a", "1"), Message("a", "2")])
        try await broker.restart(emptied: true)
        try await published
        let state = try await client.reaches { $0.connectedState != nil }
        #expect(state.connectedState?.isSessionPresent == false)
        try await eventually { received.texts == ["before", "1", "2"] }
      }
    }
  }

  @Test func aBrokerThatStopsAnsweringIsGivenUpAndFoundAgain() async throws {
    try await Mosquitto.with { broker in
      var impatient = configuration(port: broker.port, "impatient")
      // Not so short that a busy machine misses one before the broker is paused.
      impatient.keepAlive = .seconds(6)
      impatient.answerTimeout = .seconds(3)
      try await withClient(impatient) { client in
        broker.pause()
        let failure = try await client.firstFailure()
        #expect(failure == .keepAliveTimeout(broker: "127.0.0.1:\(broker.port)"))
        broker.resume()
        try await client.reaches { $0.connectedState != nil }
        try await client.publish(Message("a", "b"))
      }
    }
  }

  @Test func aSessionReceivesWhatWasPublishedWhileItsClientWasAway() async throws {
    try await Mosquitto.with { broker in
      let received = Received()
      var staying = configuration(port: broker.port, "staying")
      staying.sessionExpiry = .seconds(3600)
      try await withClient(staying, routes: [received.route("a")]) { _ in }
      try await withClient(configuration(port: broker.port, "other")) { other in
        try await other.publish((0..<200).map { Message("a", "\($0)") })
      }
      staying.cleanStart = false
      try await withClient(staying, routes: [received.route("a")]) { client in
        let state = try await client.reaches { $0.connectedState != nil }
        #expect(state.connectedState?.isSessionPresent == true)
        try await eventually { received.messages.count == 200 }
      }
      #expect(received.texts == (0..<200).map { "\($0)" })
    }
  }

  @Test func whatAHandlerDidNotFinishIsDeliveredToTheNextRun() async throws {
    try await Mosquitto.with { broker in
      let started = Received()
      var dying = configuration(port: broker.port, "dying")
      dying.sessionExpiry = .seconds(3600)
      let endless = Route("a") { batch in
        started.append(batch)
        try await Task.sleep(for: .seconds(3600))
      }
      try await withClient(dying, routes: [endless]) { client in
        try await client.publish((0..<3).map { Message("a", "\($0)") })
        try await eventually { !started.messages.isEmpty }
      }
      let received = Received()
      dying.cleanStart = false
      try await withClient(dying, routes: [received.route("a")]) { _ in
        try await eventually { received.messages.count == 3 }
      }
      #expect(received.texts == ["0", "1", "2"])
      #expect(received.messages.first?.isDuplicate == true)
    }
  }

  @Test func aHandlerThatThrowsGetsTheSameBatchAgain() async throws {
    try await Mosquitto.with { broker in
      struct Refusal: Error {}
      let batches = Mutex<[[String]]>([])
      let log = LogRecord()
      let route = Route("a") { batch in
        let tries = batches.withLock { batches in
          batches.append(batch.map { String(buffer: $0.payload) })
          return batches.count
        }
        if tries < 4 { throw Refusal() }
      }
      try await withClient(configuration(port: broker.port, "trying"), routes: [route], log: log) { client in
        try await client.publish(Message("a", "first"))
        try await client.fence()
      }
      #expect(batches.withLock { $0 } == [["first"], ["first"], ["first"], ["first"]])
      #expect(log.lines.count { $0.level == .error } == 1)
    }
  }

  @Test func twoClientsOfOneIdentifierAreToldAndDoNotStorm() async throws {
    try await Mosquitto.with { broker in
      var twin = configuration(port: broker.port, "twin")
      twin.backoff = ReconnectBackoff(initial: .milliseconds(20), ceiling: .seconds(3600))
      let failure = ConnectionFailure.sessionTakenOver(
        broker: "127.0.0.1:\(broker.port)",
        clientIdentifier: "twin"
      )
      try await withClient(twin) { first in
        try await withClient(twin, connected: false) { second in
          // They take the session from each other, until one of them sees what is going on and steps back.
          let state = try await withThrowingTaskGroup(of: ConnectionState.self) { group in
            for client in [first, second] {
              group.addTask { try await client.reaches { $0.failure == failure } }
            }
            defer { group.cancelAll() }
            return try await group.next()
          }
          guard case .waiting(let until, _) = state else { return }
          #expect(until > .now + .seconds(1800))
        }
      }
    }
  }

  @Test func aMessageThatNoRouteWantsIsAcknowledgedAndReported() async throws {
    try await Mosquitto.with { broker in
      var client = configuration(port: broker.port, "changed")
      client.sessionExpiry = .seconds(3600)
      try await withClient(client, routes: [Received().route("old")]) { _ in }
      try await withClient(configuration(port: broker.port, "other")) { other in
        try await other.publish(Message("old", "unwanted"))
      }
      client.cleanStart = false
      let log = LogRecord()
      try await withClient(client, log: log) { client in
        try await client.fence()
      }
      #expect(log.lines.contains { $0.level == .warning && $0.message.contains("old") })
      let received = Received()
      try await withClient(client, routes: [received.route("old")]) { client in
        try await client.fence()
      }
      #expect(received.messages.isEmpty)
    }
  }
}
