public import MQTTProtocol

/// Where a client is with its connection.
public enum ConnectionState: Sendable, Hashable {
  /// `run` has not been called.
  case idle
  /// One of the addresses is being connected to, until SUBACK has come.
  case connecting
  /// CONNACK has come, and SUBACK for all routes.
  case connected(ConnectedState)
  /// The connection failed for `reason`; the next attempt is made at `until`.
  case waiting(until: ContinuousClock.Instant, reason: ConnectionFailure)
  /// `run` has ended. The reason is that of the last failure if there was no connection at the end.
  case stopped(reason: ConnectionFailure?)
}
