import DoorCore
import Testing

@Suite("The alarm engine of an area")
struct AlarmEngineTests {
  private let house: Identifier
  private let front: DoorAddress
  private let back: DoorAddress

  init() throws {
    house = try Identifier("house")
    front = try .front
    back = try .back
  }

  private func engine(_ mode: AlarmEngine.ArmMode, isTriggered: Bool = false) -> AlarmEngine {
    AlarmEngine(area: house, mode: mode, since: seconds(0), isTriggered: isTriggered)
  }

  private func finding(
    _ transition: Transition,
    _ manner: Intake.Manner = .live,
    wasArmed: Bool,
    isCurrent: Bool = true
  ) -> AlarmEngine.Finding {
    AlarmEngine.Finding(
      door: front,
      transition: transition,
      manner: manner,
      wasArmed: wasArmed,
      isCurrent: isCurrent
    )
  }

  // MARK: Commands

  @Test("arms with every door closed, and disarms")
  func armsAndDisarms() {
    var engine = engine(.disarmed)
    #expect(
      engine.handle(.arm(force: false), doors: [front: .closed, back: .closed], now: seconds(5)) == .changed
    )
    #expect(engine.mode == .armedAway)
    #expect(engine.since == seconds(5))
    #expect(engine.stateName == "armed_away")
    #expect(engine.handle(.disarm, doors: [front: .open], now: seconds(9)) == .changed)
    #expect(engine.mode == .disarmed)
    #expect(engine.since == seconds(9))
    #expect(engine.stateName == "disarmed")
  }

  @Test(
    "refuses to arm while a door is not known to be closed, and lists those",
    arguments: [
      DoorState.open, .fault, .unknown,
    ]
  )
  func refuses(_ state: DoorState) {
    var engine = engine(.disarmed)
    let before = engine
    #expect(
      engine.handle(.arm(force: false), doors: [front: state, back: .closed], now: seconds(5))
        == .refused([front: state])
    )
    #expect(engine == before, "a refusal changes nothing")
  }

  @Test("arms with a door open where it is forced")
  func force() {
    var engine = engine(.disarmed)
    #expect(
      engine.handle(.arm(force: true), doors: [front: .open, back: .unknown], now: seconds(5)) == .changed
    )
    #expect(engine.mode == .armedAway)
  }

  @Test("says that nothing changes where it is armed or disarmed already, and keeps the time and the alarm")
  func unchanged() {
    var armed = engine(.armedAway, isTriggered: true)
    #expect(armed.handle(.arm(force: true), doors: [:], now: seconds(5)) == .unchanged)
    #expect(armed == engine(.armedAway, isTriggered: true))
    var disarmed = engine(.disarmed)
    #expect(disarmed.handle(.disarm, doors: [:], now: seconds(5)) == .unchanged)
    #expect(disarmed == engine(.disarmed))
  }

  @Test("is triggered by an alarm until it is disarmed")
  func triggered() {
    var engine = engine(.armedAway)
    _ = engine.handle(finding(.at(1, .open), wasArmed: true), now: seconds(1))
    #expect(engine.stateName == "triggered")
    #expect(engine.mode == .armedAway)
    _ = engine.handle(finding(.at(2, .closed), wasArmed: true), now: seconds(2))
    #expect(engine.stateName == "triggered", "closing the door again takes no alarm back")
    #expect(engine.handle(.disarm, doors: [:], now: seconds(3)) == .changed)
    #expect(engine.stateName == "disarmed")
    #expect(!engine.isTriggered)
  }

  // MARK: Openings

  @Test("raises an alarm for a door that opens while it is armed")
  func opened() {
    var engine = engine(.armedAway)
    let alert = engine.handle(finding(.at(1_042, .open, since: seconds(7)), wasArmed: true), now: seconds(8))
    #expect(
      alert
        == Alert(
          id: "hall/front/5e1f0c77/1042/1700000007000",
          foretoldAs: "hall/front/5e1f0c77/1042/foretold",
          severity: .alarm,
          kind: .opened,
          area: house,
          subject: .door(front),
          state: .open,
          at: seconds(7)
        )
    )
  }

  @Test(
    "judges an opening by its manner, by what was armed then and by what is armed now",
    arguments: [
      (Intake.Manner.live, false, false, nil),
      (.live, true, true, .opened),
      // One alarm too many beats one too few: it opened on either side of the arming.
      (.live, false, true, .opened),
      (.live, true, false, .opened),
      (.restarted, false, false, nil),
      (.restarted, false, true, .opened),
      (.late, true, false, .opened),
      (.late, true, true, .opened),
      (.late, false, false, nil),
      (.late, false, true, .standingOpen),
      (.replayed, true, false, .opened),
      (.replayed, false, false, nil),
      (.baseline, true, true, .standingOpen),
      (.baseline, false, true, .standingOpen),
      (.baseline, true, false, nil),
    ] as [(Intake.Manner, Bool, Bool, Alert.Kind?)]
  )
  func judges(_ manner: Intake.Manner, _ wasArmed: Bool, _ isArmed: Bool, _ kind: Alert.Kind?) {
    var engine = engine(isArmed ? .armedAway : .disarmed)
    let alert = engine.handle(finding(.at(3, .open), manner, wasArmed: wasArmed), now: seconds(90))
    #expect(alert?.kind == kind)
    #expect(alert.map { $0.severity == .alarm } == kind.map { $0 == .opened }, "only an opening is an alarm")
    #expect(alert?.isLate == kind.map { _ in manner == .late || manner == .replayed })
    #expect(engine.isTriggered == (isArmed && kind == .opened), "the past triggers no disarmed area")
  }

  @Test("finds nothing standing open in what is long over")
  func pastOpening() {
    var engine = engine(.armedAway)
    #expect(
      engine.handle(finding(.at(3, .open), .replayed, wasArmed: false, isCurrent: false), now: seconds(90))
        == nil
    )
  }

  @Test("says nothing of a door that closes", arguments: Intake.Manner.allCases)
  func closed(_ manner: Intake.Manner) {
    var engine = engine(.armedAway)
    #expect(engine.handle(finding(.at(3, .closed), manner, wasArmed: true), now: seconds(1)) == nil)
    #expect(!engine.isTriggered)
  }

  @Test("tells the time of arrival where the agent's clock cannot be trusted")
  func unsynced() {
    var engine = engine(.armedAway)
    let alert = engine.handle(
      finding(.at(3, .open, since: seconds(-9_999), clock: .unsynced), wasArmed: true),
      now: seconds(8)
    )
    #expect(alert?.at == seconds(8))
  }

  @Test("says that a simulated door is one")
  func simulated() {
    var engine = engine(.armedAway)
    #expect(
      engine.handle(finding(.at(3, .open, simulated: true), wasArmed: true), now: seconds(1))?.simulated
        == true
    )
  }

  // MARK: Faults

  @Test(
    "tells of a door that cannot be watched: an alarm when armed, trouble when not",
    arguments: [DoorState.fault, .unknown],
    [true, false]
  )
  func fault(_ state: DoorState, _ isArmed: Bool) {
    var engine = engine(isArmed ? .armedAway : .disarmed)
    let alert = engine.handle(finding(.at(3, state), wasArmed: isArmed), now: seconds(1))
    #expect(alert?.kind == .doorFault)
    #expect(alert?.severity == (isArmed ? .alarm : .trouble))
    #expect(alert?.state == state)
    #expect(engine.isTriggered == isArmed)
  }

  @Test("says nothing of a fault that is over")
  func pastFault() {
    var engine = engine(.armedAway)
    #expect(
      engine.handle(finding(.at(3, .fault), .replayed, wasArmed: true, isCurrent: false), now: seconds(1))
        == nil
    )
  }

  @Test("tells of a topic that holds no door's state", arguments: [true, false])
  func unreadable(_ isArmed: Bool) {
    var engine = engine(isArmed ? .armedAway : .disarmed)
    #expect(
      engine.unreadable(front, why: "the payload is empty", now: seconds(1))
        == Alert(
          id: "hall/front/unreadable/1700000001000",
          severity: isArmed ? .alarm : .trouble,
          kind: .doorFault,
          area: house,
          subject: .door(front),
          state: nil,
          at: seconds(1),
          detail: "the payload is empty"
        )
    )
    #expect(engine.isTriggered == isArmed)
  }

  @Test("tells of a journal that began anew as trouble, and does not take it for an opening")
  func journalRestarted() {
    let engine = engine(.armedAway)
    let alert = engine.journalRestarted(front, to: .at(1, .open, journal: "0badcafe"), now: seconds(1))
    #expect(alert.kind == .journalRestarted)
    #expect(alert.severity == .trouble)
    #expect(alert.id == "hall/front/0badcafe/1/1700000000000/restarted")
    #expect(alert.detail != nil)
  }

  // MARK: One cause, one alert

  @Test("gives the same cause the same id, however and whenever it is found")
  func sameCause() {
    let transition = Transition.at(3, .open, since: seconds(1))
    var first = engine(.armedAway)
    var second = engine(.armedAway, isTriggered: true)
    let ids = [
      first.handle(finding(transition, wasArmed: true), now: seconds(2))?.id,
      second.handle(finding(transition, .replayed, wasArmed: true, isCurrent: false), now: seconds(999))?.id,
    ]
    #expect(ids[0] != nil)
    #expect(ids[0] == ids[1])
  }

  @Test(
    "gives another opening another id, also where a journal that was put back counts it with an old number"
  )
  func otherCause() {
    var engine = engine(.armedAway)
    let ids = [
      Transition.at(3, .open, since: seconds(1)),
      .at(4, .open, since: seconds(1)),
      .at(3, .open, since: seconds(1), journal: "0badcafe"),
      .at(3, .open, since: seconds(2)),
    ].map { engine.handle(finding($0, wasArmed: true), now: seconds(9))?.id }
    #expect(Set(ids).count == 4)
  }

  // MARK: Agents

  @Test("takes a silent agent for an alarm while it is armed, and for trouble otherwise")
  func silentAgent() throws {
    let hall = try Identifier("hall")
    var armed = engine(.armedAway)
    let alarm = armed.agentSilent(hall, now: seconds(9))
    #expect(alarm.severity == .alarm)
    #expect(alarm.subject == .agent(hall))
    #expect(armed.stateName == "triggered")
    var disarmed = engine(.disarmed)
    #expect(disarmed.agentSilent(hall, now: seconds(9)).severity == .trouble)
    #expect(disarmed == engine(.disarmed))
    #expect(disarmed.agentBack(hall, now: seconds(10)).id != alarm.id)
  }
}
