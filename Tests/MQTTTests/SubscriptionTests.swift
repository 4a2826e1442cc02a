import MQTT
import MQTTProtocol
import NIOCore
import TestSupport
import Testing

/// What brokers make of a route's options.
@Suite struct SubscriptionTests {
  @Test func ownMessagesStayAwayIfAskedTo() async throws {
    try await Mosquitto.with { broker in
      let received = Received()
      let route = Route("a", noLocal: true) { received.append($0) }
      try await withClient(configuration(port: broker.port, "one"), routes: [route]) { one in
        try await withClient(configuration(port: broker.port, "other")) { other in
          try await one.publish(Message("a", "own"))
          try await other.publish(Message("a", "other's"))
          try await eventually { !received.messages.isEmpty }
          try await one.fence()
          #expect(received.texts == ["other's"])
        }
      }
    }
  }

  @Test(arguments: [true, false])
  func theRetainFlagIsThePublishersIfAskedFor(isAsPublished: Bool) async throws {
    try await Mosquitto.with { broker in
      let received = Received()
      let route = Route("a", retainAsPublished: isAsPublished) { received.append($0) }
      try await withClient(configuration(port: broker.port, "c"), routes: [route]) { client in
        try await client.publish(Message("a", "state", retain: true))
        try await client.publish(Message("a", "event"))
        try await client.fence()
        #expect(received.texts == ["state", "event"])
        #expect(received.messages.map(\.isRetained) == [isAsPublished, false])
      }
    }
  }

  /// What comes with the first connection, and with one that resumes the session.
  @Test(arguments: [
    (RetainHandling.always, ["state", "state"]), (.whenNew, ["state"]), (.never, []),
  ])
  func retainedMessagesComeAsOftenAsAskedFor(_ handling: RetainHandling, _ expected: [String]) async throws {
    try await Mosquitto.with { broker in
      try await withClient(configuration(port: broker.port, "writer")) {
        try await $0.publish(Message("a", "state", retain: true))
      }
      let received = Received()
      for _ in 1...2 {
        let route = Route("a", retained: handling) { received.append($0) }
        try await withClient(configuration(port: broker.port, "reader"), routes: [route]) {
          try await $0.fence()
        }
      }
      #expect(received.texts == expected)
    }
  }

  @Test func everyMessageOfASharedSubscriptionGoesToOneClient() async throws {
    try await Mosquitto.with { broker in
      let (first, second) = (Received(), Received())
      try await withClient(
        configuration(port: broker.port, "first"), routes: [first.route("$share/group/a")]
      ) { _ in
        try await withClient(
          configuration(port: broker.port, "second"), routes: [second.route("$share/group/a")]
        ) { client in
          let texts = Set((0..<100).map { "\($0)" })
          try await client.publish(texts.sorted().map { Message("a", $0) })
          try await eventually { first.messages.count + second.messages.count >= texts.count }
          try await client.fence()
          #expect(first.messages.count + second.messages.count == texts.count)
          #expect(Set(first.texts).union(second.texts) == texts)
          #expect(!first.messages.isEmpty && !second.messages.isEmpty)
        }
      }
    }
  }

  @Test func identifiersComeBackWithTheirMessages() async throws {
    try await Mosquitto.with { broker in
      let (narrow, wide) = (Received(), Received())
      let routes = [
        Route("doors/#", subscriptionIdentifier: 268_435_455) { wide.append($0) },
        Route("windows/+", subscriptionIdentifier: 1) { narrow.append($0) },
      ]
      try await withClient(configuration(port: broker.port, "c"), routes: routes) { client in
        try await client.publish([Message("doors/front", "open"), Message("windows/attic", "closed")])
        try await client.fence()
      }
      #expect(wide.messages.map(\.subscriptionIdentifiers) == [[268_435_455]])
      #expect(narrow.messages.map(\.subscriptionIdentifiers) == [[1]])
      #expect(wide.texts == ["open"] && narrow.texts == ["closed"])
    }
  }

  @Test func routesComeAndGoOnAStandingConnection() async throws {
    try await Mosquitto.with { broker in
      let (received, rest) = (Received(), Received())
      try await withClient(
        configuration(port: broker.port, "c"), fallback: { rest.append($0) }
      ) { client in
        try await client.subscribe(to: received.route("a", qualityOfService: .exactlyOnce))
        await #expect(throws: MQTTError.alreadySubscribed("a")) {
          try await client.subscribe(to: received.route("a"))
        }
        try await client.publish(Message("a", "1", qualityOfService: .exactlyOnce))
        try await client.fence()
        try await client.unsubscribe(from: "a")
        try await client.publish(Message("a", "2"))
        try await client.fence()
        #expect(received.texts == ["1"] && rest.messages.isEmpty)
      }
    }
  }
}
