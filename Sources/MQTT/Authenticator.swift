public import NIOCore

/// The client's side of an authentication method, beyond user name and password (MQTT 5.0, 4.12).
///
/// What it throws ends the connection; its text is logged, so it must hold no
/// secret.
public protocol Authenticator: Sendable {
  /// The name of the method, such as `SCRAM-SHA-256`: 1 to 65,535 bytes.
  var method: String { get }

  /// The data that begins an exchange, in CONNECT or, on a standing connection, in AUTH; nil sends none.
  func initialData() throws -> ByteBuffer?

  /// The answer to a step of the broker's.
  func answer(to challenge: ByteBuffer?) async throws -> ByteBuffer?

  /// The broker accepts the client. What it says at the end may prove the broker's own identity: nothing is
  /// sent or received before this has returned.
  func finish(with data: ByteBuffer?) async throws
}
