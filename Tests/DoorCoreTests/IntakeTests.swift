import DoorCore
import Testing

@Suite("Intake")
struct IntakeTests {
  private let record = Transition.at(41, .closed, since: seconds(0))

  private func judge(
    _ transition: Transition,
    holding: Intake.Holding = .nothing,
    now: Timestamp = seconds(10)
  ) -> Intake.Judgement {
    Intake.judge(transition, record: record, holding: holding, now: now)
  }

  // MARK: Known already

  @Test("takes the recorded transition, stated again, for a duplicate")
  func duplicate() {
    #expect(judge(record, holding: .held(record)) == .duplicate(restate: false))
  }

  @Test("takes a state that is older than the record for a broker put back, and asks for a restatement")
  func snapshot() {
    let old = Transition.at(40, .open, since: seconds(-100))
    #expect(judge(old, holding: .held(old)) == .duplicate(restate: true))
  }

  @Test("takes what never was recorded, and is older than the record, for a broker put back too")
  func forgotten() {
    #expect(judge(.at(7, .open, since: seconds(-9_999))) == .duplicate(restate: true))
  }

  @Test("asks for a restatement where a number's first meaning comes back after its second")
  func firstMeaning() {
    // The record is another transition of the same number: the agent's card had been put back.
    let first = Transition.at(41, .open, since: seconds(-50))
    #expect(judge(first, holding: .held(first)) == .duplicate(restate: true))
  }

  // MARK: Next and later

  @Test("takes the next number for a transition", arguments: [TransitionCause.edge, .boot, .resync])
  func next(_ cause: TransitionCause) {
    #expect(
      judge(.at(42, .open, since: seconds(9), cause: cause))
        == .transition(.live, isChange: true, missing: nil)
    )
  }

  @Test(
    "takes a number further ahead, and names what is missing before it",
    arguments: [(43, 42...42), (44, 42...43), (1_042, 42...1_041)] as [(Int64, ClosedRange<Int64>)]
  )
  func gap(_ sequence: Int64, _ missing: ClosedRange<Int64>) {
    #expect(
      judge(.at(sequence, .open, since: seconds(9))) == .transition(.live, isChange: true, missing: missing)
    )
  }

  @Test(
    "labels a transition late that is older than 60 s by a clock that is right",
    arguments: [
      (9, ClockQuality.synced, Intake.Manner.live),
      (60, .synced, .live),
      (61, .synced, .late),
      (86_400, .synced, .late),
      // Without a clock the age is unknown.
      (61, .unsynced, .live),
      (1_700_000_000, .unsynced, .live),
      // The agent's clock is ahead of the notifier's.
      (-3_600, .synced, .live),
    ] as [(Int64, ClockQuality, Intake.Manner)]
  )
  func late(_ age: Int64, _ clock: ClockQuality, _ manner: Intake.Manner) {
    let transition = Transition.at(42, .open, since: seconds(0), clock: clock)
    #expect(
      judge(transition, now: seconds(age)) == .transition(manner, isChange: true, missing: nil)
    )
  }

  @Test(
    "is silent where the agent merely finds the level as it was",
    arguments: [TransitionCause.boot, .resync]
  )
  func sameLevel(_ cause: TransitionCause) {
    #expect(
      judge(.at(42, .closed, since: seconds(9), cause: cause))
        == .transition(.live, isChange: false, missing: nil)
    )
  }

  @Test("takes an edge for a change also where the state is the recorded one: what lay between is missing")
  func sameStateEdge() {
    #expect(
      judge(.at(43, .closed, since: seconds(9))) == .transition(.live, isChange: true, missing: 42...42)
    )
  }

  // MARK: Without a record

  @Test("takes the first that it hears of a door for a baseline", arguments: [1, 1_042] as [Int64])
  func baseline(_ sequence: Int64) {
    let first = Transition.at(sequence, .open)
    #expect(Intake.judge(first, record: nil, holding: .nothing, now: seconds(9)) == .baseline)
  }

  // MARK: Another journal

  @Test(
    "takes an unknown journal for one that began anew, and compares the state",
    arguments: [(DoorState.open, true), (.fault, true), (.closed, false)]
  )
  func unknownJournal(_ state: DoorState, _ isChange: Bool) {
    #expect(
      judge(.at(1, state, since: seconds(9), journal: "0badcafe", cause: .boot))
        == .journalRestarted(isChange: isChange)
    )
  }

  @Test(
    "takes a number with another content than recorded for a journal that was put back",
    arguments: [(41, DoorState.open, true), (41, .closed, false), (40, .open, true)]
      as [(Int64, DoorState, Bool)]
  )
  func otherContent(_ sequence: Int64, _ state: DoorState, _ isChange: Bool) {
    let held = Transition.at(sequence, .closed, since: seconds(-7))
    #expect(
      judge(.at(sequence, state, since: seconds(9)), holding: .held(held))
        == .journalRestarted(isChange: isChange)
    )
  }

  @Test("takes an old state of a journal that a newer one has replaced for a broker put back")
  func superseded() {
    let old = Transition.at(99, .open, since: seconds(-1), journal: "01d")
    #expect(judge(old, holding: .superseded) == .duplicate(restate: true))
  }

  @Test(
    "takes a new state of a journal that was replaced for the old card in the agent again: it is not ignored",
    arguments: [ClockQuality.synced, .unsynced]
  )
  func supersededAndPutBack(_ clock: ClockQuality) {
    let news = Transition.at(
      100,
      .open,
      since: seconds(clock == .synced ? 9 : -9_999),
      journal: "01d",
      clock: clock
    )
    #expect(judge(news, holding: .superseded) == .journalRestarted(isChange: true))
  }

  // MARK: Replayed

  @Test("takes what is missing, on whichever topic it comes, into the history and leaves the record")
  func missing() {
    #expect(judge(.at(40, .open, since: seconds(-7)), holding: .missing) == .filledGap)
    #expect(Intake.judgeReplayed(holding: .missing) == .filledGap)
  }

  @Test(
    "takes nothing out of a replay that is not missing",
    arguments: [Intake.Holding.nothing, .superseded, .held(.at(41, .closed))]
  )
  func replayed(_ holding: Intake.Holding) {
    #expect(Intake.judgeReplayed(holding: holding) == .duplicate(restate: false))
  }
}
