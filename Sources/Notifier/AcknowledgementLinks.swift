import AlarmStore
import Crypto
import DoorCore
import Foundation

/// Links by which a person says that they know of one alert. Whoever has such a link can do that and nothing else, until it
/// expires: it names the alert, the channel it was sent through and its end, and is signed with a key of the store.
struct AcknowledgementLinks: Sendable {
  /// What a link stands for.
  struct Grant: Sendable, Equatable {
    var alert: String
    var channel: Identifier
  }

  enum Reading: Sendable, Equatable {
    case valid(Grant)
    case expired(Grant)
    /// It is none of ours.
    case invalid
  }

  private static let purpose = "dooralarm acknowledgement\n"
  private static let memory = "acknowledgement key"

  private let base: String
  private let lifetime: Duration
  private let key: SymmetricKey

  /// - Parameters:
  ///   - base: where people reach the notifier's web server.
  ///   - lifetime: of a link, from the writing of its message on.
  init(base: String, lifetime: Duration, key: [UInt8]) {
    self.base = base
    self.lifetime = lifetime
    self.key = SymmetricKey(data: key)
  }

  /// The key that a store holds; it draws one when it is asked first.
  static func key(of store: AlarmStore) async throws(AlarmStoreError) -> [UInt8] {
    try await store.transact { store in
      if let key = try store.remembered(Self.memory, as: [UInt8].self) { return key }
      let key = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
      try store.remember(key, as: Self.memory)
      return key
    }
  }

  /// Those of a notifier; nil where people do not reach its web server.
  static func of(
    _ settings: NotifierSettings, _ store: AlarmStore
  ) async throws(AlarmStoreError) -> AcknowledgementLinks? {
    guard let web = settings.web, let base = web.publicAddress else { return nil }
    return AcknowledgementLinks(base: base, lifetime: web.linkLifetime, key: try await key(of: store))
  }

  /// The same with every try of a message.
  func address(for alert: String, through channel: Identifier, from start: Timestamp) -> String {
    let end = start.advanced(by: lifetime).milliseconds / 1_000
    let content = "\(Self.text(of: Array(alert.utf8))).\(channel).\(end)"
    return "\(base)/ack/\(content).\(Self.text(of: signature(of: content)))"
  }

  /// Reads what stands behind `/ack/`.
  func read(_ token: String, now: Timestamp) -> Reading {
    guard token.utf8.count <= 1_024 else { return .invalid }
    let parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 4, let code = Self.bytes(of: parts[3]),
      HMAC<SHA256>.isValidAuthenticationCode(
        code, authenticating: Array((Self.purpose + parts[0...2].joined(separator: ".")).utf8), using: key),
      let alert = Self.bytes(of: parts[0]), let channel = try? Identifier(parts[1]), let end = Int64(parts[2])
    else { return .invalid }
    let grant = Grant(alert: String(decoding: alert, as: UTF8.self), channel: channel)
    return now.milliseconds / 1_000 <= end ? .valid(grant) : .expired(grant)
  }

  private func signature(of content: String) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: Array((Self.purpose + content).utf8), using: key))
  }

  // RFC 4648, 5, without padding.

  private static func text(of bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
      "=", with: "")
  }

  private static func bytes(of text: String) -> [UInt8]? {
    let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
    return Data(base64Encoded: text.replacing("-", with: "+").replacing("_", with: "/") + padding).map(
      Array.init)
  }
}
