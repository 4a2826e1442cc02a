/// What a stage waits on that has something to do at a time of its own, and whenever others say so.
final class Waker: Sendable {
  private let wakes: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() {
    // What wakes a stage says nothing but that: one that waits is as good as many.
    (wakes, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// There is something to do.
  func wake() { continuation.yield() }

  /// Calls `work` at once, then whenever somebody wakes it, and when the time is over that it returns (nil: none);
  /// until the task is cancelled.
  func run(_ work: () async throws -> Duration?) async throws {
    wake()
    var timer: Task<Void, Never>?
    defer { timer?.cancel() }
    for await _ in wakes {
      let wait = try await work()
      timer?.cancel()
      timer = wait.map { wait in
        Task { [continuation] in
          guard (try? await Task.sleep(for: wait)) != nil else { return }
          continuation.yield()
        }
      }
    }
  }
}
