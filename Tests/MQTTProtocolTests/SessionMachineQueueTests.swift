import MQTTProtocol
import NIOCore
import Testing

/// Messages that wait to be sent: bounds, policies, expiry.
@Suite struct SessionMachineQueueTests {
  @Test func acceptanceIsReportedAtOnceAndDoesNotWaitForTheBroker() throws {
    let session = try Session()
    let batch = try session.publish(["a"], until: .accepted)
    #expect(session.outputs(canSend: false) == [.finishPublish(batch, nil)])
    session.connect()
    #expect(session.written().map(\.line) == ["1 a"])
    session.acknowledge(1)
    #expect(session.outputs() == [])
  }

  @Test func whatNobodyWaitsForIsReportedWhenItGoesNowhere() throws {
    let session = try Session()
    session.connect()
    try session.publish(["a"], until: .accepted)
    _ = session.written()
    session.acknowledge(1, .notAuthorized)
    #expect(session.outputs() == [.drop(topic: "t", .refused(topic: "t", .notAuthorized))])
  }

  @Test func theQueueIsBoundedInBytesToo() throws {
    let session = try Session { $0.outgoingQueueByteLimit = 100 }
    try session.publish([String(repeating: "x", count: 80)])
    #expect(throws: MQTTError.queueFull(limit: 1000, byteLimit: 100)) {
      try session.publish([String(repeating: "x", count: 20)])
    }
    session.connect()
    _ = session.written()
    session.acknowledge(1)
    try session.publish([String(repeating: "x", count: 80)])
  }

  @Test func onlyTheLatestOfATopicWaits() throws {
    let session = try Session { $0.outgoingQueueLimit = 3 }
    let old = try session.publish(["on"], topic: "state", policy: .keepLatest)
    try session.publish(["kept"], topic: "state")
    try session.publish(["other"], topic: "other", policy: .keepLatest)
    try session.publish(["off"], topic: "state", policy: .keepLatest)
    #expect(session.outputs(canSend: false) == [.finishPublish(old, .superseded)])
    session.connect()
    #expect(session.written().map(\.line) == ["1 kept", "2 other", "3 off"])
  }

  @Test func aFullQueueKeepsTheOlderStateRatherThanNone() throws {
    let session = try Session { $0.outgoingQueueLimit = 2 }
    try session.publish(["on"], topic: "state", policy: .keepLatest)
    try session.publish(["a"])
    #expect(throws: MQTTError.self) { try session.publish(["x", "y"], topic: "state", policy: .keepLatest) }
    session.connect()
    #expect(session.written().map(\.line) == ["1 on", "2 a"])
  }

  @Test func whatIsNotToWaitIsRefusedWithoutAConnection() throws {
    let session = try Session()
    #expect(throws: MQTTError.notConnected) { try session.publish(["a"], policy: .refuse) }
    session.connect()
    try session.publish(["a"], policy: .refuse)
    #expect(session.written().map(\.line) == ["1 a"])
    let late = try session.publish(["b"], policy: .refuse)
    _ = session.disconnect()
    #expect(session.outputs(canSend: false) == [.finishPublish(late, .notConnected)])
    session.connect(sessionPresent: true)
    #expect(session.written().map(\.line) == ["1+ a"])
  }

  @Test func expiryCountsDownWhileAMessageWaits() throws {
    let session = try Session()
    try session.publish(["a"], expiry: 60)
    session.now = session.now + .milliseconds(20_500)
    session.connect()
    guard case .publish(let publish) = session.written().first else {
      Issue.record("nothing was published")
      return
    }
    #expect(publish.message.properties.messageExpiryInterval == 40, "39.5 s are left")
  }

  @Test func anExpiredMessageIsReportedInTimeAndNeverSent() throws {
    let session = try Session { $0.outgoingQueueLimit = 1 }
    let batch = try session.publish(["a"], expiry: 5)
    let deadline = session.machine.nextDeadline
    session.now = try #require(deadline)
    _ = session.tick()
    #expect(session.outputs(canSend: false) == [.finishPublish(batch, .expired)])
    session.connect()
    #expect(session.written().isEmpty)
  }

  @Test func messagesOfAForgottenSessionThatExpireMakeRoomAgain() throws {
    let session = try Session { $0.outgoingQueueLimit = 1 }
    session.connect()
    try session.publish(["a"], expiry: 5)
    _ = session.written()
    _ = session.disconnect()
    session.connect()
    _ = session.disconnect()
    session.now = session.now + .seconds(6)
    try session.publish(["b"])
  }

  /// A look through the whole queue each time would make this a matter of minutes.
  @Test(.timeLimit(.minutes(1))) func toRefuseAMessageTakesNoLookThroughTheQueue() throws {
    let session = try Session { $0.outgoingQueueLimit = 30_000 }
    try session.publish([String](repeating: "a", count: 30_000), expiry: 3600)
    for _ in 0..<3000 {
      #expect(throws: MQTTError.self) { try session.publish(["b"]) }
    }
  }

  @Test func expiredMessagesMakeRoom() throws {
    let session = try Session { $0.outgoingQueueLimit = 1 }
    try session.publish(["a"], expiry: 5)
    #expect(throws: MQTTError.self) { try session.publish(["b"]) }
    session.now = session.now + .seconds(5)
    try session.publish(["b"])
  }

  @Test func whatIsOnTheWireHasASecondLeftAtLeast() throws {
    let session = try Session()
    session.connect()
    try session.publish(["a"], expiry: 5)
    _ = session.written()
    _ = session.disconnect()
    session.now = session.now + .seconds(60)
    session.connect(sessionPresent: true)
    guard case .publish(let publish) = session.written().first else {
      Issue.record("nothing was published")
      return
    }
    #expect(publish.isDuplicate && publish.message.properties.messageExpiryInterval == 1)
  }

  @Test func ourOwnWindowHoldsBackWhatTheBrokerWouldTake() throws {
    let session = try Session { $0.sendMaximum = 2 }
    session.connect()
    try session.publish(["a", "b", "c"])
    #expect(session.written().count == 2)
  }

  @Test func aFullWindowIsFilledAgainInQuarters() throws {
    let session = try Session()
    var properties = ConnackProperties()
    properties.receiveMaximum = 8
    session.connect(properties)
    try session.publish((1...12).map { "\($0)" })
    #expect(session.written().count == 8)
    session.acknowledge(1)
    #expect(session.written().isEmpty)
    session.acknowledge(2)
    #expect(session.written().map(\.line) == ["9 9", "10 10"])
    session.acknowledge(3)
    #expect(session.written().isEmpty)
    let deadline = session.machine.nextDeadline
    session.now = try #require(deadline)
    #expect(session.written().map(\.line) == ["11 11"], "a moment is enough")
  }

  @Test func aBrokerThatAcknowledgesNothingIsGivenUp() throws {
    let session = try Session {
      $0.acknowledgementTime = .seconds(20)
      $0.keepAlive = 0
    }
    session.connect()
    #expect(session.machine.nextDeadline == nil)
    try session.publish(["a", "b"])
    _ = session.written()
    #expect(session.machine.nextDeadline == .seconds(21))
    session.now = .seconds(15)
    session.acknowledge(1)
    #expect(session.machine.nextDeadline == .seconds(35), "it is slow, but not dead")
    session.now = .seconds(35)
    #expect(session.tick() == .close)
    guard case .wait(_, .timedOut, _) = session.disconnect() else {
      Issue.record("not reported")
      return
    }
  }

  /// A day without a connection, messages every ten seconds: the queue neither grows nor loses its order.
  @Test func aDayOfflineWithAFullQueueTakesNoMoreThanTheQueue() throws {
    let session = try Session { $0.outgoingQueueLimit = 50 }
    var refused = 0
    for step in 0..<8_640 {
      session.now = session.now + .seconds(10)
      try session.publish(["\(step)"], topic: "state", policy: .keepLatest, expiry: 3600)
      do throws(MQTTError) {
        try session.machine.publish(
          [Message("events", "\(step)")], batch: PublishBatchID(UInt64(1_000_000 + step)), at: session.now)
      } catch {
        refused += 1
      }
      if step % 6 == 0 { _ = session.disconnect() }
      _ = session.outputs(canSend: false)
    }
    #expect(refused == 8_640 - 49)
    #expect(session.machine.queue.unfinished == 50)
    session.connect()
    #expect(session.written().map(\.line).last == "50 8639")
  }

  /// MQTT-3.2.2-15 counts for what is sent again as well.
  @Test func aMessageInFlightThatTheBrokerTakesNoMoreIsGivenUp() throws {
    let session = try Session()
    session.connect()
    let large = try session.publish([String(repeating: "x", count: 100)])
    let small = try session.publish(["y"])
    #expect(session.written().count == 2)
    _ = session.disconnect()
    var properties = ConnackProperties()
    properties.maximumPacketSize = 50
    session.connect(sessionPresent: true, properties)
    let outputs = session.outputs()
    let failure = MQTTError.packetTooLarge(size: 108, maximum: 50)
    #expect(outputs.contains(.finishPublish(large, failure)))
    #expect(outputs.contains { if case .send(let packet) = $0 { packet.line == "2+ y" } else { false } })
    session.acknowledge(2)
    #expect(session.outputs() == [.finishPublish(small, nil)])
  }
}
