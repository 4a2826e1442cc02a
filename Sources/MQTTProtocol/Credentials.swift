/// What a client identifies itself with (MQTT 5.0, 3.1.3.5 and 3.1.3.6).
///
/// The password shows in no description, debug description or mirror.
public struct Credentials: Sendable, Hashable {
  /// At most 65,535 bytes, without U+0000.
  public var userName: String
  package var password: String?

  /// - Parameters:
  ///   - userName: At most 65,535 bytes, without U+0000.
  ///   - password: At most 65,535 bytes of UTF-8; nil sends none.
  public init(userName: String, password: String?) {
    self.userName = userName
    self.password = password
  }
}

extension Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String {
    "user \(userName), \(password == nil ? "no password" : "password not shown")"
  }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["userName": userName]) }
}
