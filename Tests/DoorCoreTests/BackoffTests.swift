import DoorCore
import TestSupport
import Testing

@Suite("Back-off")
struct BackoffTests {
  private let backoff = Backoff(initial: .seconds(1), ceiling: .seconds(300))

  @Test(
    "doubles with every failure up to its ceiling",
    arguments: [
      (1, 1), (2, 2), (3, 4), (8, 128), (9, 256), (10, 300), (11, 300), (64, 300), (65, 300),
      (1_000_000, 300),
      (Int.max, 300),
    ]
  )
  func doubles(_ failures: Int, _ longest: Int) {
    #expect(backoff.wait(afterFailures: failures, fraction: 1) == .seconds(longest))
    #expect(backoff.wait(afterFailures: failures, fraction: 0) == .seconds(longest) / 2)
  }

  @Test("treats no failure as the first one", arguments: [0, -1, -1_000])
  func noFailure(_ failures: Int) {
    #expect(backoff.wait(afterFailures: failures, fraction: 1) == .seconds(1))
  }

  @Test("spreads over the upper half of its range and never beyond it")
  func jitter() {
    for seed in UInt64(0)..<1_000 {
      var random = SeededGenerator(seed: seed)
      let failures = Int.random(in: 1...100, using: &random)
      let fraction = Double.random(in: 0...1, using: &random)
      let wait = backoff.wait(afterFailures: failures, fraction: fraction)
      let longest = backoff.wait(afterFailures: failures, fraction: 1)
      #expect(wait >= longest / 2 && wait <= longest, "seed \(seed)")
      #expect(wait <= backoff.ceiling, "seed \(seed)")
    }
  }

  @Test("keeps to its range where the fraction is none", arguments: [-1.0, -0.001, 1.001, 99, .infinity])
  func clampsFraction(_ fraction: Double) {
    let wait = backoff.wait(afterFailures: 3, fraction: fraction)
    #expect(wait == (fraction < 0 ? .seconds(2) : .seconds(4)))
  }

  @Test("that begins above its ceiling stays at the ceiling")
  func ceilingBelowInitial() {
    let backoff = Backoff(initial: .seconds(10), ceiling: .seconds(4))
    #expect(backoff.wait(afterFailures: 1, fraction: 1) == .seconds(4))
  }
}
