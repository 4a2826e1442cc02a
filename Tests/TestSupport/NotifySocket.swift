import Glibc

/// The socket that systemd would have made; a name that begins with @ is in the abstract space.
package final class NotifySocket: Sendable {
  private let descriptor: Int32

  package init(_ name: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array(name.utf8).map { $0 == UInt8(ascii: "@") ? 0 : $0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    let length = socklen_t(2 + path.count)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
    }
    guard result == 0 else { throw TestSupportError("bind: errno \(errno)") }
  }

  deinit { close(descriptor) }

  /// What waits, without waiting.
  package func received() -> String? {
    var bytes = [UInt8](repeating: 0, count: 1_000)
    let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
    return count >= 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
  }

  /// All that waits.
  package func receivedAll() -> [String] {
    var messages: [String] = []
    while let message = received() { messages.append(message) }
    return messages
  }
}
