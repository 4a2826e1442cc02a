/// The message that the broker publishes if the connection ends without DISCONNECT (MQTT 5.0, 3.1.2.5).
public struct Will: Sendable, Equatable {
  /// Its payload has 65,535 bytes at most.
  public var message: Message
  /// Seconds between the connection's end and the will, which a new connection of the session calls off. 5.0
  /// only. Default 0.
  public var delayInterval: UInt32

  /// - Parameters:
  ///   - message: What the broker publishes.
  ///   - delayInterval: In seconds (MQTT 5.0, 3.1.3.2.2).
  public init(_ message: Message, delayInterval: UInt32 = 0) {
    self.message = message
    self.delayInterval = delayInterval
  }
}
