import MQTTProtocol
import NIOCore
import Testing

/// What comes from the broker: deliveries and their acknowledgements, keep-alive, violations.
@Suite struct SessionMachineReceivingTests {
  private static func subscribed(_ change: (inout SessionConfiguration) -> Void = { _ in }) throws -> Session
  {
    let session = try Session(routes: ["t", "u"], stored: nil, change)
    session.connect()
    return session
  }

  @Test func aBatchIsWhatHasComeInARowForOneRoute() throws {
    let session = try Self.subscribed()
    for (text, topic, identifier) in [("a", "t", 1), ("b", "t", 2), ("c", "u", 3), ("d", "t", 4)] {
      #expect(session.deliver(text, topic: topic, UInt16(identifier)) == .none)
    }
    let first = try #require(session.nextBatch())
    #expect(first.route == RouteID(0) && first.texts == ["a", "b"])
    #expect(session.nextBatch() == nil, "one handler at a time")
    #expect(session.written().isEmpty)
    session.handled(first)
    #expect(session.written().map(\.line) == ["ack 1", "ack 2"])
    let second = try #require(session.nextBatch())
    #expect(second.route == RouteID(1))
    session.handled(second)
    #expect(session.written().map(\.line) == ["ack 3"])
  }

  @Test func aTokenOfAnEarlierConnectionIsWorthNothing() throws {
    let session = try Self.subscribed()
    _ = session.deliver("a", 1)
    let old = try #require(session.nextBatch())
    _ = session.disconnect()
    session.connect(sessionPresent: true)
    _ = session.deliver("a", 1)
    session.handled(old)
    #expect(session.written().isEmpty)
    #expect(session.failed(old) == .forgotten)
    let new = try #require(session.nextBatch())
    session.handled(new)
    #expect(session.written().map(\.line) == ["ack 1"])
  }

  @Test func aFailedBatchComesAgainAfterABackoff() throws {
    let session = try Self.subscribed()
    _ = session.deliver("a", 1)
    let batch = try #require(session.nextBatch())
    for (failures, wait) in [(1, 1), (2, 2), (3, 4)] {
      #expect(session.failed(batch) == .retried(failures: failures))
      #expect(session.nextBatch() == nil)
      #expect(session.machine.nextDeadline == session.now + .seconds(Int64(wait)))
      session.now = session.now + .seconds(Int64(wait))
      #expect(session.nextBatch() == batch)
    }
    session.handled(batch)
    #expect(session.written().map(\.line) == ["ack 1"])
  }

  @Test func anUnroutedMessageIsAcknowledgedInItsTurn() throws {
    let session = try Self.subscribed()
    _ = session.deliver("a", 1)
    #expect(session.deliver("b", topic: "other", 2) == .unrouted(topic: "other"))
    #expect(session.written().isEmpty)
    session.handled(try #require(session.nextBatch()))
    #expect(session.written().map(\.line) == ["ack 1", "ack 2"])
  }

  @Test func aFullInboxStopsReadingUntilAHandlerHasTakenFromIt() throws {
    let session = try Self.subscribed { $0.receiveMaximum = 2 }
    #expect(session.canReceive())
    _ = session.deliver("a", nil)
    _ = session.deliver("b", nil)
    #expect(!session.canReceive())
    _ = session.nextBatch()
    #expect(session.canReceive())
  }

  @Test func messagesWithoutGuaranteeOutliveTheConnection() throws {
    let session = try Self.subscribed()
    _ = session.deliver("kept", nil)
    _ = session.deliver("redelivered", 1)
    _ = session.disconnect()
    let batch = try #require(session.nextBatch())
    #expect(batch.messages.map { String(buffer: $0.payload) } == ["kept"])
  }

  @Test func aFenceWaitsForThePingAndForTheHandlers() throws {
    let session = try Self.subscribed()
    let fence = RequestID(1)
    try session.machine.fence(fence)
    #expect(session.written().map(\.line) == ["pingreq"])
    _ = session.deliver("a", 1)
    #expect(session.receive(.pingresp) == .none)
    _ = session.deliver("later", 2)
    #expect(session.outputs() == [])
    let batch = try #require(session.nextBatch())
    session.handled(batch)
    #expect(session.outputs().first == .finishRequest(fence, nil))
  }

  @Test func aFenceAsksAgainOnTheNextConnection() throws {
    let session = try Self.subscribed()
    try session.machine.fence(RequestID(1))
    #expect(session.written().map(\.line) == ["pingreq"])
    _ = session.disconnect()
    session.connect()
    #expect(session.written().map(\.line) == ["pingreq"])
    _ = session.receive(.pingresp)
    #expect(session.outputs() == [.finishRequest(RequestID(1), nil)])
  }

  /// A message that no route wants, behind one that the broker delivers again, was left for nobody.
  @Test func aFenceIsNotHeldUpByWhatNobodyWants() throws {
    let session = try Self.subscribed()
    _ = session.deliver("redelivered", 1)
    _ = session.deliver("unwanted", topic: "other", nil)
    _ = session.disconnect()
    session.connect()
    try session.machine.fence(RequestID(1))
    #expect(session.written().map(\.line) == ["pingreq"])
    _ = session.receive(.pingresp)
    #expect(session.outputs() == [.finishRequest(RequestID(1), nil)])
  }

  @Test func silenceIsAskedAboutAndThenGivenUp() throws {
    let session = try Self.subscribed { $0.keepAlive = 20 }
    #expect(session.machine.nextDeadline == .seconds(21))
    session.now = .seconds(21)
    #expect(session.tick() == .none)
    #expect(session.written().map(\.line) == ["pingreq"])
    #expect(session.machine.nextDeadline == .seconds(31), "one and a half keep-alives after the last sign")
    session.now = .seconds(30)
    #expect(session.tick() == .none)
    #expect(session.receive(.pingresp) == .none)
    session.now = .seconds(31)
    #expect(session.tick() == .none)
    session.now = .seconds(41)
    #expect(session.tick() == .none)
    #expect(session.written().map(\.line) == ["pingreq"])
    session.now = .seconds(51)
    #expect(session.tick() == .close)
    #expect(session.written() == [.disconnect(Disconnect(reasonCode: .unspecifiedError))])
    guard case .wait(_, .keepAliveTimeout, _) = session.disconnect() else {
      Issue.record("not reported")
      return
    }
  }

  @Test func theKeepAliveOfTheServerCounts() throws {
    let session = try Session()
    var properties = ConnackProperties()
    properties.serverKeepAlive = 5
    session.connect(properties)
    #expect(session.machine.nextDeadline == .seconds(6))
  }

  @Test func silenceOfABrokerThatIsNotReadIsNoTimeout() throws {
    let session = try Self.subscribed {
      $0.keepAlive = 20
      $0.receiveMaximum = 1
    }
    session.now = .seconds(21)
    _ = session.tick()
    #expect(session.written().map(\.line) == ["pingreq"])
    _ = session.deliver("a", nil)
    #expect(!session.canReceive())
    session.now = .seconds(41)
    #expect(session.tick() == .none)
    #expect(session.written().map(\.line) == ["pingreq"], "the broker must not give up either")
    _ = session.nextBatch()
    #expect(session.canReceive())
    session.now = .seconds(50)
    #expect(session.tick() == .none)
    session.now = .seconds(51)
    #expect(session.tick() == .close)
  }

  @Test func aBrokerThatExceedsOurReceiveMaximumIsSlowedDownNotCutOff() throws {
    let session = try Self.subscribed { $0.receiveMaximum = 2 }
    _ = session.deliver("a", 1)
    let first = try #require(session.nextBatch())
    #expect(session.deliver("b", 2) == .none)
    #expect(session.deliver("c", 3) == .none)
    #expect(!session.canReceive())
    session.handled(first)
    #expect(session.written().map(\.line) == ["ack 1"])
    session.handled(try #require(session.nextBatch()))
    #expect(session.canReceive())
    #expect(session.written().map(\.line) == ["ack 2", "ack 3"])
  }

  @Test func shuttingDownAcknowledgesWhatIsHandledThenDisconnects() throws {
    let session = try Self.subscribed()
    _ = session.deliver("a", 1)
    let batch = try #require(session.nextBatch())
    _ = session.deliver("b", 2)
    try session.publish(["not any more"])
    session.handled(batch)
    session.machine.shutDown()
    #expect(session.written().map(\.line) == ["ack 1", "disconnect"])
    #expect(session.disconnect() == .stop)
  }

  /// A broker that is gone while our last packets still wait in the socket.
  @Test func aBrokerThatTakesNothingAnyMoreIsGivenUp() throws {
    let session = try Self.subscribed { $0.keepAlive = 20 }
    session.now = .seconds(21)
    #expect(session.tick() == .none)
    #expect(session.outputs(canSend: false) == [])
    #expect(session.machine.nextDeadline == .seconds(31), "there is nothing to do before")
    session.now = .seconds(31)
    #expect(session.tick() == .close)
  }
}
