import NIOCore

/// Identifies a call that waits for one answer.
package struct RequestID: Sendable, Hashable {
  package let number: UInt64

  package init(_ number: UInt64) { self.number = number }
}

/// A subscription, and where its messages go.
package struct RouteSubscription: Sendable, Equatable {
  package var id: RouteID
  package var subscription: Subscription
  /// 1 to 268,435,455; nil subscribes without one.
  package var identifier: UInt32?
  package var failurePolicy: FailurePolicy

  package init(
    id: RouteID, subscription: Subscription, identifier: UInt32? = nil, failurePolicy: FailurePolicy = .retry
  ) {
    self.id = id
    self.subscription = subscription
    self.identifier = identifier
    self.failurePolicy = failurePolicy
  }
}

/// What the session is subscribed to, and the SUBSCRIBE and UNSUBSCRIBE packets on their way.
///
/// Every connection begins with subscribing to everything: whether the broker still has a subscription cannot
/// be asked, and to repeat one is harmless.
struct Subscriptions {
  enum Kind: Equatable {
    case subscribe([RouteID])
    case unsubscribe(String)
  }

  struct Request {
    var kind: Kind
    /// One of those that a connection begins with.
    var isInitial = false
    var callers: [RequestID] = []
  }

  struct Route {
    var specification: RouteSubscription
    var filter: TopicFilter
    /// Those who wait for the subscription.
    var callers: [RequestID] = []
  }

  /// What SUBACK or UNSUBACK led to.
  struct Answer {
    var callers: [(RequestID, MQTTError?)] = []
    var refused: [String: ReasonCode] = [:]
  }

  /// The identifiers from this one up.
  private static let firstIdentifier = UInt16(OutgoingPublishes.identifierCount + 1)
  /// So many of the longest filters still fit into one SUBSCRIBE.
  static let routeLimit = 1000
  /// UNSUBSCRIBEs that wait for a connection.
  private static let requestLimit = 1000

  private(set) var routes: [Route] = []
  private var waiting = CircularBuffer<Request>()
  private var inFlight: [UInt16: Request] = [:]
  private var nextIdentifier = UInt16.max
  private(set) var initialCount = 0
  private var isConnected = false
  /// What the broker takes, in bytes.
  private var maximumPacketSize = Int.max

  var isAwaitingAnswer: Bool { !inFlight.isEmpty }

  /// The route of a message: the first one that the broker's subscription identifiers name, or else the first
  /// one whose filter matches.
  func route(for publish: Publish) -> RouteID? {
    if !publish.subscriptionIdentifiers.isEmpty {
      for index in routes.indices {
        guard let identifier = routes[index].specification.identifier,
          publish.subscriptionIdentifiers.contains(identifier), routes[index].filter.matches(publish.topic)
        else { continue }
        return routes[index].specification.id
      }
    }
    // A route is large: what is looked at is not taken out.
    for index in routes.indices where routes[index].filter.matches(publish.topic) {
      return routes[index].specification.id
    }
    return nil
  }

  func policy(of route: RouteID) -> FailurePolicy {
    routes.first { $0.specification.id == route }?.specification.failurePolicy ?? .retry
  }

  // MARK: What the application asks for

  /// Adds a route; on a connection, SUBSCRIBE goes out for it.
  mutating func add(_ route: RouteSubscription, caller: RequestID? = nil) throws(MQTTError) {
    guard let filter = TopicFilter(route.subscription.filter) else {
      throw .invalidFilter(route.subscription.filter)
    }
    guard route.identifier.map({ (1...UInt32(variableByteIntegerMaximum)).contains($0) }) ?? true else {
      throw .invalidValue("the subscription identifier of '\(filter)' is not from 1 to 268,435,455")
    }
    if case .refuse(_, let code) = route.failurePolicy, !code.isFailure || !code.isAllowed(in: .puback) {
      throw .invalidValue("messages of '\(filter)' cannot be refused with \(code): no PUBACK can say so")
    }
    guard routes.count < Self.routeLimit else {
      throw .invalidValue("there are more than \(Self.routeLimit) routes")
    }
    guard !routes.contains(where: { $0.filter == filter }) else {
      throw .alreadySubscribed(filter.description)
    }
    let size = route.packetSize
    guard !isConnected || size <= maximumPacketSize else {
      throw .packetTooLarge(size: size, maximum: maximumPacketSize)
    }
    routes.append(Route(specification: route, filter: filter, callers: caller.map { [$0] } ?? []))
    if isConnected { waiting.append(Request(kind: .subscribe([route.id]))) }
  }

  /// Removes the route of a filter; UNSUBSCRIBE goes out for it, on the next connection if there is none.
  /// Returns those who still waited for the subscription.
  mutating func remove(_ filter: String, caller: RequestID) throws(MQTTError) -> [RequestID] {
    guard TopicFilter(filter) != nil else { throw .invalidFilter(filter) }
    guard waiting.count < Self.requestLimit else {
      throw .queueFull(limit: Self.requestLimit, byteLimit: .max)
    }
    let size = packetSize(ofUnsubscribe: filter)
    guard !isConnected || size <= maximumPacketSize else {
      throw .packetTooLarge(size: size, maximum: maximumPacketSize)
    }
    let index = routes.firstIndex { $0.specification.subscription.filter == filter }
    let removed = index.map { routes.remove(at: $0) }
    waiting.append(Request(kind: .unsubscribe(filter), callers: [caller]))
    return removed?.callers ?? []
  }

  mutating func cancel(_ caller: RequestID) {
    for index in routes.indices { routes[index].callers.removeAll { $0 == caller } }
    for index in waiting.indices { waiting[index].callers.removeAll { $0 == caller } }
    for identifier in inFlight.keys { inFlight[identifier]?.callers.removeAll { $0 == caller } }
  }

  // MARK: Connections

  /// Begins a connection. Returns what is not asked for, because the broker has said that it would refuse it.
  mutating func connected(_ limits: ServerLimits) -> Answer {
    isConnected = true
    maximumPacketSize = limits.maximumPacketSize
    var answer = Answer()
    refuseLongUnsubscribes(&answer)
    // Subscriptions with the same identifier, or without one, share a packet while there is room in it.
    var groups: [(identifier: UInt32?, routes: [RouteID], room: Int)] = []
    for index in routes.indices {
      let route = routes[index]
      if let code = limits.refusal(of: route.specification) {
        finish(index, code, &answer)
        continue
      }
      let identifier = route.specification.identifier
      let size = route.specification.packetSize
      if let group = groups.firstIndex(where: { $0.identifier == identifier && $0.room >= size }) {
        groups[group].routes.append(route.specification.id)
        groups[group].room -= size
      } else {
        groups.append((identifier, [route.specification.id], limits.maximumPacketSize - size))
      }
    }
    // After the UNSUBSCRIBEs that have waited: a filter may have a new route since.
    for group in groups { waiting.append(Request(kind: .subscribe(group.routes), isInitial: true)) }
    initialCount = groups.count
    return answer
  }

  private mutating func refuseLongUnsubscribes(_ answer: inout Answer) {
    for index in waiting.indices.reversed() {
      guard case .unsubscribe(let filter) = waiting[index].kind else { continue }
      let size = packetSize(ofUnsubscribe: filter)
      guard size > maximumPacketSize else { continue }
      let failure = MQTTError.packetTooLarge(size: size, maximum: maximumPacketSize)
      answer.callers += waiting.remove(at: index).callers.map { ($0, failure) }
    }
  }

  mutating func connectionLost() {
    isConnected = false
    initialCount = 0
    for request in inFlight.values { waiting.prepend(request) }
    inFlight.removeAll()
    // The next connection subscribes to everything anyway.
    waiting.removeAll { if case .subscribe = $0.kind { true } else { false } }
  }

  /// The next packet to send.
  mutating func next() -> Packet? {
    guard inFlight.count < Int(UInt16.max - Self.firstIdentifier), let request = waiting.popFirst() else {
      return nil
    }
    let identifier = freeIdentifier()
    inFlight[identifier] = request
    switch request.kind {
    case .unsubscribe(let filter):
      return .unsubscribe(Unsubscribe(packetIdentifier: identifier, filters: [filter]))
    case .subscribe(let ids):
      let asked = ids.compactMap { id in routes.first { $0.specification.id == id }?.specification }
      guard !asked.isEmpty else {
        // Its route was removed before it went out.
        inFlight[identifier] = nil
        if request.isInitial { initialCount -= 1 }
        return next()
      }
      inFlight[identifier]?.kind = .subscribe(asked.map(\.id))
      return .subscribe(
        Subscribe(
          packetIdentifier: identifier, subscriptions: asked.map(\.subscription),
          subscriptionIdentifier: asked[0].identifier))
    }
  }

  private mutating func freeIdentifier() -> UInt16 {
    while inFlight[nextIdentifier] != nil { advanceIdentifier() }
    defer { advanceIdentifier() }
    return nextIdentifier
  }

  private mutating func advanceIdentifier() {
    nextIdentifier = nextIdentifier == Self.firstIdentifier ? .max : nextIdentifier - 1
  }

  // MARK: Answers

  /// Takes a SUBACK; nil if it answers nothing that was sent.
  mutating func subscribed(_ suback: SubscribeAcknowledgement) -> Answer? {
    guard let request = inFlight[suback.packetIdentifier], case .subscribe(let ids) = request.kind,
      suback.reasonCodes.count == ids.count
    else { return nil }
    inFlight[suback.packetIdentifier] = nil
    if request.isInitial { initialCount -= 1 }
    var answer = Answer()
    for (id, code) in zip(ids, suback.reasonCodes) {
      guard let index = routes.firstIndex(where: { $0.specification.id == id }) else { continue }
      finish(index, code, &answer)
    }
    return answer
  }

  /// Takes an UNSUBACK; nil if it answers nothing that was sent.
  mutating func unsubscribed(_ unsuback: SubscribeAcknowledgement) -> Answer? {
    guard let request = inFlight[unsuback.packetIdentifier], case .unsubscribe(let filter) = request.kind,
      unsuback.reasonCodes.count <= 1
    else { return nil }
    inFlight[unsuback.packetIdentifier] = nil
    let code = unsuback.reasonCodes.first ?? .success
    let failure = code.isFailure ? MQTTError.subscriptionRefused(filter: filter, code) : nil
    return Answer(callers: request.callers.map { ($0, failure) })
  }

  private mutating func finish(_ index: Int, _ code: ReasonCode, _ answer: inout Answer) {
    let filter = routes[index].filter.description
    if code.isFailure { answer.refused[filter] = code }
    let failure = code.isFailure ? MQTTError.subscriptionRefused(filter: filter, code) : nil
    answer.callers += routes[index].callers.map { ($0, failure) }
    routes[index].callers = []
  }
}
