/// Why the client could not do what it was asked.
public enum MQTTError: Error, Sendable, Hashable {
  /// The topic is not a topic name: 1 to 65,535 bytes of UTF-8 without wildcards and U+0000.
  case invalidTopic(String)
  /// The filter of a route is not a topic filter.
  case invalidFilter(String)
  /// A field of a message or of the configuration is too long, or otherwise cannot be sent; says which.
  case invalidValue(String)
  /// The broker allows no higher quality of service than `maximum`.
  case qualityOfServiceNotAvailable(maximum: QualityOfService)
  /// The broker keeps no retained messages.
  case retainNotAvailable
  /// The packet is larger than the broker takes, in bytes.
  case packetTooLarge(size: Int, maximum: Int)
  /// With the new messages more would wait than the queue takes, in messages or bytes; none of them was taken.
  /// Also of calls that wait for an answer, which are bounded by number only.
  case queueFull(limit: Int, byteLimit: Int)
  /// There is no connection, and the call was not to wait for one.
  case notConnected
  /// The message's time had run out before it could be sent.
  case expired
  /// A later message of the same topic took its place before it was sent.
  case superseded
  /// The broker had taken over the message at quality of service 2, but forgot the session before it was done:
  /// it was delivered once or not at all.
  case sessionLost(topic: String)
  /// The session's store did not take the message.
  case notStored(String)
  /// What the session's store holds cannot be used; says why.
  case sessionStore(String)
  /// The broker did not take the message: PUBACK, PUBREC or PUBCOMP reports a failure, in its own words where
  /// it has some. MQTT 5.0 only.
  case refused(topic: String, ReasonCode, detail: String? = nil)
  /// The broker did not make, or end, the subscription.
  case subscriptionRefused(filter: String, ReasonCode)
  /// The route was removed before the broker had made the subscription.
  case unsubscribed(String)
  /// Another route of the client has the same filter.
  case alreadySubscribed(String)
  /// The client authenticates with user name and password only.
  case noAuthenticator
  /// The broker has kept no message of the topic.
  case noRetainedMessage(filter: String)
  /// Nothing came in the given time; says what was waited for.
  case timedOut(String)
  /// ``MQTTClient/visit(_:routes:timeout:logger:body:)`` or a one-shot call could not connect.
  case unreachable(ConnectionFailure)
  /// The task was cancelled. Messages not yet on the wire were withdrawn.
  case cancelled
  /// The client has stopped, so nothing more is sent. What a session store has taken of it, the next run sends.
  case stopped
  /// `run` was called before.
  case alreadyRunning
}

extension MQTTError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalidTopic(let topic):
      "'\(topic)' cannot be published to: a topic has 1 to 65,535 bytes and no '+', '#' or U+0000"
    case .invalidFilter(let filter): "'\(filter)' is not a topic filter"
    case .invalidValue(let field): "\(field)"
    case .qualityOfServiceNotAvailable(let maximum):
      "the broker allows quality of service \(maximum.rawValue) at most"
    case .retainNotAvailable: "the broker keeps no retained messages"
    case .packetTooLarge(let size, let maximum):
      "the message makes a packet of \(size) bytes, but the broker takes \(maximum) at most"
    case .queueFull(let limit, let byteLimit):
      "the queue takes \(limit) messages and \(byteLimit) bytes, and is full: wait, or give it a higher limit"
    case .notConnected: "there is no connection to the broker, and the message was not to wait for one"
    case .expired: "the message's time ran out before it could be sent"
    case .superseded: "a later message of the same topic took the message's place before it was sent"
    case .sessionLost(let topic):
      "the broker forgot the session with a message to '\(topic)' in it: whether it was delivered is unknown"
    case .notStored(let reason): "the message is not kept: \(reason)"
    case .sessionStore(let reason): "the session cannot be taken up: \(reason)"
    case .refused(let topic, let code, let detail):
      "the broker did not take a message to '\(topic)': \(code)" + (detail.map { ": \($0)" } ?? "")
    case .subscriptionRefused(let filter, let code):
      "the broker refused the subscription to '\(filter)': \(code)"
    case .unsubscribed(let filter):
      "the route for '\(filter)' was removed before the broker had made the subscription"
    case .alreadySubscribed(let filter): "there is a route for '\(filter)' already"
    case .noAuthenticator: "the client has no authenticator, so it cannot authenticate again"
    case .noRetainedMessage(let filter): "the broker has no retained message of '\(filter)'"
    case .timedOut(let what): "waited in vain for \(what)"
    case .unreachable(let failure): "\(failure)"
    case .cancelled: "the task was cancelled before the broker acknowledged the messages"
    case .stopped: "the client has stopped"
    case .alreadyRunning: "a client runs once: make a new one"
    }
  }
}
