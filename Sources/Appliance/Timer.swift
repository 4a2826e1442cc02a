import NIOCore
import NIOPosix

/// Calls something once, later. On NIO's timers: those of `Task.sleep` begin libdispatch's threads, which wake once a
/// second for as long as the program runs.
package struct Timer: Sendable {
  private let task: Scheduled<Void>

  /// - Parameter fire: called on NIO's thread; must not block.
  package init(after duration: Duration, _ fire: @escaping @Sendable () -> Void) {
    task = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: TimeAmount(duration), fire)
  }

  /// Nothing is called any more.
  package func cancel() { task.cancel() }

  fileprivate func end() async throws { try await task.futureResult.get() }
}

/// Waits as `Task.sleep` does, on a ``Timer``.
///
/// - Throws: `CancellationError`.
package func pause(for duration: Duration) async throws {
  let timer = Timer(after: duration) {}
  do {
    try await withTaskCancellationHandler {
      try await timer.end()
    } onCancel: {
      timer.cancel()
    }
  } catch {
    throw CancellationError()
  }
}
