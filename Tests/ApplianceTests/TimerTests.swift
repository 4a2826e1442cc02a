import Appliance
import Synchronization
import TestSupport
import Testing

@Suite("Timers")
struct TimerTests {
  @Test("fire once, not before their time")
  func fires() async throws {
    let fired = Atomic(0)
    let start = ContinuousClock.now
    let end = Mutex<ContinuousClock.Instant?>(nil)
    _ = Timer(after: .milliseconds(20)) {
      fired.add(1, ordering: .relaxed)
      end.withLock { $0 = .now }
    }
    try await eventually("the timer") { fired.load(ordering: .relaxed) > 0 }
    #expect(try #require(end.withLock { $0 }) - start >= .milliseconds(20))
    try await pause(for: .milliseconds(30))
    #expect(fired.load(ordering: .relaxed) == 1)
  }

  @Test("do not fire when they are cancelled")
  func cancelled() async throws {
    let fired = Atomic(0)
    let timer = Timer(after: .milliseconds(20)) { fired.add(1, ordering: .relaxed) }
    timer.cancel()
    try await pause(for: .milliseconds(40))
    #expect(fired.load(ordering: .relaxed) == 0)
  }

  @Test("let a task pause, until it is cancelled")
  func pauses() async throws {
    let start = ContinuousClock.now
    try await pause(for: .milliseconds(20))
    #expect(ContinuousClock.now - start >= .milliseconds(20))

    let long = Task { try await pause(for: .seconds(3_600)) }
    long.cancel()
    await #expect(throws: CancellationError.self) { try await long.value }
  }
}
