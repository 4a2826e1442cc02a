import MQTT
import MQTTProtocol
import NIOCore
import TestSupport
import Testing

/// Wills with a delay, at a real broker.
@Suite struct WillTests {
  private static func configuration(_ proxy: FaultyProxy) -> MQTTClient.Configuration {
    var result = MQTTTests.configuration(port: proxy.port, "leaving")
    // Long enough for a busy machine to be back, or to publish, before it is over.
    result.will = Will(Message("will", "gone"), delayInterval: 8)
    return result
  }

  @Test func aClientThatIsBackInTimeHasNoWill() async throws {
    try await Mosquitto.with { broker in
      try await FaultyProxy.with(to: broker.port) { proxy in
        let received = Received()
        try await withClient(
          MQTTTests.configuration(port: broker.port, "watcher"), routes: [received.route("will")]
        ) { watcher in
          // Long enough for a busy machine to be back in time.
          try await withClient(Self.configuration(proxy)) { client in
            proxy.cut()
            try await client.firstFailure()
            try await client.publish(Message("will", "back"))
            // Longer than the delay; a will that comes later still would be missed, but not a wrong failure.
            try await Task.sleep(for: .seconds(10))
            try await watcher.fence()
            #expect(received.texts == ["back"])
          }
        }
      }
    }
  }

  @Test func theWillOfAClientThatStaysAwayComesAfterTheDelay() async throws {
    try await Mosquitto.with { broker in
      try await FaultyProxy.with(to: broker.port) { proxy in
        let received = Received()
        try await withClient(
          MQTTTests.configuration(port: broker.port, "watcher"), routes: [received.route("will")]
        ) { watcher in
          var absent = Self.configuration(proxy)
          absent.backoff = .hardlyEver
          try await withClient(absent) { client in
            // A client that has just come tries once more at once.
            try await proxy.setRefusing(true)
            proxy.cut()
            try await client.firstFailure()
            try await watcher.publish(Message("will", "before"))
            try await eventually("the will") { received.texts.count == 2 }
            #expect(received.texts == ["before", "gone"])
          }
        }
      }
    }
  }
}
