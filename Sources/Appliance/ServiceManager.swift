import Glibc

/// What starts the program and wants to know how it is doing: systemd, by the protocol of sd_notify(3). Without it,
/// nobody is told anything.
package struct ServiceManager: Sendable {
  /// The datagram socket of NOTIFY_SOCKET; nil where nobody asked.
  private let socketPath: String?
  /// Within which time it wants to hear again and again that the program is ``alive()``; nil where it does not.
  package let watchdogPeriod: Duration?

  /// - Parameters:
  ///   - socketPath: an absolute path, or a name in the abstract space after `@`; others are ignored.
  ///   - watchdogPeriod: how long it waits for a sign of life.
  package init(socketPath: String?, watchdogPeriod: Duration? = nil) {
    self.socketPath = socketPath.flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
    self.watchdogPeriod = watchdogPeriod
  }

  /// As the environment has it, sd_watchdog_enabled(3) for the watchdog.
  package static var current: ServiceManager {
    let value = { (name: String) in getenv(name).map { String(cString: $0) } }
    let isMeant = value("WATCHDOG_PID").map { Int32($0) == getpid() } ?? true
    let period = value("WATCHDOG_USEC").flatMap(Int64.init).map { Duration.microseconds($0) }
    return ServiceManager(
      socketPath: value("NOTIFY_SOCKET"),
      watchdogPeriod: period.flatMap { isMeant && $0 > .zero ? $0 : nil })
  }

  /// The program does its work from now on. Without this systemd gives up on it, so it waits for a second where
  /// systemd is busy; false if it could not be told and is to be told again.
  package func ready() -> Bool { notify("READY=1", within: 1) }

  /// One line for people who ask `systemctl status`.
  package func status(_ text: String) {
    _ = notify("STATUS=" + text.map { $0.isNewline ? " " : $0 })
  }

  /// The program still does its work.
  package func alive() { _ = notify("WATCHDOG=1") }

  /// The program begins to take its settings anew; ``ready()`` says that it has.
  package func reloading() {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    _ = notify(
      "RELOADING=1\nMONOTONIC_USEC=\(Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)", within: 1
    )
  }

  /// The program is ending in good order.
  package func stopping() { _ = notify("STOPPING=1") }

  /// Best effort, as sd_notify's: a service manager that cannot be reached must not keep the program from its work.
  ///
  /// - Parameter seconds: how long to wait for room in the socket's queue, at most.
  /// - Returns: whether it was told; true also where nobody asked.
  private func notify(_ message: String, within seconds: Int? = nil) -> Bool {
    guard let socketPath else { return true }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var path = Array(socketPath.utf8)
    // The abstract space is marked by NUL.
    if path.first == UInt8(ascii: "@") { path[0] = 0 }
    guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path).map { socklen_t($0 + path.count) } ?? 0
    let bytes = Array(message.utf8)
    var limit = timeval(tv_sec: seconds ?? 0, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let waiting = seconds == nil ? Int32(MSG_DONTWAIT) : 0
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | waiting, address, length) == bytes.count
      }
    }
  }
}
