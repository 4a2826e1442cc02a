/// Why the client could not do what it was asked.
public enum MQTTError: Error, Sendable, Hashable {
  /// The topic is not a topic name: 1 to 65,535 bytes of UTF-8 without wildcards and U+0000.
  case invalidTopic(String)
  /// The filter of a route is not a topic filter.
  case invalidFilter(String)
  /// A field of a message or of the configuration is too long, or otherwise cannot be sent; says which.
  case invalidValue(String)
  /// The client does not speak quality of service 2 yet.
  case unsupportedQualityOfService(QualityOfService)
  /// The broker allows no higher quality of service than `maximum`.
  case qualityOfServiceNotAvailable(maximum: QualityOfService)
  /// The broker keeps no retained messages.
  case retainNotAvailable
  /// The packet is larger than the broker takes, in bytes.
  case packetTooLarge(size: Int, maximum: Int)
  /// So many messages wait already; none of the new ones was taken.
  case queueFull(limit: Int)
  /// The broker did not take the message.
  case refused(topic: String, ReasonCode)
  /// The task was cancelled. Messages not yet on the wire were withdrawn.
  case cancelled
  /// The client has stopped, so nothing more is sent.
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
    case .unsupportedQualityOfService(let level):
      "quality of service \(level.rawValue) is not supported by this client: use 0 or 1"
    case .qualityOfServiceNotAvailable(let maximum):
      "the broker allows quality of service \(maximum.rawValue) at most"
    case .retainNotAvailable: "the broker keeps no retained messages"
    case .packetTooLarge(let size, let maximum):
      "the message makes a packet of \(size) bytes, but the broker takes \(maximum) at most"
    case .queueFull(let limit): "\(limit) messages wait to be sent or acknowledged, which is the limit"
    case .refused(let topic, let code): "the broker did not take a message to '\(topic)': \(code)"
    case .cancelled: "the task was cancelled before the broker acknowledged the messages"
    case .stopped: "the client has stopped"
    case .alreadyRunning: "a client runs once: make a new one"
    }
  }
}
