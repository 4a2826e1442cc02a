import MQTTProtocol
import NIOCore
import Testing

/// Handlers that keep failing, and brokers that send too much.
@Suite struct InboxTests {
  private func session(_ policy: FailurePolicy, version: ProtocolVersion = .v5) throws -> Session {
    let session = try Session { $0.versions = .only(version) }
    var route = RouteSubscription(RouteID(0), "t")
    route.failurePolicy = policy
    try session.machine.start(with: [route])
    session.connect()
    return session
  }

  /// The next batch, once its time has come.
  private func due(_ session: Session) -> InboxBatch? {
    session.now = session.now + .seconds(60)
    return session.nextBatch()
  }

  @Test func aPoisonousMessageIsFoundAndRefusedAlone() throws {
    let session = try session(.refuse(after: 2, .payloadFormatInvalid))
    for (index, text) in ["good", "bad", "better"].enumerated() {
      _ = session.deliver(text, UInt16(index + 1))
    }
    #expect(session.failed(try #require(session.nextBatch())) == .retried(failures: 1))
    let first = try #require(due(session))
    #expect(first.texts == ["good"], "one by one after a failure")
    session.handled(first)
    #expect(session.failed(try #require(session.nextBatch())) == .retried(failures: 1))
    #expect(session.failed(try #require(due(session))) == .refused(failures: 2, .payloadFormatInvalid))
    let last = try #require(session.nextBatch())
    #expect(last.texts == ["better"])
    session.handled(last)
    let refusal = PublishAcknowledgement(packetIdentifier: 2, reasonCode: .payloadFormatInvalid)
    #expect(
      session.written() == [
        .puback(PublishAcknowledgement(packetIdentifier: 1)), .puback(refusal),
        .puback(PublishAcknowledgement(packetIdentifier: 3)),
      ])
  }

  @Test func aRefusalAtLevelTwoEndsTheMessageWithPubrec() throws {
    let session = try session(.refuse(after: 1, .implementationSpecificError))
    _ = session.deliver("bad", 1, exactlyOnce: true)
    _ = session.failed(try #require(session.nextBatch()))
    let refusal = PublishAcknowledgement(packetIdentifier: 1, reasonCode: .implementationSpecificError)
    #expect(session.written() == [.pubrec(refusal)])
    _ = session.deliver("new", 1, exactlyOnce: true)
    #expect(session.nextBatch()?.texts == ["new"], "the identifier is free again")
  }

  @Test func aParkedMessageGoesToTheParkingHandlerUntilThatTakesIt() throws {
    let session = try session(.park(after: 1))
    _ = session.deliver("bad", 1)
    #expect(session.failed(try #require(session.nextBatch())) == .parked(failures: 1))
    let parked = try #require(session.nextBatch())
    #expect(parked.isParked && parked.texts == ["bad"])
    #expect(session.failed(parked) == .retried(failures: 1))
    #expect(session.nextBatch() == nil)
    let again = try #require(due(session))
    #expect(again.isParked)
    #expect(session.written().isEmpty)
    session.handled(again)
    #expect(session.written().map(\.line) == ["ack 1"])
  }

  /// A broker that sends too much: a crash must not bring back more than the Receive Maximum says.
  @Test func handlersWaitWhileTooManyAcknowledgementsDo() throws {
    let session = try Session(routes: ["t"], stored: []) { $0.receiveMaximum = 3 }
    session.connect()
    session.commit()
    _ = session.written()
    for identifier: UInt16 in 1...6 { _ = session.deliver("\(identifier)", identifier, exactlyOnce: true) }
    #expect(!session.canReceive())
    session.handled(try #require(session.nextBatch()))
    #expect(session.nextBatch() == nil, "nothing that was handled is durable")
    #expect(session.written().isEmpty)
    session.commit()
    #expect(session.nextBatch() == nil, "no acknowledgement has gone out")
    #expect(session.written().map(\.line) == ["pubrec 1", "pubrec 2", "pubrec 3"])
    #expect(session.nextBatch()?.texts == ["4", "5", "6"])
  }

  @Test func moreThanOurReceiveMaximumEndsTheConnectionWhereThatIsWanted() throws {
    let session = try Session(routes: ["t"]) {
      $0.receiveMaximum = 2
      $0.allowsExcessMessages = false
    }
    session.connect()
    _ = session.deliver("a", 1)
    _ = session.deliver("b", 2, exactlyOnce: true)
    session.handled(try #require(session.nextBatch()))
    #expect(session.written().map(\.line) == ["ack 1", "pubrec 2"])
    #expect(session.deliver("c", 3) == .none, "one place is free, the other taken until PUBCOMP")
    #expect(session.deliver("d", 4) == .close)
    #expect(session.written() == [.disconnect(Disconnect(reasonCode: .receiveMaximumExceeded))])
  }
}
