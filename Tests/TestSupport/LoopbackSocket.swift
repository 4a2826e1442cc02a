import Glibc

/// A blocking TCP socket of the loopback interface.
package struct LoopbackSocket {
  package let descriptor: Int32
  package let port: Int

  package static func listening(port: Int = 0) throws -> LoopbackSocket {
    let descriptor = try make()
    var reuse: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
    var address = loopback(port: port)
    let bound = withSocketAddress(&address) { bind(descriptor, $0, $1) }
    guard bound == 0, listen(descriptor, 16) == 0 else {
      Glibc.close(descriptor)
      throw TestSupportError("cannot listen on port \(port): errno \(errno)")
    }
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    return LoopbackSocket(descriptor: descriptor, port: Int(UInt16(bigEndian: address.sin_port)))
  }

  /// Whether something accepts connections on `port`.
  package static func canConnect(port: Int) -> Bool {
    guard let descriptor = try? make() else { return false }
    defer { _ = Glibc.close(descriptor) }
    var address = loopback(port: port)
    return withSocketAddress(&address) { connect(descriptor, $0, $1) } == 0
  }

  /// The next connection; nil if none comes within the time.
  package func accept(within milliseconds: Int32) -> LoopbackSocket? {
    guard isReadable(within: milliseconds) else { return nil }
    let accepted = Glibc.accept(descriptor, nil, nil)
    return accepted < 0 ? nil : LoopbackSocket(descriptor: accepted, port: port)
  }

  package func isReadable(within milliseconds: Int32) -> Bool {
    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return Glibc.poll(&poll, 1, milliseconds) > 0
  }

  /// What has come, at most `count` bytes; empty at the end of the connection.
  package func read(atMost count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let length = recv(descriptor, &bytes, count, 0)
    return Array(bytes.prefix(max(0, length)))
  }

  package func write(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard written > 0 else { return }
      rest = rest.dropFirst(written)
    }
  }

  package func close() { _ = Glibc.close(descriptor) }

  private static func make() throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw TestSupportError("no socket: errno \(errno)") }
    return descriptor
  }

  private static func loopback(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }

  private static func withSocketAddress(
    _ address: inout sockaddr_in,
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}
