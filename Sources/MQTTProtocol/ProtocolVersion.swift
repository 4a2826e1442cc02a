// MQTTProtocol: the MQTT 5.0 and 3.1.1 packets and the state of a client's session, without input or output.

/// A version of the MQTT protocol, as negotiated by CONNECT.
public enum ProtocolVersion: Sendable, Hashable, CustomStringConvertible {
  /// MQTT 3.1.1, the OASIS standard of 2014.
  case v3_1_1
  /// MQTT 5.0, the OASIS standard of 2019.
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
  /// This version, or no connection.
  case only(ProtocolVersion)
}

/// What becomes of a message while it waits to be sent.
public enum QueuePolicy: Sendable, Hashable {
  /// It waits, in order; a full queue refuses it.
  case keepAll
  /// It waits, and withdraws an older message of the same topic and policy that still waits: of a state, only
  /// the latest counts.
  case keepLatest
  /// It does not wait for a connection: without one it is refused, also if the one is lost before it was sent.
  case refuse
}

/// How hard sender and receiver try to get a message across (MQTT 5.0, 4.3).
public enum QualityOfService: UInt8, Sendable, Hashable, Comparable {
  /// 0: sent, and forgotten.
  case atMostOnce = 0
  /// 1: sent again on every connection until it is acknowledged.
  case atLeastOnce
  /// 2: as 1, and the receiver recognises it when it comes again in the same session.
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
