import Foundation
import Glibc
import Synchronization

/// A TCP proxy on the loopback interface that does to the bytes between clients and a broker what a bad network
/// does. It works in a thread of its own, which ends with the test.
package final class FaultyProxy: Sendable {
  package enum Direction: Sendable, CaseIterable {
    case toBroker
    case toClient
  }

  /// What happens to the bytes as they pass, in percent of what is read at a time.
  package struct Weather: Sendable {
    /// How many of them are forwarded one byte at a time.
    package var splits = 0
    /// How many of them wait a moment, and are merged with what comes meanwhile.
    package var holds = 0

    package init(splits: Int = 0, holds: Int = 0) {
      self.splits = splits
      self.holds = holds
    }
  }

  private struct State {
    var listener: LoopbackSocket?
    var isRefusing = false
    var isEnding = false
    var weather = Weather()
    var generator: SeededGenerator
    var links: [ProxyLink] = []
    var acceptedCount = 0
    var cutCount = 0
  }

  package let port: Int
  private let brokerPort: Int
  private let state: Mutex<State>

  private init(to brokerPort: Int, seed: UInt64) throws {
    self.brokerPort = brokerPort
    let listener = try listenerOnFreePort()
    port = listener.port
    state = Mutex(State(listener: listener, generator: SeededGenerator(seed: seed)))
    Thread.detachNewThread { while self.takeTurn() {} }
  }

  /// Runs a proxy for as long as the closure takes.
  ///
  /// - Parameter seed: Of the sizes in which the bytes are read, and of what the weather does to them.
  package static func with<Result>(
    to brokerPort: Int, seed: UInt64 = 0, _ body: (FaultyProxy) async throws -> Result
  ) async throws -> Result {
    let proxy = try FaultyProxy(to: brokerPort, seed: seed)
    defer { proxy.state.withLock { $0.isEnding = true } }
    return try await body(proxy)
  }

  /// How many connections it has taken.
  package var acceptedCount: Int { state.withLock { $0.acceptedCount } }

  /// How many connections it has cut.
  package var cutCount: Int { state.withLock { $0.cutCount } }

  // MARK: Faults

  /// From now on, for all connections.
  package func setWeather(_ weather: Weather) { state.withLock { $0.weather = weather } }

  /// Cuts every connection, on both sides, with what is still in it.
  package func cut() {
    changeLinks { $0.isCut = true }
  }

  /// Cuts every connection in the middle of what passes next.
  package func cutInTheMiddle(_ direction: Direction) {
    changeLinks { $0[direction].isCutInTheMiddle = true }
  }

  /// Every connection that there is takes bytes and forwards none, nor the end of the connection, until
  /// ``release()``.
  package func stall(_ directions: [Direction] = Direction.allCases) {
    changeLinks { link in
      for direction in directions { link[direction].isStalled = true }
    }
  }

  /// Forwards what has been stalled.
  package func release() {
    changeLinks { link in
      for direction in Direction.allCases { link[direction].isStalled = false }
    }
  }

  /// Whether new connections are refused; returns when that is in force.
  package func setRefusing(_ isRefusing: Bool) async throws {
    state.withLock { $0.isRefusing = isRefusing }
    try await eventually("the proxy's listener") { state.withLock { ($0.listener == nil) == isRefusing } }
  }

  private func changeLinks(_ change: (inout ProxyLink) -> Void) {
    state.withLock { state in
      for index in state.links.indices { change(&state.links[index]) }
    }
  }

  // MARK: The thread

  /// Waits until there is something to do, for a few milliseconds at most, and does it; false at the end.
  private func takeTurn() -> Bool {
    var polls = state.withLock { state in
      state.links.flatMap(\.polls) + [
        pollfd(fd: state.listener?.descriptor ?? -1, events: pollIn, revents: 0)
      ]
    }
    poll(&polls, nfds_t(polls.count), 5)
    return state.withLock { state in
      guard !state.isEnding else {
        for link in state.links { link.close(withReset: true) }
        state.listener?.close()
        return false
      }
      listen(&state)
      for index in state.links.indices { state.links[index].pass(state.weather, &state.generator) }
      for link in state.links where link.isCut || link.isDone {
        link.close(withReset: link.isCut)
      }
      state.cutCount += state.links.count { $0.isCut }
      state.links.removeAll { $0.isCut || $0.isDone }
      return true
    }
  }

  private func listen(_ state: inout State) {
    if state.isRefusing {
      state.listener?.close()
      state.listener = nil
      return
    }
    // Where the port cannot be had yet, the next turn tries again.
    if state.listener == nil { state.listener = try? LoopbackSocket.listening(port: port) }
    while let client = state.listener?.accept(within: 0) {
      guard let broker = try? LoopbackSocket.connected(port: brokerPort) else {
        client.close()
        continue
      }
      state.acceptedCount += 1
      var link = ProxyLink(client: client, broker: broker)
      link.toBroker.name = "\(port) \(state.acceptedCount) up"
      link.toClient.name = "\(port) \(state.acceptedCount) down"
      state.links.append(link)
    }
  }
}

private let pollIn = Int16(POLLIN)

/// One connection through the proxy.
private struct ProxyLink {
  /// The bytes of one direction.
  struct Stream {
    /// A stalled stream takes so many; otherwise it takes no more before these are forwarded.
    static let stalledLimit = 16 * 1024 * 1024
    static let limit = 64 * 1024

    var name = ""
    var bytes: [UInt8] = []
    var hasEnded = false
    var isEndForwarded = false
    var isStalled = false
    var isCutInTheMiddle = false
    /// So many are forwarded one at a time.
    var singles = 0
    var notBefore = ContinuousClock.now

    var takesBytes: Bool { !hasEnded && bytes.count < (isStalled ? Self.stalledLimit : Self.limit) }
    var hasWork: Bool { !isStalled && (!bytes.isEmpty || hasEnded && !isEndForwarded) && notBefore <= .now }
  }

  let client: LoopbackSocket
  let broker: LoopbackSocket
  var toBroker = Stream()
  var toClient = Stream()
  var isCut = false

  init(client: LoopbackSocket, broker: LoopbackSocket) {
    self.client = client
    self.broker = broker
    for socket in [client, broker] { socket.sendAtOnce() }
  }

  subscript(direction: FaultyProxy.Direction) -> Stream {
    get { direction == .toBroker ? toBroker : toClient }
    set { if direction == .toBroker { toBroker = newValue } else { toClient = newValue } }
  }

  var isDone: Bool { toBroker.isEndForwarded && toClient.isEndForwarded }

  var polls: [pollfd] {
    [
      poll(client, reads: toBroker, writes: toClient), poll(broker, reads: toClient, writes: toBroker),
    ]
  }

  private func poll(_ socket: LoopbackSocket, reads: Stream, writes: Stream) -> pollfd {
    let events = (reads.takesBytes ? POLLIN : 0) | (writes.hasWork ? POLLOUT : 0)
    return pollfd(fd: events == 0 ? -1 : socket.descriptor, events: Int16(events), revents: 0)
  }

  mutating func pass(_ weather: FaultyProxy.Weather, _ generator: inout SeededGenerator) {
    isCut = isCut || Self.pass(&toBroker, from: client, to: broker, weather, &generator)
    isCut = isCut || Self.pass(&toClient, from: broker, to: client, weather, &generator)
  }

  /// Returns whether the connection is to be cut now.
  private static func pass(
    _ stream: inout Stream, from source: LoopbackSocket, to target: LoopbackSocket,
    _ weather: FaultyProxy.Weather, _ generator: inout SeededGenerator
  ) -> Bool {
    if stream.takesBytes, let read = source.readNow(atMost: .random(in: 1...8192, using: &generator)) {
      stream.bytes += read
      stream.hasEnded = read.isEmpty
      if generator.chance(weather.splits) { stream.singles += min(read.count, 500) }
      if generator.chance(weather.holds) {
        stream.notBefore = .now + .milliseconds(Int.random(in: 1...30, using: &generator))
      }
    }
    guard stream.hasWork else { return false }
    if stream.isCutInTheMiddle, !stream.bytes.isEmpty {
      _ = target.writeNow(stream.bytes.prefix(stream.bytes.count / 2))
      return true
    }
    if !stream.bytes.isEmpty {
      let count = stream.singles > 0 ? 1 : stream.bytes.count
      let written = target.writeNow(stream.bytes.prefix(count))
      stream.bytes.removeFirst(written)
      stream.singles = max(0, stream.singles - written)
    }
    if stream.hasEnded, stream.bytes.isEmpty {
      target.endOutput()
      stream.isEndForwarded = true
    }
    return false
  }

  func close(withReset: Bool) {
    for socket in [client, broker] {
      if withReset { socket.resetWhenClosed() }
      socket.close()
    }
  }
}
