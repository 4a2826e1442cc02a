/// Numbers in the place of topics, on one connection (MQTT 5.0, 3.3.2.3.4).
struct TopicAliases {
  /// The highest number; 0 allows none.
  private let limit: UInt16
  private var topics: [UInt16: String] = [:]
  private var aliases: [String: UInt16] = [:]

  init(limit: UInt16) { self.limit = limit }

  /// What an alias adds to a packet at most: the property, and a byte each for two lengths.
  private static let overhead = 5

  /// Gives a packet on its way out an alias, and takes its topic away if the broker knows that. The topics that
  /// come first get the aliases; when these are used up the others go without.
  ///
  /// - Parameter maximumPacketSize: A packet that could grow beyond it gets none.
  mutating func shorten(_ publish: inout Publish, maximumPacketSize: Int) {
    guard limit > 0, publish.message.encodedSize(version: .v5) + Self.overhead <= maximumPacketSize else {
      return
    }
    if let alias = aliases[publish.topic] {
      publish.topicAlias = alias
      publish.message.topic = ""
    } else if aliases.count < Int(limit) {
      let alias = UInt16(aliases.count + 1)
      aliases[publish.topic] = alias
      publish.topicAlias = alias
    }
  }

  /// Gives a packet that has come its topic.
  mutating func restore(_ publish: inout Publish) throws(ProtocolViolation) {
    guard let alias = publish.topicAlias else { return }
    guard alias <= limit else { throw .unexpectedTopicAlias }
    if publish.topic.isEmpty {
      guard let topic = topics[alias] else { throw .unknownTopicAlias }
      publish.message.topic = topic
    } else {
      topics[alias] = publish.topic
    }
  }
}
