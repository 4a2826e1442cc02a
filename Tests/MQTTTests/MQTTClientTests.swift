import Logging
import MQTT
import MQTTProtocol
import NIOCore
import Synchronization
import TestSupport
import Testing

@Suite struct MQTTClientTests {
  @Test(arguments: [QualityOfService.atMostOnce, .atLeastOnce, .exactlyOnce])
  func messagesArriveInOrder(at qualityOfService: QualityOfService) async throws {
    try await Mosquitto.with { broker in
      let received = Received()
      let routes = [received.route("doors/+", qualityOfService: qualityOfService)]
      let texts = (0..<500).map { "\($0)" }
      try await withClient(configuration(port: broker.port, "round-trip"), routes: routes) { client in
        try await client.publish(texts.map { Message("doors/front", $0, qualityOfService: qualityOfService) })
        try await eventually("all messages") { received.messages.count == texts.count }
      }
      #expect(received.texts == texts)
      #expect(received.messages.allSatisfy { $0.qualityOfService == qualityOfService && !$0.isRetained })
    }
  }

  @Test func messagePropertiesCrossTheBroker() async throws {
    try await Mosquitto.with { broker in
      let received = Received()
      let routes = [received.route("a")]
      var message = Message("a", "text")
      message.properties.contentType = "text/plain"
      message.properties.responseTopic = "answers"
      message.properties.correlationData = ByteBuffer(bytes: [1, 2, 3])
      message.properties.userProperties = [UserProperty(name: "n", value: "v")]
      try await withClient(configuration(port: broker.port, "properties"), routes: routes) { client in
        try await client.publish(message)
        try await eventually { !received.messages.isEmpty }
      }
      #expect(received.messages.first?.properties == message.properties)
    }
  }

  @Test func theBrokerSaysWhetherAnybodySubscribes() async throws {
    try await Mosquitto.with { broker in
      try await withClient(configuration(port: broker.port, "asker"), routes: [Received().route("heard")]) {
        client in
        let unheard = try await client.acknowledgement(of: Message("unheard", "x"))
        let heard = try await client.acknowledgement(of: Message("heard", "x"))
        #expect(unheard == .noMatchingSubscribers && heard == .success)
      }
    }
  }

  @Test func retainedMessagesAreMarkedAndFencedIn() async throws {
    try await Mosquitto.with { broker in
      try await withClient(configuration(port: broker.port, "writer")) { client in
        try await client.publish(Message("doors/front", "open", retain: true))
        try await client.publish(Message("doors/back", "closed", retain: true))
      }
      let received = Received()
      let routes = [
        Route("doors/#") { batch in
          try await Task.sleep(for: .milliseconds(100))
          received.append(batch)
        }
      ]
      try await withClient(configuration(port: broker.port, "reader"), routes: routes) { client in
        try await client.fence()
        #expect(Set(received.texts) == ["open", "closed"])
        #expect(received.messages.allSatisfy { $0.isRetained })
      }
    }
  }

  @Test func cancellationDisconnectsWithoutTheWill() async throws {
    try await Mosquitto.with { broker in
      let received = Received()
      try await withClient(configuration(port: broker.port, "watcher"), routes: [received.route("will")]) {
        watcher in
        var dying = configuration(port: broker.port, "leaving")
        dying.will = Will(Message("will", "gone"))
        try await withClient(dying) { _ in }
        try await watcher.publish(Message("will", "after"))
        try await eventually { received.texts.contains("after") }
        #expect(received.texts == ["after"])
      }
    }
  }

  @Test func theBrokerPublishesTheWillOfACutConnection() async throws {
    try await Mosquitto.with { broker in
      let received = Received()
      try await withClient(configuration(port: broker.port, "watcher"), routes: [received.route("will")]) {
        _ in
        var first = configuration(port: broker.port, "cut")
        first.cleanStart = true
        first.will = Will(Message("will", "gone", retain: true))
        first.backoff = ReconnectBackoff(initial: .seconds(30), ceiling: .seconds(30))
        try await withClient(first) { client in
          // Another client of the same identifier makes the broker cut the first one's connection.
          var second = configuration(port: broker.port, "cut")
          second.cleanStart = true
          try await withClient(second) { _ in
            try await eventually("the will") { received.texts == ["gone"] }
            try await client.firstFailure()
          }
        }
      }
    }
  }

  @Test func aWrongPasswordIsSaidToBeOne() async throws {
    let options = Mosquitto.Options(credentials: ("agent", "right"))
    try await Mosquitto.with(options) { broker in
      let log = LogRecord()
      var wrong = configuration(port: broker.port, "agent")
      wrong.credentials = Credentials(userName: "agent", password: "wrong-secret")
      try await withClient(wrong, log: log, connected: false) { client in
        let failure = try await client.firstFailure()
        let text = failure.description
        #expect(text.contains("127.0.0.1:\(broker.port) refused the user name or password"))
        try await eventually("more attempts") { log.lines.count { $0.message.contains("refused") } >= 3 }
      }
      #expect(log.lines.count { $0.message.contains("refused") && $0.level == .warning } == 1)
      #expect(!log.lines.contains { $0.message.contains("wrong-secret") })
      var right = wrong
      right.credentials = Credentials(userName: "agent", password: "right")
      try await withClient(right) { try await $0.publish(Message("a", "b")) }
    }
  }

  @Test func whatIsPublishedBeforeTheBrokerExistsArrivesWhenItDoes() async throws {
    let broker = try Mosquitto()
    let received = Received()
    let routes = [received.route("a")]
    try await withClient(configuration(port: broker.port, "early"), routes: routes, connected: false) {
      client in
      async let published: Void = client.publish((0..<10).map { Message("a", "\($0)") })
      let failure = try await client.firstFailure()
      #expect(failure == .nothingListens(broker: "127.0.0.1:\(broker.port)"))
      try await broker.start()
      try await published
      try await eventually { received.messages.count == 10 }
    }
    #expect(received.texts == (0..<10).map { "\($0)" })
  }

  @Test func anUnknownHostIsSaidToBeOne() async throws {
    let configuration = configuration([BrokerAddress(host: "no-such-host.invalid")], "lost")
    try await withClient(configuration, connected: false) { client in
      let failure = try await client.firstFailure()
      guard case .unknownHost = failure else {
        Issue.record("\(failure)")
        return
      }
      #expect(failure.description.contains("no-such-host.invalid:1883"))
    }
  }

  @Test func cancellingTheRunWhileNothingListensReturns() async throws {
    let port = try freePort()
    let client = MQTTClient(configuration: configuration(port: port, "nobody"), logger: LogRecord().logger)
    let running = Task { try await client.run(routes: []) }
    try await client.reaches { $0.failure != nil }
    let publishing = Task.immediate { try await client.publish(Message("a", "b")) }
    running.cancel()
    try await running.value
    await #expect(throws: MQTTError.stopped) { try await publishing.value }
    await #expect(throws: MQTTError.stopped) { try await client.publish(Message("a", "b")) }
    await #expect(throws: MQTTError.alreadyRunning) { try await client.run(routes: []) }
    var last: ConnectionState?
    for await state in client.states() { last = state }
    #expect(last == .stopped(reason: .nothingListens(broker: "127.0.0.1:\(port)")))
  }

  @Test func anInvalidRouteStopsTheClientAtOnce() async throws {
    let client = MQTTClient(
      configuration: configuration(port: try freePort(), "invalid"),
      logger: LogRecord().logger
    )
    let early = Task.immediate { try await client.publish(Message("a", "b")) }
    await #expect(throws: MQTTError.invalidFilter("a/#/b")) {
      try await client.run(routes: [Route("a/#/b") { _ in }])
    }
    await #expect(throws: MQTTError.stopped) { try await early.value }
  }

  @Test func theQueueOfADisconnectedClientIsBounded() async throws {
    var limited = configuration(port: try freePort(), "full")
    limited.outgoingQueueLimit = 3
    try await withClient(limited, connected: false) { client in
      // An immediate task has handed its messages over when its initializer returns.
      let waiting = Task.immediate { try await client.publish((0..<3).map { Message("a", "\($0)") }) }
      await #expect(throws: MQTTError.queueFull(limit: 3, byteLimit: 16 << 20)) {
        try await client.publish(Message("a", "x"))
      }
      waiting.cancel()
      await #expect(throws: MQTTError.cancelled) { try await waiting.value }
      // What was withdrawn has left its room.
      let next = Task.immediate { try await client.publish(Message("a", "x")) }
      next.cancel()
      await #expect(throws: MQTTError.cancelled) { try await next.value }
    }
  }

  @Test func messagesThatCannotBeSentAreRefusedByName() async throws {
    let options = Mosquitto.Options(extraLines: ["max_packet_size 2000", "retain_available false"])
    try await Mosquitto.with(options) { broker in
      try await withClient(configuration(port: broker.port, "refused")) { client in
        let large = Message("a", String(repeating: "x", count: 3000))
        let retained = Message("a", "b", retain: true)
        await #expect(throws: MQTTError.invalidTopic("a/+")) { try await client.publish(Message("a/+", "b")) }
        await #expect(throws: MQTTError.packetTooLarge(size: 3009, maximum: 2000)) {
          try await client.publish(large)
        }
        await #expect(throws: MQTTError.retainNotAvailable) { try await client.publish(retained) }
        try await client.publish(Message("a", "b"))
      }
    }
  }
}
