public import Logging
public import MQTTProtocol
import Synchronization

/// Which messages a one-shot call is after.
public enum RetainedMessages: Sendable, Hashable {
  /// What the broker has kept, and nothing else: if it has kept nothing, the call says so.
  case only
  /// Whatever comes first.
  case included
  /// What is published from now on.
  case excluded
}

/// One message to or from a broker, for scripts.
extension MQTTClient {
  /// Connects, publishes one message, and disconnects when the broker has acknowledged it.
  ///
  /// - Parameters:
  ///   - message: With its quality of service, and whether the broker is to retain it.
  ///   - address: Where the broker is reached.
  ///   - clientIdentifier: Empty lets the broker choose.
  ///   - cleanStart: Whether the broker is to forget an earlier session of the identifier.
  ///   - credentials: nil sends none.
  ///   - timeout: For the connection, and again for the acknowledgement.
  ///   - logger: Gets what a client logs.
  /// - Throws: ``MQTTError/unreachable(_:)``, ``MQTTError/timedOut(_:)``, ``MQTTError/refused(topic:_:detail:)``, and
  ///   what of the arguments cannot be sent.
  public static func publishOnce(
    _ message: Message,
    to address: BrokerAddress,
    clientIdentifier: String = "",
    cleanStart: Bool = true,
    credentials: Credentials? = nil,
    timeout: Duration = .seconds(10),
    logger: Logger
  ) async throws {
    let configuration = Configuration(oneShot: address, clientIdentifier, cleanStart, credentials)
    try await visit(configuration, timeout: timeout, logger: logger) { client in
      try await Deadline.run(timeout, or: MQTTError.timedOut("the acknowledgement of the message")) {
        try await client.publish(message)
      }
    }
  }

  /// Connects, waits for one message, and disconnects.
  ///
  /// - Parameters:
  ///   - filter: A topic or a topic filter.
  ///   - retained: Whether a message that the broker has kept will do.
  ///   - qualityOfService: The highest to receive with.
  ///   - address: Where the broker is reached.
  ///   - clientIdentifier: Empty lets the broker choose.
  ///   - cleanStart: Whether the broker is to forget an earlier session of the identifier, and the messages that
  ///     it has kept for it.
  ///   - credentials: nil sends none.
  ///   - timeout: For the connection, and again for the message.
  ///   - logger: Gets what a client logs.
  /// - Throws: ``MQTTError/noRetainedMessage(filter:)``, ``MQTTError/unreachable(_:)``,
  ///   ``MQTTError/timedOut(_:)``, ``MQTTError/subscriptionRefused(filter:_:)``, and what of the arguments cannot
  ///   be sent.
  public static func receiveOne(
    from filter: String,
    retained: RetainedMessages,
    qualityOfService: QualityOfService = .atLeastOnce,
    at address: BrokerAddress,
    clientIdentifier: String = "",
    cleanStart: Bool = true,
    credentials: Credentials? = nil,
    timeout: Duration = .seconds(10),
    logger: Logger
  ) async throws -> ReceivedMessage {
    var configuration = Configuration(oneShot: address, clientIdentifier, cleanStart, credentials)
    // What comes after the one message stays with the broker, for the next call with the same identifier.
    configuration.receiveMaximum = 1
    let isFound = Flag()
    let (messages, found) = AsyncStream.makeStream(
      of: ReceivedMessage.self, bufferingPolicy: .bufferingOldest(1))
    let route = Route(
      filter, qualityOfService: qualityOfService, retained: retained == .excluded ? .never : .always
    ) { batch in
      for message in batch where retained.wants(message) {
        // Not acknowledged: it sleeps until the client leaves, and throws then.
        while isFound.isSet.load(ordering: .relaxed) { try await Task.sleep(for: .seconds(60)) }
        isFound.isSet.store(true, ordering: .relaxed)
        found.yield(message)
      }
    }
    return try await visit(configuration, routes: [route], timeout: timeout, logger: logger) { client in
      for await case .connected(let state) in client.states() {
        if let code = state.refusedSubscriptions[filter] {
          throw MQTTError.subscriptionRefused(filter: filter, code)
        }
        break
      }
      async let _: Void = retained == .only ? client.endAfterRetained(found) : ()
      return try await Deadline.run(timeout, or: MQTTError.timedOut("a message of '\(filter)'")) {
        for await message in messages { return message }
        throw MQTTError.noRetainedMessage(filter: filter)
      }
    }
  }

  private func endAfterRetained(_ found: AsyncStream<ReceivedMessage>.Continuation) async throws {
    try await fence()
    // The standard does not order retained messages before the fence's answer; a moment makes up for brokers
    // that take the freedom.
    try await Task.sleep(for: .milliseconds(200))
    found.finish()
  }
}

extension RetainedMessages {
  fileprivate func wants(_ message: ReceivedMessage) -> Bool {
    switch self {
    case .only: message.isRetained
    case .included: true
    case .excluded: !message.isRetained
    }
  }
}

extension MQTTClient.Configuration {
  /// The session ends with the connection if nobody has named it.
  fileprivate init(
    oneShot address: BrokerAddress, _ clientIdentifier: String, _ cleanStart: Bool,
    _ credentials: Credentials?
  ) {
    self.init(address: address, clientIdentifier: clientIdentifier)
    self.cleanStart = cleanStart
    self.credentials = credentials
    if clientIdentifier.isEmpty || cleanStart { sessionExpiry = .zero }
  }
}

private final class Flag: Sendable {
  let isSet = Atomic(false)
}
