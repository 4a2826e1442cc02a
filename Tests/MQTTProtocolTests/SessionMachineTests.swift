import MQTTProtocol
import NIOCore
import Testing

@Suite struct SessionMachineTests {
  // MARK: Connecting

  @Test func aSessionIsReadyOnceItsSubscriptionsAre() throws {
    let session = try Session(routes: ["t/#", "secret"])
    session.machine.connectionOpened(at: session.now)
    #expect(session.written().map(\.line) == ["connect"])
    #expect(session.receive(.connack(Connack())) == .none)
    #expect(session.written().map(\.line) == ["subscribe"])
    let suback = SubscribeAcknowledgement(
      packetIdentifier: 65_535,
      reasonCodes: [.grantedAtLeastOnce, .notAuthorized]
    )
    guard case .connected(let state) = session.receive(.suback(suback)) else {
      Issue.record("not connected")
      return
    }
    #expect(state.refusedSubscriptions == ["secret": .notAuthorized])
  }

  @Test func onlyTheFirstConnectionStartsClean() throws {
    let session = try Session { $0.cleanStart = true }
    session.machine.connectionOpened(at: session.now)
    #expect(isClean(session.written()) == true)
    _ = session.disconnect()
    session.machine.connectionOpened(at: session.now)
    #expect(isClean(session.written()) == true, "the broker has not seen the first one")
    _ = session.receive(.connack(Connack()))
    _ = session.disconnect()
    session.machine.connectionOpened(at: session.now)
    #expect(isClean(session.written()) == false)
  }

  @Test func anAssignedIdentifierIsKept() throws {
    let session = try Session { $0.clientIdentifier = "" }
    var properties = ConnackProperties()
    properties.assignedClientIdentifier = "given"
    session.connect(properties)
    _ = session.disconnect()
    session.machine.connectionOpened(at: session.now)
    guard case .connect(let connect) = session.written().first else { return }
    #expect(connect.clientIdentifier == "given")
  }

  @Test func aRefused5FallsBackTo311AtOnce() throws {
    let session = try Session()
    session.machine.connectionOpened(at: session.now)
    _ = session.written()
    #expect(session.receive(.connack(Connack(reasonCode: .unsupportedProtocolVersion))) == .close)
    #expect(session.disconnect() == .atOnceWithOlderVersion)
    #expect(session.machine.version == .v3_1_1)
    session.connect()
    _ = session.disconnect()
    #expect(session.machine.version == .v3_1_1, "what worked is kept")
  }

  @Test func a5ThatIsNeverAnsweredIsTriedAs311InTurn() throws {
    let session = try Session()
    func attempt(_ session: Session) -> SessionMachine.Reconnect {
      session.machine.connectionOpened(at: session.now)
      return session.disconnect()
    }
    guard case .wait = attempt(session) else {
      Issue.record("once may be an accident")
      return
    }
    #expect(attempt(session) == .atOnceWithOlderVersion)
    guard case .wait = attempt(session) else {
      Issue.record("3.1.1 did not help")
      return
    }
    #expect(session.machine.version == .v5)
  }

  @Test func aSilentBrokerIsGivenUp() throws {
    let session = try Session(routes: ["t/#"])
    session.machine.connectionOpened(at: session.now)
    _ = session.written()
    session.now = session.now + .seconds(9)
    #expect(session.tick() == .none)
    #expect(session.machine.nextDeadline == .seconds(11))
    session.now = .seconds(11)
    #expect(session.tick() == .close)
    guard case .wait(_, .timedOut(_, "CONNACK"), _) = session.disconnect() else {
      Issue.record("not reported")
      return
    }
  }

  @Test func aWrongPasswordIsNamed() throws {
    let session = try Session()
    session.machine.connectionOpened(at: session.now)
    _ = session.written()
    #expect(session.receive(.connack(Connack(reasonCode: .notAuthorized))) == .close)
    #expect(session.written().isEmpty)
    let failure = ConnectionFailure.credentialsRefused(
      broker: "broker:1883",
      .notAuthorized,
      detail: nil
    )
    #expect(session.disconnect() == .wait(.seconds(1), failure, isRepeated: false))
    session.machine.connectionOpened(at: session.now)
    _ = session.written()
    _ = session.receive(.connack(Connack(reasonCode: .notAuthorized)))
    #expect(session.disconnect() == .wait(.seconds(2), failure, isRepeated: true))
  }

  @Test func aStableConnectionEndsASeriesOfFailures() throws {
    let session = try Session()
    for wait in [1, 2, 4] {
      guard
        case .wait(.seconds(wait), _, _) = session.machine.connectionClosed(
          .nothingListens(broker: "broker:1883"),
          at: session.now,
          fraction: 1
        )
      else {
        Issue.record("not \(wait) s")
        return
      }
    }
    session.connect()
    session.now = session.now + .seconds(10)
    #expect(session.disconnect() == .wait(.seconds(1), .closed(broker: "broker:1883"), isRepeated: false))
  }

  @Test func threeConnectionsLostAtOnceLookLikeAFightOverTheIdentifier() throws {
    let session = try Session()
    for isRepeated in [false, true] {
      session.connect()
      // At once: were it the broker that went away, nothing would answer.
      let closed = ConnectionFailure.closed(broker: "broker:1883")
      #expect(session.disconnect() == .wait(.zero, closed, isRepeated: isRepeated))
    }
    session.connect()
    let failure = ConnectionFailure.sessionTakenOver(broker: "broker:1883", clientIdentifier: "me")
    #expect(session.disconnect(fraction: 0) == .wait(.seconds(60), failure, isRepeated: false))
  }

  @Test func aBrokerThatIsStartedAgainAndAgainDoesNotLookLikeAFight() throws {
    let session = try Session()
    for _ in 0..<10 {
      session.connect()
      guard case .wait(.zero, .closed, _) = session.disconnect(),
        case .wait(let delay, .nothingListens, _) = session.machine.connectionClosed(
          .nothingListens(broker: "broker:1883"), at: session.now, fraction: 1), delay > .zero
      else {
        Issue.record("not as after a broker that went away")
        return
      }
    }
  }

  @Test func aBrokerThatSaysTakenOverIsBelievedAtOnce() throws {
    let session = try Session()
    session.connect()
    #expect(session.receive(.disconnect(Disconnect(reasonCode: .sessionTakenOver))) == .close)
    let failure = ConnectionFailure.sessionTakenOver(broker: "broker:1883", clientIdentifier: "me")
    #expect(session.disconnect(fraction: 0) == .wait(.seconds(60), failure, isRepeated: false))
  }

  // MARK: Publishing

  @Test func theWindowOfTheBrokerHoldsMessagesBack() throws {
    let session = try Session()
    var properties = ConnackProperties()
    properties.receiveMaximum = 2
    session.connect(properties)
    let batch = try session.publish(["a", "b", "c", "d"])
    #expect(session.written().map(\.line) == ["1 a", "2 b"])
    session.acknowledge(2)
    #expect(session.written().map(\.line) == ["3 c"])
    session.acknowledge(1)
    #expect(session.written().map(\.line) == ["4 d"])
    session.acknowledge(3)
    session.acknowledge(3)
    session.acknowledge(60_000)
    #expect(session.outputs() == [])
    session.acknowledge(4)
    #expect(session.outputs() == [.finishPublish(batch, nil)])
  }

  @Test func whatIsInFlightIsSentAgainFirstAndInItsOrder() throws {
    let session = try Session()
    session.connect()
    try session.publish(["a", "b", "c"])
    #expect(session.written().count == 3)
    session.acknowledge(2)
    _ = session.disconnect()
    try session.publish(["d"])
    #expect(session.outputs(canSend: false) == [])
    session.connect(sessionPresent: true)
    #expect(session.written().map(\.line) == ["1+ a", "3+ c", "4 d"])
    session.acknowledge(1)
    session.acknowledge(3)
    session.acknowledge(4)
    #expect(session.outputs().count == 2)
  }

  @Test func repetitionObeysASmallerWindow() throws {
    let session = try Session()
    session.connect()
    try session.publish(["a", "b", "c"])
    #expect(session.written().count == 3)
    session.acknowledge(2)
    _ = session.disconnect()
    var properties = ConnackProperties()
    properties.receiveMaximum = 1
    session.connect(sessionPresent: true, properties)
    try session.publish(["d"])
    #expect(session.written().map(\.line) == ["1+ a"])
    session.acknowledge(3)
    #expect(session.written().isEmpty, "3 has not been sent on this connection")
    session.acknowledge(1)
    #expect(session.written().map(\.line) == ["3+ c"])
    session.acknowledge(3)
    #expect(session.written().map(\.line) == ["4 d"])
  }

  @Test func aForgottenSessionGetsItsMessagesAnew() throws {
    let session = try Session()
    session.connect()
    try session.publish(["a", "b"])
    #expect(session.written().count == 2)
    session.acknowledge(1)
    _ = session.disconnect()
    try session.publish(["c"])
    session.connect(sessionPresent: false)
    #expect(session.written().map(\.line) == ["3 b", "4 c"])
  }

  @Test func identifiersGoAroundWithoutMeetingOneInFlight() throws {
    let session = try Session { $0.outgoingQueueLimit = 70_000 }
    session.connect()
    try session.publish((0..<65_600).map { "\($0)" })
    let first = session.written()
    #expect(first.count == 65_279, "those above are for SUBSCRIBE")
    session.acknowledge(2)
    #expect(session.written().isEmpty, "2 is free, but 1 is next")
    session.acknowledge(1)
    #expect(session.written().map(\.line) == ["1 65279", "2 65280"])
    session.acknowledge(1)
    #expect(session.written().isEmpty)
  }

  @Test func aRefusedMessageIsReportedWhenItsBatchIsDone() throws {
    let session = try Session()
    session.connect()
    let batch = try session.publish(["a", "b"])
    _ = session.written()
    session.acknowledge(1, .quotaExceeded)
    #expect(session.outputs() == [])
    session.acknowledge(2, .noMatchingSubscribers)
    let refusal = MQTTError.refused(topic: "t", .quotaExceeded)
    #expect(session.outputs() == [.finishPublish(batch, refusal, .noMatchingSubscribers)])
  }

  @Test func whatANewBrokerDoesNotTakeFailsWithoutHoldingUpTheRest() throws {
    let session = try Session()
    let large = try session.publish([String(repeating: "x", count: 200)])
    try session.publish(["small"])
    let lost = try session.publish(["quick"], .atMostOnce)
    var properties = ConnackProperties()
    properties.maximumPacketSize = 100
    session.connect(properties)
    let outputs = session.outputs()
    #expect(outputs.first == .finishPublish(large, .packetTooLarge(size: 209, maximum: 100)))
    #expect(outputs.last == .finishPublish(lost, nil))
    #expect(throws: MQTTError.packetTooLarge(size: 209, maximum: 100)) {
      try session.publish([String(repeating: "x", count: 200)])
    }
  }

  @Test func cancelledMessagesAreWithdrawnUnlessOnTheWire() throws {
    let session = try Session { $0.outgoingQueueLimit = 3 }
    var properties = ConnackProperties()
    properties.receiveMaximum = 1
    session.connect(properties)
    let batch = try session.publish(["a", "b"])
    try session.publish(["c"])
    #expect(throws: MQTTError.queueFull(limit: 3, byteLimit: 16 << 20)) { try session.publish(["d"]) }
    #expect(session.written().map(\.line) == ["1 a"])
    session.machine.cancelPublish(batch)
    session.acknowledge(1)
    #expect(session.written().map(\.line) == ["2 c"])
    try session.publish(["d", "e"])
  }

  @Test func anEndInGoodOrderLeavesTheWillUnsaidUnlessItIsToBeSaid() throws {
    for isSaid in [false, true] {
      let session = try Session {
        $0.will = Will(Message("availability", "offline"))
        $0.publishesWillOnStop = isSaid
      }
      session.connect()
      session.machine.shutDown()
      let reasonCode: ReasonCode = isSaid ? .disconnectWithWill : .success
      #expect(session.written() == [.disconnect(Disconnect(reasonCode: reasonCode))])
    }
  }

  @Test func on311TheWillIsSaidByLeavingWithoutDisconnect() throws {
    for isSaid in [false, true] {
      let session = try Session {
        $0.will = Will(Message("availability", "offline"))
        $0.publishesWillOnStop = isSaid
      }
      session.machine.connectionOpened(at: session.now)
      _ = session.written()
      _ = session.receive(.connack(Connack(reasonCode: .unsupportedProtocolVersion)))
      _ = session.disconnect()
      session.connect()
      #expect(session.machine.version == .v3_1_1)
      session.machine.shutDown()
      #expect(session.written() == (isSaid ? [] : [.disconnect(Disconnect())]))
    }
  }

  private func isClean(_ packets: [Packet]) -> Bool? {
    guard case .connect(let connect) = packets.first else { return nil }
    return connect.cleanStart
  }
}
