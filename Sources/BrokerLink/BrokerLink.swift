// BrokerLink: how all three programs meet the broker: their settings, their availability, their payloads.
package import Appliance
package import DoorWire
package import MQTT
package import MQTTProtocol
import NIOCore

extension MQTTClient.Configuration {
  /// A connection as the `[broker]` table has it.
  ///
  /// - Parameter availability: the topic that says `offline` as soon as the connection is lost or ended.
  package init(broker: BrokerSettings, clientIdentifier: String, availability: String? = nil) {
    let tls = broker.tls.map { settings in
      var tls = BrokerAddress.TLS()
      tls.authorityFile = settings.authorityFile
      tls.certificateFile = settings.certificateFile
      tls.privateKeyFile = settings.privateKeyFile
      return tls
    }
    self.init(
      address: BrokerAddress(host: broker.host, port: broker.port, tls: tls),
      clientIdentifier: clientIdentifier
    )
    credentials = broker.userName.map { Credentials(userName: $0, password: broker.password?.reveal()) }
    keepAlive = broker.keepAlive
    // A door that opens must not wait for longer once the broker is back; a house has few clients.
    backoff.ceiling = .seconds(10)
    will = availability.map { Will(.availability(.offline, topic: $0)) }
    publishesWillOnStop = true
  }
}

extension ConnectionState {
  /// How the connection stands, for a person; nil while another is only being made.
  package var standing: String? {
    switch self {
    case .idle, .connecting: nil
    case .connected: "connected"
    case .waiting(_, let reason): "\(reason)"
    case .stopped: "disconnected"
    }
  }
}

extension Message {
  /// What an availability topic holds.
  package static func availability(_ availability: Availability, topic: String) -> Message {
    Message(topic: topic, payload: Array(availability.rawValue.utf8), retain: true)
  }

  /// A message of ours: at least once, and retained where it is a state.
  package init(topic: String, payload: [UInt8], retain: Bool = false) {
    self.init(
      topic: topic, payload: ByteBuffer(bytes: payload), qualityOfService: .atLeastOnce, retain: retain)
  }
}

extension ReceivedMessage {
  /// Whether the payload is this word.
  package func says(_ word: String) -> Bool { payload.readableBytesView.elementsEqual(word.utf8) }

  /// The payload's bytes.
  ///
  /// - Throws: where the payload was too long to be taken in.
  package func wholePayload() throws(WireError) -> [UInt8] {
    guard !isPayloadTruncated else { throw WireError("the payload is far too long for any message here") }
    return Array(payload.readableBytesView)
  }
}

extension Topics {
  /// The root that the settings name, or `dooralarm`.
  package static func read(from table: SettingsTable) throws(SettingsError) -> Topics {
    try table.value("topic_root") { root throws(TopicRootError) in try Topics(root: root) } ?? .standard
  }

  /// Where Home Assistant looks for devices; nil where the settings have no `[home_assistant]`.
  package static func discoveryPrefix(from table: SettingsTable) throws(SettingsError) -> String? {
    try table.table("home_assistant").map { (table) throws(SettingsError) in
      try table.value("discovery_prefix") { prefix throws(TopicRootError) in try Topics(root: prefix).root }
        ?? "homeassistant"
    }
  }
}
