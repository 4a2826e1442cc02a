import DoorCore
import TestSupport
import Testing

@Suite("The pace of a channel")
struct DeliveryPaceTests {
  private let backoff = Backoff(initial: .seconds(1), ceiling: .seconds(60))

  private func time(_ milliseconds: Int64) -> MonotonicTime {
    MonotonicTime(nanoseconds: milliseconds * 1_000_000)
  }

  /// Fails at once whenever it has a turn; returns the turns, and when they were, in seconds.
  private func turns(
    _ count: Int, _ pace: inout DeliveryPace, from start: Int64 = 0
  ) -> [(turn: DeliveryPace.Turn, second: Int64)] {
    var turns: [(turn: DeliveryPace.Turn, second: Int64)] = []
    var now = start
    while turns.count < count {
      let turn = pace.turn(at: time(now))
      if case .wait(let wait) = turn {
        now += max(wait.wholeMilliseconds, 1)
      } else {
        turns.append((turn, now / 1_000))
        _ = pace.failed(turn, retryAfter: nil, fraction: 1, at: time(now))
      }
    }
    return turns
  }

  @Test("is as fast as the receiver answers, where nothing fails and no rate is set")
  func fast() {
    var pace = DeliveryPace(rate: nil, backoff: backoff)
    for _ in 1...100 {
      #expect(pace.turn(at: time(0)) == .first)
      pace.answered()
    }
  }

  // MARK: Failures

  @Test("waits after a failure, each time for twice as long, and says what is left of it")
  func backsOff() {
    var pace = DeliveryPace(rate: nil, backoff: backoff)
    #expect(pace.failed(.first, retryAfter: nil, fraction: 1, at: time(0)) == .seconds(1))
    #expect(pace.turn(at: time(0)) == .wait(.seconds(1)))
    #expect(pace.turn(at: time(999)) == .wait(.milliseconds(1)))
    #expect(pace.turn(at: time(1_000)) == .first)
    #expect(pace.failed(.first, retryAfter: nil, fraction: 1, at: time(1_000)) == .seconds(2))
    #expect(pace.failed(.first, retryAfter: nil, fraction: 0, at: time(5_000)) == .seconds(2))
    #expect(pace.turn(at: time(6_999)) == .wait(.milliseconds(1)))
    #expect(pace.turn(at: time(7_000)) == .first)
  }

  @Test("waits for no longer than the back-off's ceiling, however often it has failed")
  func ceiling() {
    var pace = DeliveryPace(rate: nil, backoff: backoff)
    let times = turns(100, &pace).map(\.second)
    #expect(zip(times, times.dropFirst()).map { $1 - $0 }.max() == 60)
    #expect(times.suffix(3).first.map { (times.last ?? 0) - $0 } == 60, "the last three are a pair and one")
  }

  @Test("does as the receiver asks, that is, until the time that it has named")
  func retryAfter() {
    var pace = DeliveryPace(rate: nil, backoff: backoff)
    #expect(pace.failed(.first, retryAfter: .seconds(600), fraction: 1, at: time(0)) == .seconds(600))
    #expect(pace.turn(at: time(599_999)) == .wait(.milliseconds(1)))
    #expect(pace.turn(at: time(600_000)) == .first)
    _ = turns(20, &pace, from: 600_000)
    #expect(
      pace.failed(.first, retryAfter: .seconds(7), fraction: 1, at: time(9_000_000)) == .seconds(7),
      "also sooner than it would have been tried")
    #expect(pace.turn(at: time(9_006_999)) == .wait(.milliseconds(1)))
    #expect(pace.turn(at: time(9_007_000)) == .first, "it is there, and wants no other message either")
  }

  @Test("does not hurry a receiver that asks to be asked again at once, again and again")
  func retryAtOnce() {
    var pace = DeliveryPace(rate: nil, backoff: backoff)
    for _ in 1...20 {
      #expect(pace.failed(.first, retryAfter: .zero, fraction: 1, at: time(0)) == .seconds(1))
      #expect(pace.turn(at: time(999)) == .wait(.milliseconds(1)))
    }
    #expect(pace.failed(.first, retryAfter: .seconds(-9), fraction: 0, at: time(0)) == .milliseconds(500))
  }

  @Test("begins anew with an answer")
  func answered() {
    var pace = DeliveryPace(rate: nil, backoff: backoff)
    for _ in 1...20 { _ = pace.failed(.first, retryAfter: nil, fraction: 1, at: time(0)) }
    pace.answered()
    #expect(pace.turn(at: time(0)) == .first)
    #expect(pace.failed(.first, retryAfter: nil, fraction: 1, at: time(0)) == .seconds(1))
  }

  // MARK: The message behind

  @Test("keeps to the first message for a while, and then tries the one behind it right after it")
  func second() {
    var pace = DeliveryPace(rate: nil, backoff: backoff)
    let failures = turns(11, &pace)
    #expect(failures.map(\.second) == [0, 1, 3, 7, 15, 31, 31, 63, 63, 123, 123])
    let first = [DeliveryPace.Turn](repeating: .first, count: 6)
    #expect(failures.map(\.turn) == first + [.second, .first, .second, .first, .second])
    pace.answered()
    #expect(turns(7, &pace, from: 10_000_000).map(\.turn) == first + [.second], "it has patience again")
  }

  @Test("has no patience with a message that has had it before")
  func secondAtOnce() {
    var pace = DeliveryPace(rate: nil, backoff: backoff)
    #expect(
      pace.failed(.first, attempts: 4, retryAfter: nil, fraction: 1, at: time(0)) == .seconds(1),
      "it was tried four times before")
    #expect(pace.turn(at: time(1_000)) == .first)
    #expect(pace.failed(.first, attempts: 5, retryAfter: nil, fraction: 1, at: time(1_000)) == .zero)
    #expect(pace.turn(at: time(1_000)) == .second)
    #expect(pace.failed(.second, attempts: 9, retryAfter: nil, fraction: 1, at: time(1_000)) == .seconds(2))
    #expect(pace.turn(at: time(3_000)) == .first)
    #expect(
      pace.failed(.first, attempts: 99, retryAfter: .seconds(7), fraction: 1, at: time(3_000)) == .seconds(7))
    #expect(pace.turn(at: time(10_000)) == .first, "who names a time wants no other one before it")
  }

  @Test("tries the one behind it as soon as the rate lets it, where there is one")
  func secondWithinRate() {
    var pace = DeliveryPace(rate: SendingRate(burst: 1, pause: .seconds(5)), backoff: backoff)
    let failures = turns(10, &pace)
    #expect(failures.map(\.second) == [0, 5, 10, 15, 23, 39, 44, 76, 81, 141])
    let first = [DeliveryPace.Turn](repeating: .first, count: 6)
    #expect(failures.map(\.turn) == first + [.second, .first, .second, .first])
  }

  // MARK: The rate

  @Test("keeps to the receiver's rate, also where all goes well")
  func rate() {
    var pace = DeliveryPace(rate: SendingRate(burst: 2, pause: .seconds(5)), backoff: backoff)
    for _ in 1...2 {
      #expect(pace.turn(at: time(0)) == .first)
      pace.answered()
    }
    #expect(pace.turn(at: time(0)) == .wait(.seconds(5)))
    #expect(pace.turn(at: time(5_000)) == .first)
    pace.answered()
    #expect(pace.turn(at: time(5_000)) == .wait(.seconds(5)), "an answer gives nothing back")
  }

  @Test("spends nothing of the rate while it waits after a failure")
  func rateWhileWaiting() {
    var pace = DeliveryPace(rate: SendingRate(burst: 2, pause: .seconds(100)), backoff: backoff)
    #expect(pace.turn(at: time(0)) == .first)
    _ = pace.failed(.first, retryAfter: .seconds(10), fraction: 1, at: time(0))
    for second in Int64(0)..<10 {
      #expect(pace.turn(at: time(second * 1_000)) == .wait(.seconds(10 - second)))
    }
    #expect(pace.turn(at: time(10_000)) == .first)
    _ = pace.failed(.first, retryAfter: .seconds(10), fraction: 1, at: time(10_000))
    #expect(pace.turn(at: time(20_000)) == .wait(.seconds(80)), "a try that failed has cost one, too")
  }

  @Test("always says to wait for long enough, and never for nothing, whatever comes")
  func always() {
    for seed in UInt64(0)..<50 {
      var random = SeededGenerator(seed: seed)
      let rate =
        random.chance(50)
        ? SendingRate(
          burst: Int.random(in: 1...4, using: &random),
          pause: .milliseconds(Int64.random(in: 1...9_000, using: &random))) : nil
      var pace = DeliveryPace(rate: rate, backoff: backoff)
      var now = Int64(0)
      var tries: [Int64] = []
      for _ in 0..<200 {
        var waits = 0
        var turn = pace.turn(at: time(now))
        while case .wait(let wait) = turn, waits <= 2 {
          #expect(wait > .zero, "seed \(seed)")
          // A fraction of a millisecond is one.
          now += wait.wholeMilliseconds + 1
          waits += 1
          turn = pace.turn(at: time(now))
        }
        #expect(waits <= 2, "seed \(seed): after the pause and the rate there is nothing to wait for")
        tries.append(now)
        now += Int64.random(in: 0...300, using: &random)
        if random.chance(50) {
          pace.answered()
        } else {
          let asked =
            random.chance(30) ? Duration.milliseconds(Int64.random(in: 0...90_000, using: &random)) : nil
          let wait = pace.failed(
            turn, retryAfter: asked, fraction: .random(in: 0...1, using: &random), at: time(now))
          // Only the message behind a first one is tried without a pause.
          let isPair = turn == .first && asked == nil && wait == .zero
          #expect(isPair || wait >= max(asked ?? .zero, .milliseconds(500)), "seed \(seed)")
        }
      }
      guard let rate else { continue }
      let tooSoon = tries.indices.dropFirst(rate.burst).filter { index in
        tries[index] - tries[index - rate.burst] < rate.pause.wholeMilliseconds
      }
      #expect(tooSoon.isEmpty, "seed \(seed)")
    }
  }
}
