import MQTTProtocol
import NIOCore
import Testing

/// Routes, subscriptions and their answers.
@Suite struct SubscriptionsTests {
  private func route(_ number: Int, _ filter: String, identifier: UInt32? = nil) -> RouteSubscription {
    var route = RouteSubscription(RouteID(number), filter)
    route.identifier = identifier
    return route
  }

  private func session(_ routes: [RouteSubscription]) throws -> Session {
    let session = try Session()
    try session.machine.start(with: routes)
    return session
  }

  private func subscribes(_ session: Session) -> [Subscribe] {
    session.written().compactMap { if case .subscribe(let subscribe) = $0 { subscribe } else { nil } }
  }

  private func answer(_ subscribe: Subscribe, _ codes: [ReasonCode]) -> Packet {
    .suback(SubscribeAcknowledgement(packetIdentifier: subscribe.packetIdentifier, reasonCodes: codes))
  }

  @Test func subscriptionsShareAPacketUnlessTheirIdentifiersDiffer() throws {
    let session = try session([
      route(0, "a"), route(1, "b", identifier: 5), route(2, "c"), route(3, "d", identifier: 6),
    ])
    session.machine.connectionOpened(at: session.now)
    _ = session.written()
    _ = session.receive(.connack(Connack()))
    let packets = subscribes(session)
    #expect(packets.map { $0.subscriptions.map(\.filter) } == [["a", "c"], ["b"], ["d"]])
    #expect(packets.map(\.subscriptionIdentifier) == [nil, 5, 6])
    #expect(session.receive(answer(packets[1], [.success])) == .none)
    #expect(session.receive(answer(packets[0], [.success, .notAuthorized])) == .none)
    guard case .connected(let state) = session.receive(answer(packets[2], [.quotaExceeded])) else {
      Issue.record("not connected")
      return
    }
    #expect(state.refusedSubscriptions == ["c": .notAuthorized, "d": .quotaExceeded])
  }

  @Test func aSubscriptionIdentifierNamesTheRoute() throws {
    let session = try session([route(0, "#"), route(1, "a/#", identifier: 7)])
    session.connect()
    for packet in subscribes(session) {
      _ = session.receive(answer(packet, packet.subscriptions.map { _ in .success }))
    }
    func deliver(_ identifiers: [UInt32]) -> RouteID? {
      _ = session.receive(
        .publish(
          Publish(Message("a/b", "", qualityOfService: .atMostOnce), subscriptionIdentifiers: identifiers)))
      let batch = session.nextBatch()
      if let batch { session.handled(batch) }
      return batch?.route
    }
    #expect(deliver([]) == RouteID(0))
    #expect(deliver([7]) == RouteID(1))
    #expect(deliver([99]) == RouteID(0), "one that no route has says nothing")
  }

  @Test func whatTheBrokerHasSaidItLacksIsNotAskedFor() throws {
    let session = try session([
      route(0, "plain"), route(1, "w/+"), route(2, "$share/g/s"), route(3, "i", identifier: 1),
    ])
    session.machine.connectionOpened(at: session.now)
    _ = session.written()
    var properties = ConnackProperties()
    properties.isWildcardSubscriptionAvailable = false
    properties.isSharedSubscriptionAvailable = false
    properties.isSubscriptionIdentifierAvailable = false
    _ = session.receive(.connack(Connack(properties: properties)))
    let packets = subscribes(session)
    #expect(packets.map { $0.subscriptions.map(\.filter) } == [["plain"]])
    guard case .connected(let state) = session.receive(answer(packets[0], [.success])) else {
      Issue.record("not connected")
      return
    }
    #expect(
      state.refusedSubscriptions == [
        "w/+": .wildcardSubscriptionsNotSupported, "$share/g/s": .sharedSubscriptionsNotSupported,
        "i": .subscriptionIdentifiersNotSupported,
      ])
  }

  @Test func aRouteCanBeAddedAndRemovedOnAConnection() throws {
    let session = try Session()
    session.connect()
    try session.machine.subscribe(route(1, "new"), RequestID(1))
    let subscribe = try #require(subscribes(session).first)
    #expect(session.machine.nextDeadline != nil)
    #expect(session.receive(answer(subscribe, [.grantedAtLeastOnce])) == .none)
    #expect(session.outputs() == [.finishRequest(RequestID(1), nil)])
    _ = session.deliver("a", topic: "new", nil)
    #expect(session.nextBatch()?.route == RouteID(1))

    try session.machine.unsubscribe("new", RequestID(2))
    guard case .unsubscribe(let unsubscribe) = session.written().first else {
      Issue.record("no UNSUBSCRIBE")
      return
    }
    #expect(unsubscribe.filters == ["new"])
    let unsuback = SubscribeAcknowledgement(
      packetIdentifier: unsubscribe.packetIdentifier, reasonCodes: [.noSubscriptionExisted])
    #expect(session.receive(.unsuback(unsuback)) == .none)
    #expect(session.outputs() == [.finishRequest(RequestID(2), nil)])
    #expect(session.deliver("a", topic: "new", nil) == .unrouted(topic: "new"))
  }

  @Test func aRefusedSubscriptionIsTheCallersError() throws {
    let session = try Session()
    session.connect()
    try session.machine.subscribe(route(1, "secret"), RequestID(1))
    let subscribe = try #require(subscribes(session).first)
    #expect(
      session.receive(answer(subscribe, [.notAuthorized]))
        == .subscriptionsRefused(["secret": .notAuthorized]))
    let error = MQTTError.subscriptionRefused(filter: "secret", .notAuthorized)
    #expect(session.outputs() == [.finishRequest(RequestID(1), error)])
  }

  @Test func whatALostConnectionLeftUnansweredIsAskedAgainOnTheNext() throws {
    let session = try Session()
    session.connect()
    try session.machine.subscribe(route(1, "new"), RequestID(1))
    try session.machine.unsubscribe("old", RequestID(2))
    #expect(session.written().count == 2)
    _ = session.disconnect()
    session.machine.connectionOpened(at: session.now)
    _ = session.written()
    _ = session.receive(.connack(Connack(sessionPresent: true)))
    let packets = session.written()
    #expect(packets.map(\.line) == ["unsubscribe", "subscribe"])
    guard case .subscribe(let subscribe) = packets[1] else { return }
    _ = session.receive(answer(subscribe, [.success]))
    #expect(session.outputs() == [.finishRequest(RequestID(1), nil)])
  }

  @Test func anUnansweredRequestEndsTheConnection() throws {
    let session = try Session { $0.keepAlive = 0 }
    session.connect()
    try session.machine.unsubscribe("old", RequestID(1))
    _ = session.written()
    session.now = session.now + .seconds(10)
    #expect(session.tick() == .close)
  }

  @Test func routesAreCheckedBeforeAnythingIsSent() throws {
    #expect(throws: MQTTError.invalidFilter("a/#/b")) { try session([route(0, "a/#/b")]) }
    #expect(throws: MQTTError.alreadySubscribed("a")) { try session([route(0, "a"), route(1, "a")]) }
    #expect(throws: MQTTError.self) { try session([route(0, "a", identifier: 0)]) }
    #expect(throws: MQTTError.self) { try session((0...1000).map { route($0, "a/\($0)") }) }
    var refusing = route(0, "a")
    for code in [ReasonCode.success, .noMatchingSubscribers, .sessionTakenOver] {
      refusing.failurePolicy = .refuse(after: 1, code)
      #expect(throws: MQTTError.self) { try session([refusing]) }
    }
    refusing.failurePolicy = .refuse(after: 1, .quotaExceeded)
    _ = try session([refusing])
  }

  @Test func aFallbackGetsWhatNoRouteWants() throws {
    let session = try Session(routes: ["t"])
    session.machine.hasFallback = true
    session.connect()
    #expect(session.deliver("a", topic: "other", 5) == .none)
    let batch = try #require(session.nextBatch())
    #expect(batch.route == .fallback)
    #expect(session.written().isEmpty)
    session.handled(batch)
    #expect(session.written().map(\.line) == ["ack 5"])
  }

  @Test func aRouteThatIsRemovedEndsTheCallThatWaitsForIt() throws {
    let session = try Session()
    try session.machine.subscribe(route(1, "a"), RequestID(1))
    try session.machine.unsubscribe("a", RequestID(2))
    #expect(session.outputs() == [.finishRequest(RequestID(1), .unsubscribed("a"))])
  }

  @Test func aRouteOfAFilterThatWasLeftBeforeStays() throws {
    let session = try session([route(0, "a")])
    session.connect()
    _ = session.disconnect()
    try session.machine.unsubscribe("a", RequestID(1))
    try session.machine.subscribe(route(1, "a"), RequestID(2))
    session.machine.connectionOpened(at: session.now)
    _ = session.written()
    _ = session.receive(.connack(Connack()))
    #expect(session.written().map(\.line) == ["unsubscribe", "subscribe"])
  }

  /// MQTT-3.2.2-15.
  @Test func subscriptionsKeepToThePacketSizeOfTheBroker() throws {
    let long = String(repeating: "x", count: 30)
    let session = try session([route(0, "a"), route(1, "b"), route(2, long), route(3, "c", identifier: 200)])
    var connack = Connack()
    // A packet of one filter has 7 bytes and the filter's, with its identifier 3 more.
    connack.properties.maximumPacketSize = 12
    session.machine.connectionOpened(at: session.now)
    try session.machine.unsubscribe(long, RequestID(1))
    try session.machine.subscribe(route(4, long + "x"), RequestID(2))
    _ = session.written()
    _ = session.receive(.connack(connack))
    let outputs = session.outputs()
    let sizes = outputs.compactMap { if case .send(let packet) = $0 { encoded(packet).count } else { nil } }
    #expect(sizes.count == 3)
    #expect(sizes.allSatisfy { $0 <= 12 })
    let tooLarge = MQTTError.packetTooLarge(size: 37, maximum: 12)
    #expect(outputs.contains(.finishRequest(RequestID(1), tooLarge)))
    let refused = MQTTError.subscriptionRefused(filter: long + "x", .packetTooLarge)
    #expect(outputs.contains(.finishRequest(RequestID(2), refused)))
    #expect(throws: MQTTError.self) { try session.machine.subscribe(route(5, long + "y"), RequestID(3)) }
    #expect(throws: tooLarge) { try session.machine.unsubscribe(long, RequestID(4)) }
  }
}
