import Testing

@testable import MQTT

@Suite struct AddressRotationTests {
  private let addresses = ["a", "b", "c"].map { BrokerAddress(host: $0) }

  @Test func failedAttemptsGoThroughAllAddressesAndRoundAgain() {
    var rotation = AddressRotation(addresses)
    var tried: [BrokerAddress?] = []
    var roundStarts: [Bool] = []
    for _ in 0..<7 {
      tried.append(rotation.current)
      roundStarts.append(rotation.isAtRoundStart)
      rotation.ended()
    }
    #expect(tried == [0, 1, 2, 0, 1, 2, 0].map { addresses[$0] })
    #expect(roundStarts == [true, false, false, true, false, false, true])
  }

  @Test func afterAConnectionThatStoodTheSameAddressComesFirst() {
    var rotation = AddressRotation(addresses)
    rotation.ended()
    rotation.stood()
    #expect(rotation.current == addresses[1])
    rotation.ended()
    #expect(rotation.current == addresses[1] && rotation.isAtRoundStart)
    rotation.ended()
    #expect(rotation.current == addresses[2] && !rotation.isAtRoundStart)
    rotation.ended()
    #expect(rotation.current == addresses[0] && !rotation.isAtRoundStart)
    rotation.ended()
    #expect(rotation.current == addresses[1] && rotation.isAtRoundStart)
  }

  @Test func oneAddressIsTriedAgainAndAgain() {
    var rotation = AddressRotation([addresses[0]])
    for _ in 0..<3 {
      rotation.ended()
      #expect(rotation.current == addresses[0] && rotation.isAtRoundStart)
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
