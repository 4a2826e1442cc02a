import MQTTProtocol
import NIOCore
import Testing

/// What a store is told, what has to be durable before what, and what a restart finds.
@Suite struct SessionMachineStoreTests {
  @Test func acceptanceAndSendingWaitForTheStore() throws {
    let session = try Session(stored: [])
    session.connect()
    session.commit()
    let batch = try session.publish(["a"], until: .accepted)
    #expect(session.outputs() == [])
    session.commit()
    let outputs = session.outputs()
    #expect(outputs.first == .finishPublish(batch, nil))
    #expect(outputs.count == 2)
  }

  @Test func aRestartSendsWhatWasNotAcknowledgedUnderTheSameIdentifiers() throws {
    let session = try Session(stored: [])
    session.connect()
    try session.publish(["a", "b", "c", "d"])
    try session.publish(["lost"], .atMostOnce)
    var stored = session.commit()
    _ = session.written()
    session.acknowledge(1)
    session.acknowledge(3)
    stored += session.commit()

    let restarted = try Session(stored: stored)
    restarted.connect(sessionPresent: true)
    #expect(restarted.written().map(\.line) == ["2+ b", "4+ d"])
    try restarted.publish(["e"])
    restarted.commit()
    #expect(restarted.written().map(\.line) == ["5 e"])
  }

  @Test func aCrashBeforeTheCommitLosesOnlyWhatWasNotAccepted() throws {
    let session = try Session(stored: [])
    session.connect()
    try session.publish(["a"])
    let stored = session.commit()
    try session.publish(["b"])
    let restarted = try Session(stored: stored)
    restarted.connect(sessionPresent: true)
    #expect(restarted.written().map(\.line) == ["1+ a"])
  }

  @Test func withdrawnMessagesTakeNoIdentifier() throws {
    let session = try Session(stored: [])
    var properties = ConnackProperties()
    properties.receiveMaximum = 1
    session.connect(properties)
    try session.publish(["a"])
    let cancelled = try session.publish(["b"])
    try session.publish(["c"])
    var stored = session.commit()
    #expect(session.written().map(\.line) == ["1 a"])
    session.machine.cancelPublish(cancelled)
    session.acknowledge(1)
    #expect(session.written().isEmpty, "the withdrawal changes the identifiers that follow")
    stored += session.commit()
    #expect(session.written().map(\.line) == ["2 c"])

    let restarted = try Session(stored: stored)
    restarted.connect(sessionPresent: true)
    #expect(restarted.written().map(\.line) == ["2+ c"])
  }

  @Test func pubrelWaitsUntilItIsDurableThatPublishMustNotFollow() throws {
    let session = try Session(stored: [])
    session.connect()
    try session.publish(["a"], .exactlyOnce)
    var stored = session.commit()
    _ = session.written()
    _ = session.pubrec(1)
    #expect(session.written().isEmpty)
    stored += session.commit()
    #expect(session.written().map(\.line) == ["pubrel 1"])

    let restarted = try Session(stored: stored)
    restarted.connect(sessionPresent: true)
    #expect(restarted.written().map(\.line) == ["pubrel 1"])
  }

  @Test func pubrecWaitsUntilItIsDurableThatTheMessageIsKnown() throws {
    let session = try Session(routes: ["t"], stored: [])
    session.connect()
    var stored = session.commit()
    _ = session.deliver("a", 7, exactlyOnce: true)
    session.handled(try #require(session.nextBatch()))
    #expect(session.written().isEmpty)
    stored += session.commit()
    #expect(session.written().map(\.line) == ["pubrec 7"])

    let restarted = try Session(routes: ["t"], stored: stored)
    restarted.connect(sessionPresent: true)
    _ = restarted.deliver("a", 7, exactlyOnce: true, isDuplicate: true)
    #expect(restarted.nextBatch() == nil)
    #expect(restarted.written().map(\.line) == ["pubrec 7"])
  }

  @Test func pubcompWaitsUntilItIsDurableThatTheIdentifierIsFree() throws {
    let session = try Session(routes: ["t"], stored: [])
    session.connect()
    _ = session.deliver("a", 7, exactlyOnce: true)
    session.handled(try #require(session.nextBatch()))
    var stored = session.commit()
    _ = session.written()
    _ = session.pubrel(7)
    #expect(session.written().isEmpty)
    stored += session.commit()
    #expect(session.written().map(\.line) == ["pubcomp 7"])

    let restarted = try Session(routes: ["t"], stored: stored)
    restarted.connect(sessionPresent: true)
    _ = restarted.deliver("b", 7, exactlyOnce: true)
    #expect(restarted.nextBatch()?.texts == ["b"])
  }

  @Test func anAcknowledgementAtLevelOneWaitsForNoStore() throws {
    let session = try Session(routes: ["t"], stored: [])
    session.connect()
    session.commit()
    _ = session.deliver("a", 7)
    session.handled(try #require(session.nextBatch()))
    #expect(session.written().map(\.line) == ["ack 7"])
  }

  @Test func aStoreThatFailsRefusesNewMessagesAndKeepsEverythingElseForLater() throws {
    let session = try Session(stored: [])
    session.connect()
    try session.publish(["a"], .exactlyOnce)
    var stored = session.commit()
    _ = session.written()
    _ = session.pubrec(1)
    let waiting = try session.publish(["b"])
    let accepting = try session.publish(["c"], until: .accepted)
    _ = session.machine.nextGroup()
    session.machine.commitFailed("the disk is full")
    let outputs = session.outputs()
    #expect(outputs.contains(.finishPublish(waiting, .notStored("the disk is full"))))
    #expect(outputs.contains(.finishPublish(accepting, .notStored("the disk is full"))))
    #expect(outputs.count == 2, "PUBREL is not durable, and nobody hears of a message twice")
    stored += session.commit()
    #expect(session.written().map(\.line) == ["pubrel 1"])
    let restarted = try Session(stored: stored)
    restarted.connect(sessionPresent: true)
    #expect(restarted.written().map(\.line) == ["pubrel 1"])
  }

  @Test func aSnapshotStandsForEverythingBefore() throws {
    let session = try Session(routes: ["t"], stored: [])
    session.connect()
    try session.publish(["a", "b", "c"], .exactlyOnce)
    _ = session.deliver("in", 9, exactlyOnce: true)
    session.handled(try #require(session.nextBatch()))
    session.commit()
    _ = session.written()
    _ = session.pubrec(1)
    _ = session.pubrec(2)
    session.commit()
    _ = session.written()
    _ = session.pubcomp(2)
    try session.publish(["d"])
    let snapshot = session.machine.snapshot()
    session.machine.committed()
    #expect(session.machine.nextGroup() == nil)

    let restarted = try Session(routes: ["t"], stored: [snapshot])
    restarted.connect(sessionPresent: true)
    #expect(restarted.written().map(\.line) == ["pubrel 1", "3+ c", "4+ d"])
    _ = restarted.deliver("in", 9, exactlyOnce: true, isDuplicate: true)
    #expect(restarted.nextBatch() == nil)
  }

  @Test func afterALostSessionTheIdentifiersOfARestartAreStillThoseThatWereUsed() throws {
    let session = try Session(stored: [])
    session.connect()
    try session.publish(["a"], .exactlyOnce)
    try session.publish(["b", "c"], .exactlyOnce)
    var stored = session.commit()
    _ = session.written()
    _ = session.pubrec(1)
    stored += session.commit()
    _ = session.disconnect()
    session.connect(sessionPresent: false)
    stored += session.commit()
    let again = session.written().map(\.line)
    #expect(again == ["4 b", "5 c"])

    let restarted = try Session(stored: stored)
    restarted.connect(sessionPresent: true)
    #expect(restarted.written().map(\.line) == ["4+ b", "5+ c"])
  }

  @Test func expiryGoesOnBetweenTwoRuns() throws {
    let session = try Session(stored: [])
    session.machine.wallClockOffset = 1_000_000
    try session.publish(["a", "b"], expiry: 60)
    let stored = session.commit()
    // The machine's clock begins anew; 40 s have passed on the wall.
    var configuration = SessionConfiguration(broker: "broker:1883", clientIdentifier: "me")
    configuration.cleanStart = false
    var machine = SessionMachine(configuration: configuration)
    machine.wallClockOffset = 1_000_000 + 41_000
    try machine.restore(stored, at: .uptimeNanoseconds(0))
    try machine.start(with: [])
    machine.connectionOpened(at: .uptimeNanoseconds(0))
    _ = machine.next(canSend: true, at: .uptimeNanoseconds(0))
    _ = machine.receive(.connack(Connack()), at: .uptimeNanoseconds(0))
    _ = machine.nextGroup()
    machine.committed()
    guard case .send(.publish(let publish)) = machine.next(canSend: true, at: .uptimeNanoseconds(0)) else {
      Issue.record("nothing was published")
      return
    }
    #expect(publish.message.properties.messageExpiryInterval == 20)
  }

  @Test func anotherClientsSessionIsRefused() throws {
    let session = try Session(stored: [])
    let stored = session.commit()
    #expect(throws: MQTTError.self) { try Session(stored: stored) { $0.clientIdentifier = "other" } }
    let nameless = try Session(stored: stored) { $0.clientIdentifier = "" }
    #expect(nameless.machine.clientIdentifier == "me")
  }

  @Test func whatIsNoRecordIsAnErrorAndNotACrash() throws {
    let session = try Session(routes: ["t"], stored: [])
    session.connect()
    try session.publish(["a", "b"], .exactlyOnce)
    _ = session.deliver("in", 9, exactlyOnce: true)
    session.handled(try #require(session.nextBatch()))
    let group = Array(try #require(session.commit().first).readableBytesView)
    for length in 0..<group.count {
      _ = try? Session(stored: [ByteBuffer(bytes: group.prefix(length))])
      var damaged = group
      damaged[length] ^= 0x55
      _ = try? Session(stored: [ByteBuffer(bytes: damaged)])
    }
    #expect(throws: MQTTError.self) { try Session(stored: [ByteBuffer(bytes: [0])]) }
  }

  /// Each is well-formed, but could not have been written.
  @Test func recordsThatWouldBreakTheProtocolAreRefused() throws {
    func accepted(number: UInt64, flags: UInt8) -> ByteBuffer {
      var record = ByteBuffer(bytes: [3])
      record.writeInteger(number)
      record.writeInteger(Int64.max)
      record.writeBytes([flags, 0, 1, 97, 0, 0, 0, 0, 0])
      return record
    }
    _ = try Session(stored: [accepted(number: 1, flags: 1)])
    #expect(throws: MQTTError.self, "quality of service 0 is not kept") {
      try Session(stored: [accepted(number: 1, flags: 0)])
    }
    #expect(throws: MQTTError.self, "no number can follow") {
      try Session(stored: [accepted(number: .max, flags: 1)])
    }
    #expect(throws: MQTTError.self, "no message has this identifier") {
      try Session(stored: [ByteBuffer(bytes: [2, 0xFF, 0xFF])])
    }
    var released = accepted(number: 1, flags: 1)
    released.writeBytes([5, 0, 0, 0, 0, 0, 0, 0, 1])
    let session = try Session(stored: [released])
    session.connect(sessionPresent: true)
    #expect(session.written().map(\.line) == ["1+ "], "PUBREL is for quality of service 2")
  }
}
