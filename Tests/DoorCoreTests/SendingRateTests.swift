import DoorCore
import TestSupport
import Testing

@Suite("A sending rate")
struct SendingRateTests {
  private let rate = SendingRate(burst: 3, pause: .seconds(5))

  private func time(_ milliseconds: Int64) -> MonotonicTime {
    MonotonicTime(nanoseconds: milliseconds * 1_000_000)
  }

  @Test("lets its burst through at once, and then says how long to wait")
  func usedUp() {
    var budget = RateBudget(rate)
    for _ in 1...3 { #expect(budget.take(at: time(1_000)) == nil) }
    #expect(budget.take(at: time(1_000)) == .seconds(5))
    #expect(budget.take(at: time(2_500)) == .milliseconds(3_500), "asking costs nothing")
    #expect(budget.take(at: time(5_999)) == .milliseconds(1))
  }

  @Test("lets one more through after each pause")
  func refills() {
    var budget = RateBudget(rate)
    for _ in 1...3 { #expect(budget.take(at: time(0)) == nil) }
    for pause in Int64(1)...10 {
      #expect(budget.take(at: time(pause * 5_000)) == nil)
      #expect(budget.take(at: time(pause * 5_000)) == .seconds(5))
    }
    // Two of three are back.
    #expect(budget.take(at: time(60_000)) == nil)
    #expect(budget.take(at: time(60_000)) == nil)
    #expect(budget.take(at: time(60_000)) == .seconds(5))
  }

  @Test("never lets more than its burst through at once, however long it was quiet")
  func burst() {
    var budget = RateBudget(rate)
    for start in [Int64(0), 1_000_000, 1_000_000_000] {
      for _ in 1...3 { #expect(budget.take(at: time(start)) == nil) }
      #expect(budget.take(at: time(start)) == .seconds(5))
    }
  }

  @Test("of one at once is one in each pause; less than one there is not", arguments: [1, 0, -1])
  func single(_ burst: Int) {
    let rate = SendingRate(burst: burst, pause: .seconds(1))
    #expect(rate.burst == 1)
    var budget = RateBudget(rate)
    #expect(budget.take(at: time(0)) == nil)
    #expect(budget.take(at: time(400)) == .milliseconds(600))
    #expect(budget.take(at: time(1_000)) == nil)
    #expect(budget.take(at: time(1_000)) == .seconds(1))
  }

  @Test("is kept in every stretch of time, and what it says to wait is enough and not too much")
  func always() {
    for seed in UInt64(0)..<50 {
      var random = SeededGenerator(seed: seed)
      let rate = SendingRate(
        burst: Int.random(in: 1...6, using: &random),
        pause: .milliseconds(Int64.random(in: 1...5_000, using: &random)))
      let pause = rate.pause.wholeMilliseconds
      var budget = RateBudget(rate)
      var now = Int64(0)
      var sent: [Int64] = []
      for _ in 0..<100 {
        now += random.chance(30) ? Int64.random(in: 0...20_000, using: &random) : 0
        if let wait = budget.take(at: time(now)) {
          #expect(wait > .zero && wait <= rate.pause, "seed \(seed)")
          #expect(budget.take(at: time(now + wait.wholeMilliseconds - 1)) == .milliseconds(1), "seed \(seed)")
          now += wait.wholeMilliseconds
          #expect(budget.take(at: time(now)) == nil, "seed \(seed)")
        }
        sent.append(now)
      }
      // Of any messages in a row, all but a burst have waited for a pause each.
      let tooSoon = sent.indices.flatMap { first in
        sent.indices.dropFirst(first + rate.burst).filter { last in
          sent[last] - sent[first] < Int64(last - first + 1 - rate.burst) * pause
        }
      }
      #expect(tooSoon == [], "seed \(seed)")
    }
  }
}
