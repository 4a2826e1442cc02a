// MQTTProtocol: the MQTT 5.0 and 3.1.1 packets and the state of a client's session, without input or output.

/// A version of the MQTT protocol, as negotiated by CONNECT.
public enum ProtocolVersion: Sendable, Hashable, CustomStringConvertible {
  case v3_1_1
  case v5

  /// The protocol level byte of CONNECT (MQTT 5.0, 3.1.2.2).
  package var level: UInt8 {
    switch self {
    case .v3_1_1: 4
    case .v5: 5
    }
  }

  public var description: String {
    switch self {
    case .v3_1_1: "MQTT 3.1.1"
    case .v5: "MQTT 5.0"
    }
  }
}

/// What a client tries to speak.
public enum VersionPreference: Sendable, Hashable {
  /// 5.0, and 3.1.1 with a broker that does not take it.
  case newest
  case only(ProtocolVersion)
}

/// What becomes of a message while it waits to be sent.
public enum QueuePolicy: Sendable, Hashable {
  /// It waits, in order; a full queue refuses it.
  case keepAll
  /// It waits, and withdraws an older message of the same topic and policy that still waits: of a state, only
  /// the latest counts.
  case keepLatest
  /// It does not wait for a connection: without one it is refused.
  case refuse
}

/// How hard sender and receiver try to get a message across (MQTT 5.0, 4.3).
public enum QualityOfService: UInt8, Sendable, Hashable, Comparable {
  case atMostOnce = 0
  case atLeastOnce
  case exactlyOnce

  public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// Whether a broker sends retained messages when a subscription is made (MQTT 5.0, 3.8.3.1).
///
/// A 3.1.1 broker knows only ``always``.
public enum RetainHandling: UInt8, Sendable, Hashable {
  /// With every subscription, so also after each reconnect.
  case always = 0
  /// Only if the session did not have the subscription yet.
  case whenNew
  /// Never.
  case never
}
