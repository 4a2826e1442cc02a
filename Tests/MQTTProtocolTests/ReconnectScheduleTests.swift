import NIOCore
import Testing

@testable import MQTTProtocol

@Suite("When to connect again")
struct ReconnectScheduleTests {
  private let refused = ConnectionFailure.nothingListens(broker: "a")
  private let closed = ConnectionFailure.closed(broker: "a")
  private let takenOver = ConnectionFailure.sessionTakenOver(broker: "a", clientIdentifier: "c")

  private static func schedule(brokers: Int = 1) -> ReconnectSchedule {
    ReconnectSchedule(
      backoff: ReconnectBackoff(initial: .seconds(1), ceiling: .seconds(30)), brokerCount: brokers)
  }

  /// Always the whole of the bound, which is what the random number chooses from.
  private func end(
    _ schedule: inout ReconnectSchedule, _ failure: ConnectionFailure, after lifetime: TimeAmount? = nil,
    isClosedByBroker: Bool = false
  ) -> ReconnectSchedule.Verdict {
    schedule.connectionEnded(
      failure, orTakenOver: takenOver, lifetime: lifetime, isClosedByBroker: isClosedByBroker, fraction: 1)
  }

  @Test("waits longer with every attempt that fails, and says which failures are old")
  func backingOff() {
    var schedule = Self.schedule()
    #expect(end(&schedule, refused) == .init(failure: refused, delay: .seconds(1), isRepeated: false))
    #expect(end(&schedule, refused) == .init(failure: refused, delay: .seconds(2), isRepeated: true))
    #expect(end(&schedule, closed) == .init(failure: closed, delay: .seconds(4), isRepeated: false))
    #expect(end(&schedule, refused) == .init(failure: refused, delay: .seconds(8), isRepeated: false))
  }

  @Test("begins anew after a connection that stood for ten seconds, and not after a shorter one")
  func stable() {
    var schedule = Self.schedule()
    for _ in 0..<3 { _ = end(&schedule, refused) }
    #expect(end(&schedule, refused, after: .milliseconds(9_999)).delay == .seconds(8))
    #expect(
      end(&schedule, refused, after: .seconds(10))
        == .init(failure: refused, delay: .seconds(1), isRepeated: false))
  }

  @Test("tries all brokers before it waits, but the one that has been lost first")
  func severalBrokers() {
    var schedule = Self.schedule(brokers: 3)
    let delays = (0..<6).map { _ in end(&schedule, refused).delay }
    #expect(delays == [.zero, .zero, .seconds(1), .zero, .zero, .seconds(2)])
    #expect(end(&schedule, refused, after: .seconds(60)).delay == .seconds(1))
  }

  @Test("remembers a failure for each broker")
  func failuresOfSeveralBrokers() {
    let other = ConnectionFailure.nothingListens(broker: "b")
    var schedule = Self.schedule(brokers: 2)
    let repeated = [refused, other, refused, other].map { end(&schedule, $0).isRepeated }
    #expect(repeated == [false, false, true, true])
  }

  @Test("tries again at once after a quick loss, and takes the third in a row for a fight")
  func fight() {
    var schedule = Self.schedule()
    for isRepeated in [false, true] {
      #expect(
        end(&schedule, closed, after: .seconds(1), isClosedByBroker: true)
          == .init(failure: closed, delay: .zero, isRepeated: isRepeated))
    }
    for isRepeated in [false, true] {
      #expect(
        end(&schedule, closed, after: .seconds(1), isClosedByBroker: true)
          == .init(failure: takenOver, delay: .seconds(30), isRepeated: isRepeated))
    }
  }

  @Test(
    "does not take it for a fight where the broker is away between the losses, or says why",
    arguments: [(nil, false), (TimeAmount.seconds(10), true), (.seconds(1), false)] as [(TimeAmount?, Bool)])
  func noFight(_ lifetime: TimeAmount?, _ isClosedByBroker: Bool) {
    var schedule = Self.schedule()
    for _ in 0..<5 {
      for _ in 0..<2 {
        let verdict = end(&schedule, closed, after: .seconds(1), isClosedByBroker: true)
        #expect(verdict.failure == closed)
      }
      let between = end(&schedule, refused, after: lifetime, isClosedByBroker: isClosedByBroker)
      #expect(between.failure == refused)
    }
  }

  @Test("waits as long as it ever does when the broker itself says that the session is another's")
  func told() {
    var schedule = Self.schedule()
    #expect(end(&schedule, takenOver, after: .seconds(1)).delay == .seconds(30))
  }
}
