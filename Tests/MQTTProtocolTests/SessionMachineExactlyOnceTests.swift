import MQTTProtocol
import NIOCore
import Testing

/// Quality of service 2, both ways and over lost connections (MQTT 5.0, 4.3.3).
@Suite struct SessionMachineExactlyOnceTests {
  // MARK: Publishing

  @Test func aMessageIsDoneWhenPubcompHasCome() throws {
    let session = try Session()
    session.connect()
    let batch = try session.publish(["a"], .exactlyOnce)
    #expect(session.written().map(\.line) == ["1 a"])
    #expect(session.pubrec(1) == .none)
    #expect(session.written().map(\.line) == ["pubrel 1"])
    #expect(session.pubcomp(1) == .none)
    #expect(session.outputs() == [.finishPublish(batch, nil)])
  }

  @Test func whatPubrecSaysOfTheSubscribersIsKept() throws {
    let session = try Session()
    session.connect()
    let batch = try session.publish(["a"], .exactlyOnce)
    _ = session.written()
    _ = session.pubrec(1, .noMatchingSubscribers)
    _ = session.written()
    _ = session.pubcomp(1)
    #expect(session.outputs().last == .finishPublish(batch, nil, .noMatchingSubscribers))
  }

  @Test func pubrelsFollowTheOrderOfPubrec() throws {
    let session = try Session()
    session.connect()
    try session.publish(["a", "b", "c"], .exactlyOnce)
    _ = session.written()
    for identifier in [2, 3, 1] as [UInt16] { _ = session.pubrec(identifier) }
    #expect(session.written().map(\.line) == ["pubrel 2", "pubrel 3", "pubrel 1"])
  }

  @Test func whatHasItsPubrecIsReleasedAgainAndNeverPublishedAgain() throws {
    let session = try Session()
    session.connect()
    try session.publish(["a", "b", "c"], .exactlyOnce)
    _ = session.written()
    _ = session.pubrec(2)
    _ = session.disconnect()
    session.connect(sessionPresent: true)
    #expect(session.written().map(\.line) == ["1+ a", "pubrel 2", "3+ c"])
  }

  @Test func aPubrecOfAnEarlierConnectionDoesNotReleaseWhatIsStillToBeSentAgain() throws {
    let session = try Session()
    session.connect()
    try session.publish(["a"], .exactlyOnce)
    _ = session.written()
    _ = session.disconnect()
    session.connect(sessionPresent: true)
    #expect(session.pubrec(1) == .none)
    #expect(session.written().map(\.line) == ["1+ a"], "released first, it would be a new message")
    #expect(session.pubrec(1) == .none)
    #expect(session.written().map(\.line) == ["pubrel 1"])
  }

  @Test func aBrokerThatIsDoneAlreadyMeansSuccess() throws {
    let session = try Session()
    session.connect()
    let batch = try session.publish(["a"], .exactlyOnce)
    _ = session.written()
    _ = session.pubrec(1)
    _ = session.written()
    _ = session.disconnect()
    session.connect(sessionPresent: true)
    _ = session.written()
    #expect(session.pubcomp(1, .packetIdentifierNotFound) == .none)
    #expect(session.outputs() == [.finishPublish(batch, nil)])
  }

  @Test func aPubrecThatRefusesEndsTheMessageAndFreesItsPlace() throws {
    let session = try Session()
    var properties = ConnackProperties()
    properties.receiveMaximum = 1
    session.connect(properties)
    let refused = try session.publish(["a"], .exactlyOnce)
    try session.publish(["b"], .exactlyOnce)
    _ = session.written()
    #expect(session.pubrec(1, .quotaExceeded) == .none)
    let outputs = session.outputs()
    #expect(outputs.first == .finishPublish(refused, .refused(topic: "t", .quotaExceeded)))
    #expect(outputs.count == 2)
  }

  @Test func theWindowIsTakenUntilPubcomp() throws {
    let session = try Session()
    var properties = ConnackProperties()
    properties.receiveMaximum = 1
    session.connect(properties)
    try session.publish(["a", "b"], .exactlyOnce)
    #expect(session.written().map(\.line) == ["1 a"])
    _ = session.pubrec(1)
    #expect(session.written().map(\.line) == ["pubrel 1"])
    _ = session.pubcomp(1)
    #expect(session.written().map(\.line) == ["2 b"])
  }

  @Test func aForgottenSessionPublishesAnewWhatHadNoPubrecAndSaysWhatIsUncertain() throws {
    let session = try Session()
    session.connect()
    let uncertain = try session.publish(["a"], .exactlyOnce)
    try session.publish(["b"], .exactlyOnce)
    _ = session.written()
    _ = session.pubrec(1)
    _ = session.disconnect()
    session.connect(sessionPresent: false)
    let outputs = session.outputs()
    #expect(outputs.first == .finishPublish(uncertain, .sessionLost(topic: "t")))
    guard case .send(let packet) = outputs.last else {
      Issue.record("\(outputs)")
      return
    }
    #expect(packet.line == "3 b")
  }

  @Test func anAcknowledgementOfAnotherQualityOfServiceIsAViolation() throws {
    let answers: [(QualityOfService, (Session) -> SessionMachine.Action)] = [
      (.exactlyOnce, { $0.receive(.puback(PublishAcknowledgement(packetIdentifier: 1))) }),
      (.atLeastOnce, { $0.pubrec(1) }),
      (.atLeastOnce, { $0.pubcomp(1) }),
      (.exactlyOnce, { $0.pubcomp(1) }),
    ]
    for (qualityOfService, answer) in answers {
      let session = try Session()
      session.connect()
      try session.publish(["a"], qualityOfService)
      _ = session.written()
      #expect(answer(session) == .close)
      #expect(session.written() == [.disconnect(Disconnect(reasonCode: .protocolError))])
    }
  }

  @Test func anUnknownPubrecIsAnsweredSoThatTheBrokerCanEndIt() throws {
    let session = try Session()
    session.connect()
    #expect(session.pubrec(9) == .none)
    let release = PublishAcknowledgement(packetIdentifier: 9, reasonCode: .packetIdentifierNotFound)
    #expect(session.written() == [.pubrel(release)])
  }

  // MARK: Receiving

  private static func receiving() throws -> Session {
    let session = try Session(routes: ["t"])
    session.connect()
    return session
  }

  @Test func pubrecFollowsTheHandlerAndPubcompThePubrel() throws {
    let session = try Self.receiving()
    _ = session.deliver("a", 7, exactlyOnce: true)
    #expect(session.written().isEmpty)
    session.handled(try #require(session.nextBatch()))
    #expect(session.written().map(\.line) == ["pubrec 7"])
    #expect(session.pubrel(7) == .none)
    #expect(session.written().map(\.line) == ["pubcomp 7"])
  }

  @Test func whatHasBeenHandledIsAcknowledgedAgainAndNotHandledAgain() throws {
    let session = try Self.receiving()
    _ = session.deliver("a", 7, exactlyOnce: true)
    session.handled(try #require(session.nextBatch()))
    _ = session.disconnect()
    session.connect(sessionPresent: true)
    _ = session.deliver("a", 7, exactlyOnce: true, isDuplicate: true)
    #expect(session.nextBatch() == nil)
    #expect(session.written().map(\.line) == ["pubrec 7"])
    _ = session.pubrel(7)
    _ = session.deliver("b", 7, exactlyOnce: true)
    #expect(session.nextBatch()?.texts == ["b"], "after PUBREL the identifier stands for another message")
  }

  @Test func aHandlerThatOutlivesItsConnectionCountsOnTheNext() throws {
    let session = try Self.receiving()
    _ = session.deliver("a", 7, exactlyOnce: true)
    _ = session.deliver("b", 8)
    let batch = try #require(session.nextBatch())
    #expect(batch.texts == ["a", "b"])
    _ = session.disconnect()
    session.connect(sessionPresent: true)
    _ = session.deliver("a", 7, exactlyOnce: true, isDuplicate: true)
    _ = session.deliver("b", 8, isDuplicate: true)
    #expect(session.nextBatch() == nil, "one handler at a time")
    session.handled(batch)
    #expect(session.written().map(\.line) == ["pubrec 7"])
    #expect(session.nextBatch()?.texts == ["b"], "at least once may be twice")
  }

  @Test func aHandlerThatFailsAfterItsConnectionGetsTheMessageAgain() throws {
    let session = try Self.receiving()
    _ = session.deliver("a", 7, exactlyOnce: true)
    let batch = try #require(session.nextBatch())
    _ = session.disconnect()
    session.connect(sessionPresent: true)
    _ = session.deliver("a", 7, exactlyOnce: true, isDuplicate: true)
    #expect(session.failed(batch) == .forgotten)
    #expect(session.nextBatch()?.texts == ["a"])
  }

  @Test func inANewSessionTheSameIdentifierIsAnotherMessage() throws {
    let session = try Self.receiving()
    _ = session.deliver("a", 7, exactlyOnce: true)
    let batch = try #require(session.nextBatch())
    _ = session.disconnect()
    session.connect(sessionPresent: false)
    session.handled(batch)
    _ = session.deliver("other", 7, exactlyOnce: true)
    #expect(session.nextBatch()?.texts == ["other"])
  }

  @Test func aPubrelForNothingIsAnsweredWithThat() throws {
    let session = try Self.receiving()
    _ = session.pubrel(3)
    let completion = PublishAcknowledgement(packetIdentifier: 3, reasonCode: .packetIdentifierNotFound)
    #expect(session.written() == [.pubcomp(completion)])
  }

  @Test func identifiersOutOfTurnAreViolations() throws {
    let session = try Self.receiving()
    _ = session.deliver("a", 7, exactlyOnce: true)
    #expect(
      session.deliver("a", 7, exactlyOnce: true, isDuplicate: true) == .none, "a repetition is passed over")
    #expect(session.deliver("b", 7, exactlyOnce: true) == .close)
    #expect(session.written() == [.disconnect(Disconnect(reasonCode: .protocolError))])

    let other = try Self.receiving()
    _ = other.deliver("a", 7, exactlyOnce: true)
    #expect(other.pubrel(7) == .close)
    #expect(other.written() == [.disconnect(Disconnect(reasonCode: .protocolError))])
  }

  @Test func acknowledgementsOfAllLevelsKeepTheOrderOfArrival() throws {
    let session = try Self.receiving()
    _ = session.deliver("a", 1)
    _ = session.deliver("b", 2, exactlyOnce: true)
    _ = session.deliver("c", nil)
    _ = session.deliver("d", 3)
    session.handled(try #require(session.nextBatch()))
    #expect(session.written().map(\.line) == ["ack 1", "pubrec 2", "ack 3"])
  }
}
