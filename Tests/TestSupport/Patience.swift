// TestSupport: brokers to test against, real and scripted, and patience.

import Synchronization

/// What went wrong with the test's own equipment, rather than with what it tests.
package struct TestSupportError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

/// A TCP port of the loopback interface that nobody uses, and that this process gets only once.
///
/// It is below the range from which the kernel takes the ports of clients, so that none of those is in the way
/// when a broker starts again.
package func freePort() throws -> Int {
  let listener = try listenerOnFreePort()
  listener.close()
  return listener.port
}

/// One that listens on such a port. Whoever closes it and listens again may find it taken: a process that is just being
/// started has a copy of it for a moment.
func listenerOnFreePort() throws -> LoopbackSocket {
  for _ in 0..<1000 {
    let port = Int.random(in: 12_000..<32_000)
    guard takenPorts.withLock({ $0.insert(port).inserted }) else { continue }
    if let listener = try? LoopbackSocket.listening(port: port) { return listener }
  }
  throw TestSupportError("no free port found")
}

private let takenPorts = Mutex<Set<Int>>([])

/// Waits until `condition` holds; polls, and throws after a time that only a hang can exceed.
package func eventually(
  within limit: Duration = .seconds(60),
  _ what: String = "the condition",
  _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + limit
  while try await !condition() {
    guard ContinuousClock.now < deadline else {
      throw TestSupportError("\(what) did not come true in \(limit)")
    }
    try await Task.sleep(for: .milliseconds(10))
  }
}
