import DoorCore
import TestSupport
import Testing

@Suite("A debouncer with a settle time of 30 ms")
struct DebouncerTests {
  private var line = Debouncer(settleTime: .milliseconds(30))

  @Test("states the level that it begins with")
  mutating func boot() {
    #expect(line.deadline == nil)
    #expect(line.read(.low, at: ms(100)) == [settled(.low, 100, .boot)])
    #expect(line.read(.low, at: ms(5_100)) == [])
  }

  @Test("states an edge 30 ms after it, with the time of the edge")
  mutating func edge() {
    _ = line.read(.low, at: ms(0))
    #expect(line.edge(to: .high, at: ms(1_000)) == [])
    #expect(line.deadline == ms(1_030))
    #expect(line.read(.high, at: ms(1_029)) == [], "too early: it can still bounce")
    #expect(line.read(.high, at: ms(1_030)) == [settled(.high, 1_000, .edge)])
    #expect(line.deadline == nil)
    #expect(line.read(.high, at: ms(2_000)) == [])
  }

  @Test("begins the settle time anew with every edge of a burst, and its last edge is the time")
  mutating func burst() {
    _ = line.read(.low, at: ms(0))
    #expect(line.edge(to: .high, at: ms(1_000)) == [])
    #expect(line.edge(to: .low, at: ms(1_010)) == [])
    #expect(line.edge(to: .high, at: ms(1_039)) == [])
    #expect(line.deadline == ms(1_069))
    #expect(line.read(.high, at: ms(1_030)) == [])
    #expect(line.read(.high, at: ms(1_069)) == [settled(.high, 1_039, .edge)])
  }

  @Test("goes on with another settle time where it was, in the midst of a burst too")
  mutating func changedSettleTime() {
    _ = line.read(.low, at: ms(0))
    #expect(line.edge(to: .high, at: ms(1_000)) == [])
    line.settleTime = .milliseconds(100)
    #expect(line.deadline == ms(1_100))
    #expect(line.read(.high, at: ms(1_050)) == [], "it can still bounce")
    #expect(line.edge(to: .low, at: ms(1_060)) == [])
    #expect(line.read(.low, at: ms(1_160)) == [], "it ends where it began")
    line.settleTime = .milliseconds(10)
    #expect(line.read(.low, at: ms(5_000)) == [], "it is no new line")
  }

  @Test("says nothing of a burst that ends where it began")
  mutating func glitch() {
    _ = line.read(.low, at: ms(0))
    #expect(line.edge(to: .high, at: ms(1_000)) == [])
    #expect(line.edge(to: .low, at: ms(1_001)) == [])
    #expect(line.read(.low, at: ms(1_031)) == [])
    #expect(line.deadline == nil)
    #expect(line.read(.low, at: ms(6_000)) == [])
  }

  @Test("takes an edge for a new burst as soon as the settle time is over, and not a nanosecond before")
  mutating func boundary() {
    _ = line.read(.low, at: ms(0))
    #expect(line.edge(to: .high, at: ms(100)) == [])
    #expect(line.edge(to: .low, at: MonotonicTime(nanoseconds: ms(130).nanoseconds - 1)) == [])
    #expect(line.edge(to: .high, at: ms(200)) == [], "low settled where low was: nothing")
    #expect(line.edge(to: .low, at: ms(230)) == [settled(.high, 200, .edge)])
  }

  @Test("tells apart from the edges' times what settled while nobody looked")
  mutating func lateReader() {
    _ = line.read(.low, at: ms(0))
    // Opened with a bounce, closed, opened again; the reader comes ten seconds later to all of it.
    #expect(line.edge(to: .high, at: ms(1_000)) == [])
    #expect(line.edge(to: .low, at: ms(1_005)) == [])
    #expect(line.edge(to: .high, at: ms(1_007)) == [])
    #expect(line.edge(to: .low, at: ms(3_000)) == [settled(.high, 1_007, .edge)])
    #expect(line.edge(to: .high, at: ms(4_000)) == [settled(.low, 3_000, .edge)])
    #expect(line.read(.high, at: ms(11_000)) == [settled(.high, 4_000, .edge)])
  }

  @Test("finds a level whose edge the kernel dropped when the level is checked")
  mutating func resync() {
    _ = line.read(.low, at: ms(0))
    #expect(line.read(.high, at: ms(5_000)) == [settled(.high, 5_000, .resync)])
    #expect(line.read(.high, at: ms(10_000)) == [])
    #expect(line.read(.low, at: ms(15_000)) == [settled(.low, 15_000, .resync)])
  }

  @Test("believes the level and not the last edge where the kernel dropped the edge after it")
  mutating func droppedLastEdge() {
    _ = line.read(.low, at: ms(0))
    #expect(line.edge(to: .high, at: ms(1_000)) == [])
    #expect(line.read(.low, at: ms(1_030)) == [], "it ended where it began")
    #expect(line.edge(to: .low, at: ms(2_000)) == [])
    #expect(line.read(.high, at: ms(2_030)) == [settled(.high, 2_000, .edge)])
  }

  @Test("leaves a check that falls into a burst to the burst's end")
  mutating func checkWhileBouncing() {
    _ = line.read(.low, at: ms(0))
    #expect(line.edge(to: .high, at: ms(4_990)) == [])
    #expect(line.read(.high, at: ms(5_000)) == [])
    #expect(line.deadline == ms(5_020))
    #expect(line.read(.high, at: ms(5_020)) == [settled(.high, 4_990, .edge)])
  }

  @Test("is not misled by a level that was read before an edge which is known by now")
  mutating func staleLevel() {
    _ = line.read(.low, at: ms(0))
    // The level was read (low) at 5,000; the edge came at 5,001 and was taken out of the queue first.
    #expect(line.edge(to: .high, at: ms(5_001)) == [])
    #expect(line.read(.low, at: ms(5_000)) == [])
    #expect(line.read(.high, at: ms(5_031)) == [settled(.high, 5_001, .edge)])
  }

  @Test("states what it begins with also where an edge comes before the first look")
  mutating func edgeBeforeBoot() {
    #expect(line.edge(to: .high, at: ms(10)) == [])
    #expect(line.read(.high, at: ms(40)) == [settled(.high, 10, .boot)])
    #expect(line.read(.high, at: ms(5_000)) == [])
  }

  // MARK: Chatter

  /// Edges 10 ms apart from `start` on, for so long; returns what they lead to.
  private mutating func chatter(from start: Int64, for milliseconds: Int64) -> [Debouncer.Finding] {
    var findings: [Debouncer.Finding] = []
    for (number, time) in stride(from: start, through: start + milliseconds, by: 10).enumerated() {
      findings += line.edge(to: number % 2 == 0 ? .high : .low, at: ms(time))
    }
    return findings
  }

  @Test("says once of a contact that it chatters, and its level again when it has rested for a second")
  mutating func chatters() {
    _ = line.read(.low, at: ms(0))
    #expect(chatter(from: 1_000, for: 30_000) == [.chatters(at: ms(11_000))])
    #expect(line.read(.high, at: ms(31_031)) == [], "the settle time is no rest")
    #expect(line.deadline == ms(32_000))
    #expect(line.read(.low, at: ms(32_000)) == [settled(.low, 31_000, .edge)], "news, though low was before")
    #expect(line.read(.low, at: ms(37_000)) == [])
    #expect(line.edge(to: .high, at: ms(40_000)) == [])
    #expect(line.read(.high, at: ms(40_030)) == [settled(.high, 40_000, .edge)])
  }

  @Test("tells all levels of a line that changes fast, until that is chatter")
  mutating func fast() {
    _ = line.read(.low, at: ms(0))
    var told = 0
    for number: Int64 in 0..<400 {
      let findings = line.edge(to: number % 2 == 0 ? .high : .low, at: ms(1_000 + number * 50))
      told += findings.count { if case .settled = $0 { true } else { false } }
      if findings.contains(.chatters(at: ms(11_000))) { #expect(told == 200) }
    }
    #expect(told == 200, "10 s of a change every 50 ms, and then none")
  }

  @Test("takes nothing for chatter that rests between")
  mutating func rests() {
    _ = line.read(.low, at: ms(0))
    for number: Int64 in 0..<10 {
      let findings = chatter(from: 1_000 + number * 10_990, for: 9_980)
      #expect(!findings.contains { if case .chatters = $0 { true } else { false } })
    }
  }

  @Test("tells from the times that a chatter ended while nobody looked")
  mutating func lateReaderOfChatter() {
    _ = line.read(.low, at: ms(0))
    #expect(chatter(from: 1_000, for: 20_000) == [.chatters(at: ms(11_000))])
    #expect(line.edge(to: .low, at: ms(25_000)) == [settled(.high, 21_000, .edge)])
    #expect(line.read(.low, at: ms(25_030)) == [settled(.low, 25_000, .edge)])
  }

  @Test("states exactly what settled on any trace, however late it is read", arguments: 0..<UInt64(400))
  func property(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let trace = Trace(using: &random)
    let isPrompt = random.chance(30)
    let told = trace.told(isPrompt: isPrompt, using: &random)
    #expect(told == trace.settlements, "seed \(seed), read \(isPrompt ? "promptly" : "late")")
  }
}

private func ms(_ milliseconds: Int64) -> MonotonicTime {
  MonotonicTime(nanoseconds: milliseconds * 1_000_000)
}

private func settled(
  _ level: LineLevel,
  _ milliseconds: Int64,
  _ cause: TransitionCause
) -> Debouncer.Finding {
  .settled(Debouncer.Settlement(level: level, at: ms(milliseconds), cause: cause))
}

/// What a line did physically: every edge toggles it.
private struct Trace {
  static let settleTime: Duration = .milliseconds(30)

  var start: LineLevel
  var edges: [(level: LineLevel, time: MonotonicTime)] = []

  init(using random: inout SeededGenerator) {
    start = random.chance(50) ? .low : .high
    var level = start
    var time = ms(1)
    for _ in 0..<Int.random(in: 0...60, using: &random) {
      // Bounce, the very boundary of the settle time, or a rest.
      let gap: Int64 =
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<6: .random(in: 1..<30_000_000, using: &random)
        case 6: .random(in: 29_999_999...30_000_001, using: &random)
        default: .random(in: 30_000_000...2_000_000_000, using: &random)
        }
      time = MonotonicTime(nanoseconds: time.nanoseconds + gap)
      level = level.inverted
      edges.append((level, time))
    }
  }

  private var end: MonotonicTime { (edges.last?.time ?? ms(1)).advanced(by: .seconds(10)) }

  private func level(at time: MonotonicTime) -> LineLevel {
    edges.last { $0.time <= time }?.level ?? start
  }

  /// The reference: the bursts are parted by rests of the settle time, and each ends in a level.
  var settlements: [Debouncer.Finding] {
    var result = [settled(start, 0, .boot)]
    var settledLevel = start
    for (index, edge) in edges.enumerated() {
      let isLastOfBurst =
        index == edges.count - 1 || edges[index + 1].time.elapsed(since: edge.time) >= Self.settleTime
      guard isLastOfBurst, edge.level != settledLevel else { continue }
      settledLevel = edge.level
      result.append(.settled(Debouncer.Settlement(level: edge.level, at: edge.time, cause: .edge)))
    }
    return result
  }

  /// What a debouncer tells whose reader wakes at every edge and deadline, or at any time at all.
  func told(isPrompt: Bool, using random: inout SeededGenerator) -> [Debouncer.Finding] {
    var debouncer = Debouncer(settleTime: Self.settleTime, chatterTime: .seconds(3_600))
    var result = debouncer.read(start, at: ms(0))
    var waiting = edges[...]
    var now = ms(0)
    while now < end {
      if isPrompt {
        let next = waiting.first?.time ?? end
        now = min(debouncer.deadline ?? next, next, end)
      } else {
        now = min(now.advanced(by: .nanoseconds(Int64.random(in: 1...500_000_000, using: &random))), end)
      }
      while let edge = waiting.first, edge.time <= now {
        waiting.removeFirst()
        result += debouncer.edge(to: edge.level, at: edge.time)
      }
      // Also the periodic check, which reads without a deadline.
      let isDue = debouncer.deadline.map { $0 <= now } ?? random.chance(20)
      if isDue { result += debouncer.read(level(at: now), at: now) }
    }
    return result
  }
}
