import NIOCore
import NIOPosix
import Testing

@testable import MQTT

@Suite("Looking hosts up")
struct NameResolverTests {
  private func addresses(of host: String) async throws -> (v4: [SocketAddress], v6: [SocketAddress]) {
    let resolver = NameResolver(host: host, port: 1883, on: MultiThreadedEventLoopGroup.singleton.next())
    return (
      try await resolver.initiateAQuery(host: host, port: 1883).get(),
      try await resolver.initiateAAAAQuery(host: host, port: 1883).get()
    )
  }

  @Test("finds an address by itself, of its own family only")
  func numbers() async throws {
    let four = try await addresses(of: "127.0.0.1")
    #expect(four.v4.map(\.ipAddress) == ["127.0.0.1"])
    #expect(four.v4.map(\.port) == [1883])
    #expect(four.v6 == [])

    let six = try await addresses(of: "::1")
    #expect(six.v4 == [])
    #expect(six.v6.map(\.ipAddress) == ["::1"])
  }

  @Test("finds a name's addresses")
  func name() async throws {
    let found = try await addresses(of: "localhost")
    #expect((found.v4 + found.v6).contains { ["127.0.0.1", "::1"].contains($0.ipAddress) })
  }

  @Test("says in the system's words that there is none")
  func unknown() async throws {
    let error = await #expect(throws: NameResolver.Failure.self) {
      try await addresses(of: "no-such-host.invalid")
    }
    #expect(error?.description.isEmpty == false)
  }
}
