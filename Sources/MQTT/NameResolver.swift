import NIOCore
import NIOPosix

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Looks the addresses of one host up, by the system's resolver, on NIO's threads for what blocks.
///
/// NIO's own way begins libdispatch's threads, which wake once a second for as long as the program runs.
final class NameResolver: Resolver, Sendable {
  /// Why there are no addresses, in the system's words.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Both queries are one to the system.
  private let addresses: EventLoopFuture<[SocketAddress]>

  /// Begins to look.
  init(host: String, port: Int, on eventLoop: any EventLoop) {
    addresses = NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
      try Self.addresses(of: host, port: port)
    }
  }

  func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
    addresses.map { addresses in addresses.filter { $0.protocol == .inet } }
  }

  func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
    addresses.map { addresses in addresses.filter { $0.protocol == .inet6 } }
  }

  /// What the system was asked cannot be taken back.
  func cancelQueries() {}

  private static func addresses(of host: String, port: Int) throws(Failure) -> [SocketAddress] {
    var hints = addrinfo()
    hints.ai_protocol = numericCast(IPPROTO_TCP)
    var first: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, "\(port)", &hints, &first)
    guard code == 0, let first else { throw Failure(description: String(cString: gai_strerror(code))) }
    defer { freeaddrinfo(first) }
    return sequence(first: first) { $0.pointee.ai_next }.compactMap { entry in
      let address = UnsafeRawPointer(entry.pointee.ai_addr)
      switch entry.pointee.ai_family {
      case AF_INET:
        return (address?.loadUnaligned(as: sockaddr_in.self)).map { SocketAddress($0, host: host) }
      case AF_INET6:
        return (address?.loadUnaligned(as: sockaddr_in6.self)).map { SocketAddress($0, host: host) }
      default: return nil
      }
    }
  }
}
