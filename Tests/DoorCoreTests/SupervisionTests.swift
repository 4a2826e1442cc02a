import DoorCore
import Testing

@Suite("Supervision of agents")
struct SupervisionTests {
  private func at(_ seconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }

  private func supervision(silent: Set<Identifier> = []) throws -> Supervision {
    var supervision = Supervision(
      agents: [try hall, try shed], silent: silent, period: .seconds(60), now: at(0))
    supervision.brokerBack(at: at(0))
    return supervision
  }

  private var hall: Identifier { get throws { try Identifier("hall") } }
  private var shed: Identifier { get throws { try Identifier("shed") } }

  @Test("finds an agent silent after three of its periods, once")
  func silent() throws {
    var supervision = try supervision()
    #expect(!supervision.heard(try hall, period: .seconds(10), isLive: true, at: at(5)))
    #expect(supervision.nextDeadline == at(35))
    #expect(supervision.newlySilent(at: at(34)).isEmpty)
    #expect(supervision.newlySilent(at: at(35)) == [try hall])
    #expect(supervision.newlySilent(at: at(36)).isEmpty)
    // The other one was never heard: it has its three periods from the start.
    #expect(supervision.nextDeadline == at(180))
    #expect(supervision.newlySilent(at: at(1_000)) == [try shed])
    #expect(supervision.nextDeadline == nil)
  }

  @Test("finds it back with its next live heartbeat, and silent again later")
  func back() throws {
    var supervision = try supervision()
    _ = supervision.newlySilent(at: at(180))
    #expect(supervision.heard(try hall, period: .seconds(10), isLive: true, at: at(200)))
    #expect(!supervision.heard(try hall, period: .seconds(10), isLive: true, at: at(210)))
    #expect(supervision.newlySilent(at: at(240)) == [try hall])
  }

  @Test("takes a retained heartbeat for no sign of life, and learns the period from it")
  func retained() throws {
    var supervision = try supervision(silent: [try hall])
    #expect(!supervision.heard(try hall, period: .seconds(10), isLive: false, at: at(29)))
    #expect(!supervision.heard(try shed, period: .seconds(10), isLive: false, at: at(29)))
    #expect(supervision.newlySilent(at: at(30)) == [try shed], "10 s periods, from the start")
    #expect(
      supervision.heard(try hall, period: .seconds(10), isLive: true, at: at(31)), "it was silent before")
  }

  @Test("ignores agents that nobody expects")
  func strangers() throws {
    var supervision = try supervision()
    #expect(!supervision.heard(try Identifier("stranger"), period: .seconds(1), isLive: true, at: at(1)))
    #expect(supervision.newlySilent(at: at(179)).isEmpty)
  }

  @Test("finds the broker gone after three periods, once, and then no agent silent")
  func brokerGone() throws {
    var supervision = try supervision()
    supervision.brokerLost(at: at(10))
    supervision.brokerLost(at: at(100))
    #expect(supervision.nextDeadline == at(190), "counted from the loss")
    let news = [189, 190, 191].map { supervision.isBrokerNewlyGone(at: at($0)) }
    #expect(news == [false, true, false])
    #expect(supervision.nextDeadline == nil)
    #expect(supervision.newlySilent(at: at(500)).isEmpty, "nobody can be heard")
    supervision.brokerBack(at: at(600))
    // They were last heard 10 s before the loss.
    #expect(supervision.newlySilent(at: at(769)).isEmpty, "the time without the broker is not theirs")
    #expect(supervision.newlySilent(at: at(770)).count == 2)
  }

  @Test("gives the broker the time of the agent that is heard most often")
  func brokerPeriod() throws {
    var supervision = try supervision()
    _ = supervision.heard(try hall, period: .seconds(5), isLive: true, at: at(1))
    supervision.brokerLost(at: at(10))
    let isGone = supervision.isBrokerNewlyGone(at: at(25))
    #expect(isGone)
  }

  @Test("finds a broker gone that was never there")
  func neverThere() throws {
    var supervision = Supervision(agents: [try hall], silent: [], period: .seconds(60), now: at(0))
    let isGone = supervision.isBrokerNewlyGone(at: at(180))
    #expect(isGone)
  }

  @Test("finds an agent silent also where the connection comes and goes")
  func flappingBroker() throws {
    var supervision = try supervision()
    var silent: [Identifier] = []
    for second in stride(from: Int64(50), through: 400, by: 50) {
      supervision.brokerLost(at: at(second))
      supervision.brokerBack(at: at(second + 1))
      silent += supervision.newlySilent(at: at(second + 49))
    }
    #expect(silent.count == 2)
  }

  @Test("gives all their whole time where nobody could be heard")
  func begin() throws {
    var supervision = try supervision()
    supervision.begin(at: at(170))
    #expect(supervision.nextDeadline == at(350))
  }

  @Test("believes that another program has our name when it seems so three times in two minutes")
  func nameTaken() throws {
    var supervision = try supervision()
    let verdicts = [0, 10, 200, 210, 220, 221, 222, 223].map { supervision.isNameTaken(at: at($0)) }
    #expect(verdicts == [false, false, false, false, true, false, false, true])
  }
}
