import Synchronization

/// Tells everybody who listens the state of the connection.
final class StateBroadcast: Sendable {
  /// A listener that falls behind misses the oldest states beyond this number.
  private static let bufferedStates = 16

  private struct Listeners {
    var current = ConnectionState.idle
    var nextKey = 0
    var continuations: [Int: AsyncStream<ConnectionState>.Continuation] = [:]
  }

  private let listeners = Mutex(Listeners())

  /// A stream of the current state and all that follow; it ends after `stopped`.
  func stream() -> AsyncStream<ConnectionState> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: ConnectionState.self,
      bufferingPolicy: .bufferingNewest(Self.bufferedStates)
    )
    let key: Int? = listeners.withLock { listeners in
      continuation.yield(listeners.current)
      if case .stopped = listeners.current { return nil }
      listeners.nextKey += 1
      listeners.continuations[listeners.nextKey] = continuation
      return listeners.nextKey
    }
    guard let key else {
      continuation.finish()
      return stream
    }
    continuation.onTermination = { [self] _ in
      _ = listeners.withLock { $0.continuations.removeValue(forKey: key) }
    }
    return stream
  }

  func send(_ state: ConnectionState) {
    let ended = listeners.withLock { listeners in
      listeners.current = state
      for continuation in listeners.continuations.values { continuation.yield(state) }
      guard case .stopped = state else { return [AsyncStream<ConnectionState>.Continuation]() }
      defer { listeners.continuations = [:] }
      return Array(listeners.continuations.values)
    }
    // Not under the lock: this runs the listeners' termination handlers, which take it.
    for continuation in ended { continuation.finish() }
  }
}
