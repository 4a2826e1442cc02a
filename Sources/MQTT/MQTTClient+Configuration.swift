public import MQTTProtocol
import NIOCore

extension MQTTClient {
  /// Where a client connects to, and how. Durations below zero count as zero.
  public struct Configuration: Sendable {
    /// Where the broker is reached; at least one. With several, all of one broker or of brokers that share their
    /// sessions, they are tried in turn: after an attempt that failed comes the next, and after a connection that
    /// stood the same one first.
    public var addresses: [BrokerAddress]
    /// Unique among all clients of the broker. Empty lets the broker choose one (MQTT 5.0, 3.1.3.1).
    public var clientIdentifier: String
    /// What to speak. Default: 5.0, and 3.1.1 with a broker that does not take it.
    public var versions = VersionPreference.newest
    /// Whether the broker is to forget an earlier session when the client first connects. Later connections
    /// always resume. Default false.
    ///
    /// On 3.1.1 a session that began clean also ends with its connection. Mosquitto 2.0.11 loses one at its own
    /// restart, on 5.0 too: what must not be lost needs false.
    public var cleanStart = false
    /// How long the broker keeps the session after a connection, in whole seconds; 2^32 - 1 s or more is for
    /// ever. Default one hour.
    ///
    /// On 3.1.1 zero means a clean session each time, and anything else one that the broker keeps.
    public var sessionExpiry = Duration.seconds(3600)
    /// Keeps the client's part of the session over the end of the program: what is not acknowledged yet, and
    /// which messages at quality of service 2 are known. Default none.
    ///
    /// With one, messages at quality of service 1 and 2 are durable before they are sent and before
    /// ``MQTTClient/enqueue(_:queue:)-(Message,_)`` returns.
    public var sessionStore: (any SessionStore)?
    /// Default none.
    public var credentials: Credentials?
    /// For brokers that ask for more than a user name and a password; MQTT 5.0 only. Default none.
    public var authenticator: (any Authenticator)?
    /// What the broker publishes if the client goes without DISCONNECT. Default none.
    public var will: Will?
    /// Whether the broker is to publish the will also when the client ends in good order. Default false.
    ///
    /// For a will that says "offline": leaving is then told like being lost. 5.0 has a reason code for it
    /// (MQTT 5.0, 3.14.2.1); on 3.1.1 the client closes without DISCONNECT.
    public var publishesWillOnStop = false
    /// After this time without traffic the client asks the broker whether it is there, and gives it up after
    /// half of it again. In whole seconds up to 65,535; zero never asks. Default 30 s.
    public var keepAlive = Duration.seconds(30)
    /// How many received messages may be unacknowledged, and how many may wait for handlers; with more, the
    /// client stops reading. 1 or more, default 100.
    public var receiveMaximum: UInt16 = 100
    /// Whether a broker may exceed `receiveMaximum`. Default true: the client stops reading, so nothing grows
    /// without bound. False ends the connection (MQTT 5.0, 3.3.4), which with mosquitto 2.0.11 can go on for
    /// ever: it exceeds the number when it releases a long queue.
    public var allowsExcessMessages = true
    /// The largest packet to accept, in bytes; 1,024 or more, default 256 KiB.
    ///
    /// It is announced to a broker of 5.0, and one that sends a larger packet nevertheless is disconnected.
    /// On 3.1.1 a larger message arrives without its payload: see `ReceivedMessage.isPayloadTruncated`.
    public var maximumPacketSize = 256 * 1024
    /// How many topics the broker may abbreviate (MQTT 5.0, 3.1.2.11.5). Default 0.
    public var topicAliasMaximum: UInt16 = 0
    /// How many topics the client abbreviates, if the broker allows as many: worth it for few, long topics.
    /// Default 0.
    public var outgoingTopicAliasMaximum: UInt16 = 0
    /// How many messages may wait to be sent or acknowledged; `publish` throws beyond. Default 1,000.
    public var outgoingQueueLimit = 1000
    /// How many bytes their packets may have together. Default 16 MiB.
    public var outgoingQueueByteLimit = 16 * 1024 * 1024
    /// How many of them may be on the wire unacknowledged, if the broker allows as many. 1 or more, default
    /// 65,535.
    public var sendMaximum = UInt16.max
    /// Asks the broker where answers to this client may be sent: see `ConnectedState.responseInformation`.
    /// Default false.
    public var requestsResponseInformation = false
    /// What else CONNECT says. Default nothing.
    public var userProperties: [UserProperty] = []
    /// For the connection, the TLS handshake and the opening of the WebSocket together, and for each address
    /// anew. Default 10 s.
    public var connectTimeout = Duration.seconds(10)
    /// For CONNACK, SUBACK, UNSUBACK and AUTH each, and at most for PINGRESP. Default 10 s.
    public var answerTimeout = Duration.seconds(10)
    /// For an acknowledgement of any message on the wire; then the connection is given up, and the messages are
    /// sent again on the next. nil waits for ever. Default 60 s.
    public var acknowledgementTimeout: Duration? = .seconds(60)
    /// For messages under way, at a graceful shutdown. Default 5 s.
    public var drainTimeout = Duration.seconds(5)
    /// Between attempts to connect, and between attempts of a handler.
    public var backoff = ReconnectBackoff()

    /// Everything else has its default.
    public init(addresses: [BrokerAddress], clientIdentifier: String) {
      self.addresses = addresses
      self.clientIdentifier = clientIdentifier
    }

    /// Everything else has its default.
    public init(address: BrokerAddress, clientIdentifier: String) {
      self.init(addresses: [address], clientIdentifier: clientIdentifier)
    }

    /// TCP to port 1883, unencrypted; everything else has its default.
    public init(host: String, clientIdentifier: String) {
      self.init(address: BrokerAddress(host: host), clientIdentifier: clientIdentifier)
    }

    /// Checks what the session does not know of.
    ///
    /// - Throws: `MQTTError.invalidValue`, for the first address that cannot be used.
    func validate() throws(MQTTError) {
      guard !addresses.isEmpty else { throw .invalidValue("there is no address of a broker") }
      for address in addresses { try address.validate() }
    }

    var session: SessionConfiguration {
      var session = SessionConfiguration(
        broker: addresses.first?.description ?? "", clientIdentifier: clientIdentifier)
      session.brokerCount = addresses.count
      session.versions = versions
      session.cleanStart = cleanStart
      session.sessionExpiryInterval = UInt32(clamping: sessionExpiry.components.seconds)
      session.credentials = credentials
      session.authenticationMethod = authenticator?.method
      session.will = will
      session.publishesWillOnStop = publishesWillOnStop
      // Below a second it would round down to never.
      session.keepAlive =
        keepAlive > .zero ? UInt16(clamping: max(1, keepAlive.components.seconds)) : 0
      session.receiveMaximum = receiveMaximum
      session.allowsExcessMessages = allowsExcessMessages
      session.maximumPacketSize = maximumPacketSize
      session.topicAliasMaximum = topicAliasMaximum
      session.outgoingTopicAliasMaximum = outgoingTopicAliasMaximum
      session.outgoingQueueLimit = outgoingQueueLimit
      session.outgoingQueueByteLimit = outgoingQueueByteLimit
      session.sendMaximum = sendMaximum
      session.requestsResponseInformation = requestsResponseInformation
      session.userProperties = userProperties
      session.answerTime = TimeAmount(max(answerTimeout, .zero))
      session.acknowledgementTime = acknowledgementTimeout.map { TimeAmount(max($0, .zero)) }
      session.backoff = backoff
      return session
    }
  }
}
