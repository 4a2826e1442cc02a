import Logging
import MQTTProtocol
import TestSupport
import Testing

@testable import MQTT

@Suite struct AddressRotationTests {
  private let addresses = ["a", "b", "c"].map { BrokerAddress(host: $0) }

  @Test func failedAttemptsGoThroughAllAddressesAndRoundAgain() {
    var rotation = AddressRotation(addresses)
    var tried: [BrokerAddress?] = []
    for _ in 0..<7 {
      tried.append(rotation.current)
      rotation.ended()
    }
    #expect(tried == [0, 1, 2, 0, 1, 2, 0].map { addresses[$0] })
  }

  @Test func afterAConnectionThatStoodTheSameAddressComesFirst() {
    var rotation = AddressRotation(addresses)
    rotation.ended()
    rotation.stood()
    #expect(rotation.current == addresses[1])
    rotation.ended()
    #expect(rotation.current == addresses[1])
    rotation.ended()
    #expect(rotation.current == addresses[2])
    rotation.ended()
    #expect(rotation.current == addresses[0])
    rotation.ended()
    #expect(rotation.current == addresses[1])
  }

  @Test func oneAddressIsTriedAgainAndAgain() {
    var rotation = AddressRotation([addresses[0]])
    for _ in 0..<3 {
      rotation.ended()
      #expect(rotation.current == addresses[0])
    }
  }

  @Test func withoutAddressesThereIsNone() {
    var rotation = AddressRotation([])
    rotation.ended()
    rotation.stood()
    rotation.ended()
    #expect(rotation.current == nil)
  }
}

@Suite struct BrokerAddressesTests {
  @Test func aDeadAddressIsPassedOverAndALivingOneKept() async throws {
    try await Mosquitto.with { broker in
      let dead = BrokerAddress(host: "127.0.0.1", port: try freePort())
      try await FaultyProxy.with(to: broker.port) { proxy in
        let log = LogRecord()
        var several = configuration([dead, BrokerAddress(host: "127.0.0.1", port: proxy.port)], "c")
        // Only after the last address there is a wait.
        several.backoff = .hardlyEver
        try await withClient(several, log: log) { client in
          try await client.publish(Message("a", "1"))
        }
        #expect(log.lines.contains { $0.level == .warning && $0.message.contains("\(dead)") })

        several.backoff = ReconnectBackoff(initial: .milliseconds(10), ceiling: .milliseconds(10))
        let later = LogRecord()
        try await withClient(several, log: later) { client in
          proxy.cut()
          try await eventually("another connection") { proxy.acceptedCount == 3 }
          try await client.publish(Message("a", "2"))
        }
        // Only at the beginning: the one that stood was the first to be tried again.
        #expect(later.lines.count { $0.message.contains("\(dead)") } == 1)
      }
    }
  }
}
