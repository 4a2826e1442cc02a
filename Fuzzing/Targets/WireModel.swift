import MQTTProtocol
import NIOCore

/// What a broker sees of a client, and holds it to.
struct WireModel {
  private struct Outgoing {
    var payload: ByteBuffer
    var qualityOfService: QualityOfService
    /// PUBREC has come, and PUBREL has gone.
    var isReceived = false
    var isReleased = false
    /// On this connection.
    var isSent = true
    var isInWindow = true
  }

  private let sendMaximum: UInt16
  private(set) var version = ProtocolVersion.v5
  private var limits = ServerLimits()
  private var outgoing: [UInt16: Outgoing] = [:]
  private var aliases: [UInt16: String] = [:]
  /// SUBSCRIBE and UNSUBSCRIBE without their answers, and how many codes these have.
  private var requests: [UInt16: Int] = [:]
  private(set) var filters: Set<String> = []
  /// Messages of the broker's, and PUBRELs, that are to be answered in this order.
  private var unacknowledged: [(identifier: UInt16, qualityOfService: QualityOfService)] = []
  private var unreleased: [UInt16] = []
  private var hasConnected = false
  private(set) var isInSession = false
  private var hasEnded = false

  init(sendMaximum: UInt16) { self.sendMaximum = sendMaximum }

  /// The identifiers in flight, for a broker that wants to be right at times.
  var identifiers: [UInt16] { outgoing.keys.sorted() }

  var unansweredRequests: [(UInt16, Int)] { requests.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }

  mutating func connectionOpened(_ version: ProtocolVersion) {
    self.version = version
    limits = ServerLimits()
    aliases = [:]
    requests = [:]
    unacknowledged = []
    unreleased = []
    hasConnected = false
    isInSession = false
    hasEnded = false
    for identifier in outgoing.keys {
      outgoing[identifier]?.isSent = false
      outgoing[identifier]?.isInWindow = false
    }
  }

  // MARK: What the client sends

  mutating func sent(_ packet: Packet) throws(BrokenProperty) {
    try require(!hasEnded, "\(packet) after DISCONNECT")
    var bytes = ByteBuffer()
    packet.encode(into: &bytes, version: version)
    try checkEncoding(bytes)
    switch packet {
    case .connect:
      try require(!hasConnected, "a second CONNECT")
      hasConnected = true
      return
    case .auth: return
    case .disconnect(let disconnect):
      try require(hasConnected, "DISCONNECT before CONNECT")
      try require(disconnect.reasonCode.isOfClientsDisconnect, "DISCONNECT: \(disconnect.reasonCode)")
      hasEnded = true
      return
    default: try require(hasConnected && isInSession, "\(packet) before CONNACK")
    }
    if isInSession {
      try require(
        bytes.readableBytes <= limits.maximumPacketSize,
        "\(packet) of \(bytes.readableBytes) bytes, above \(limits.maximumPacketSize)")
    }
    try sentInSession(packet)
  }

  private mutating func sentInSession(_ packet: Packet) throws(BrokenProperty) {
    switch packet {
    case .publish(let publish): try sent(publish)
    case .pubrel(let release):
      guard let message = outgoing[release.packetIdentifier] else { return }
      // One that the broker would not take any more on this connection has been given up.
      let isGivenUp = release.reasonCode == .packetIdentifierNotFound && !message.isSent
      try require(
        message.qualityOfService == .exactlyOnce || isGivenUp, "PUBREL at quality of service 1")
      outgoing[release.packetIdentifier]?.isReleased = true
      if !isGivenUp { outgoing[release.packetIdentifier]?.isSent = true }
    case .puback(let answer): try acknowledged(answer, .atLeastOnce)
    case .pubrec(let answer): try acknowledged(answer, .exactlyOnce)
    case .pubcomp(let answer):
      try require(unreleased.first == answer.packetIdentifier, "PUBCOMP \(answer.packetIdentifier)")
      unreleased.removeFirst()
    case .subscribe(let subscribe):
      try asked(subscribe.packetIdentifier, subscribe.subscriptions.count)
      filters.formUnion(subscribe.subscriptions.map(\.filter))
    case .unsubscribe(let unsubscribe):
      try asked(unsubscribe.packetIdentifier, unsubscribe.filters.count)
      filters.subtract(unsubscribe.filters)
    case .pingreq: break
    default: throw BrokenProperty("a client sends \(packet)")
    }
  }

  private mutating func sent(_ publish: Publish) throws(BrokenProperty) {
    let message = publish.message
    try require(message.qualityOfService <= limits.maximumQualityOfService, "quality of service")
    try require(!message.retain || limits.isRetainAvailable, "retain")
    var topic = publish.topic
    if let alias = publish.topicAlias {
      try require((1...limits.topicAliasMaximum).contains(alias), "alias \(alias)")
      if topic.isEmpty { topic = aliases[alias] ?? "" }
      aliases[alias] = topic
    }
    try require(TopicName.isValid(topic), "topic '\(topic)'")
    guard let identifier = publish.packetIdentifier else { return }
    if let known = outgoing[identifier] {
      try require(publish.isDuplicate && !known.isSent, "identifier \(identifier) is in flight")
      try require(!known.isReleased, "PUBLISH \(identifier) after PUBREL")
      try require(known.payload == message.payload, "identifier \(identifier) is another message's")
    }
    outgoing[identifier] = Outgoing(
      payload: message.payload, qualityOfService: message.qualityOfService)
    let count = outgoing.values.count { $0.isInWindow }
    try require(count <= min(limits.receiveMaximum, sendMaximum), "\(count) are in flight")
  }

  private mutating func acknowledged(
    _ answer: PublishAcknowledgement, _ qualityOfService: QualityOfService
  ) throws(BrokenProperty) {
    let oldest = unacknowledged.first
    try require(
      oldest?.identifier == answer.packetIdentifier && oldest?.qualityOfService == qualityOfService,
      "acknowledges \(answer.packetIdentifier), not \(String(describing: oldest))")
    unacknowledged.removeFirst()
  }

  private mutating func asked(_ identifier: UInt16, _ count: Int) throws(BrokenProperty) {
    try require(requests[identifier] == nil && outgoing[identifier] == nil, "\(identifier) is in use")
    requests[identifier] = count
  }

  private func checkEncoding(_ bytes: ByteBuffer) throws(BrokenProperty) {
    var decoder = PacketDecoder(version: version, maximumPacketSize: .max)
    decoder.append(bytes)
    do throws(MalformedPacket) {
      guard let packet = try decoder.next() else { throw .truncated }
      var again = ByteBuffer()
      packet.encode(into: &again, version: version)
      guard again == bytes else { throw .trailingBytes }
    } catch {
      throw BrokenProperty("it sends what is no packet (\(error)): \(bytes)")
    }
  }

  // MARK: What the client takes

  /// CONNACK counts.
  mutating func accepted(_ connack: Connack) {
    limits = ServerLimits(connack.properties)
    isInSession = true
    guard !connack.sessionPresent else { return }
    outgoing = [:]
    filters = []
  }

  /// A packet in the session that was no violation.
  mutating func received(_ packet: Packet) {
    switch packet {
    case .connack(let connack): accepted(connack)
    case .publish(let publish):
      guard let identifier = publish.packetIdentifier else { return }
      let qualityOfService = publish.message.qualityOfService
      let isUnderWay = unacknowledged.contains { $0.identifier == identifier && $0.1 == .exactlyOnce }
      guard qualityOfService == .atLeastOnce || !isUnderWay else { return }
      unacknowledged.append((identifier, qualityOfService))
    case .pubrel(let release): unreleased.append(release.packetIdentifier)
    case .puback(let answer): finish(answer.packetIdentifier) { $0.qualityOfService == .atLeastOnce }
    case .pubrec(let answer):
      if answer.reasonCode.isFailure {
        finish(answer.packetIdentifier) { $0.qualityOfService == .exactlyOnce }
      } else if outgoing[answer.packetIdentifier]?.isSent == true {
        outgoing[answer.packetIdentifier]?.isReceived = true
      }
    case .pubcomp(let answer): finish(answer.packetIdentifier) { $0.isReceived || $0.isReleased }
    case .suback(let answer): requests[answer.packetIdentifier] = nil
    case .unsuback(let answer): requests[answer.packetIdentifier] = nil
    default: break
    }
  }

  private mutating func finish(_ identifier: UInt16, _ isRight: (Outgoing) -> Bool) {
    guard let message = outgoing[identifier], message.isSent, isRight(message) else { return }
    outgoing[identifier] = nil
  }
}
