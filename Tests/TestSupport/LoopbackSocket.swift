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

  package static func connected(port: Int) throws -> LoopbackSocket {
    let descriptor = try make()
    var address = loopback(port: port)
    guard withSocketAddress(&address, { connect(descriptor, $0, $1) }) == 0 else {
      Glibc.close(descriptor)
      throw TestSupportError("cannot connect to port \(port): errno \(errno)")
    }
    return LoopbackSocket(descriptor: descriptor, port: port)
  }

  /// Whether something accepts connections on `port`.
  package static func canConnect(port: Int) -> Bool {
    guard let socket = try? connected(port: port) else { return false }
    socket.close()
    return true
  }

  /// The next connection; nil if none comes within the time.
  package func accept(within milliseconds: Int32) -> LoopbackSocket? {
    guard isReadable(within: milliseconds) else { return nil }
    let accepted = Glibc.accept(descriptor, nil, nil)
    // A child process that had it, too, would keep the connection open when this process closes it.
    _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
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

  /// What is there, at most `count` bytes; nil if nothing is, empty at the end of the connection.
  package func readNow(atMost count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    let length = recv(descriptor, &bytes, count, Int32(MSG_DONTWAIT))
    if length < 0, errno == EAGAIN { return nil }
    return Array(bytes.prefix(max(0, length)))
  }

  /// Writes what fits; returns how many bytes that were. Those that the other side does not want any more count.
  package func writeNow(_ bytes: ArraySlice<UInt8>) -> Int {
    let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
    let written = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, flags) }
    guard written < 0 else { return written }
    return errno == EAGAIN ? 0 : bytes.count
  }

  /// Every write becomes a segment of its own.
  package func sendAtOnce() {
    var isSet: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isSet, socklen_t(MemoryLayout<Int32>.size))
  }

  /// The other side reads an end, while this one still can read.
  package func endOutput() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// `close` drops what is unsent, and the other side gets an error.
  package func resetWhenClosed() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
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
