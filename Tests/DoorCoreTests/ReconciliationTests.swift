import DoorCore
import Testing

@Suite("A heartbeat held against the record")
struct ReconciliationTests {
  private let record = Transition.at(7, .closed, journal: "j1")

  @Test(
    "says whether the record is behind, or the door moves outside its agent's journal",
    arguments: [
      ("j1", Int64(7), DoorState.closed, Reconciliation.Verdict.agrees),
      // A heartbeat that was built before the record's transition.
      ("j1", 6, .open, .agrees),
      // Lost on the way.
      ("j1", 8, .open, .recordIsBehind),
      ("j1", 9, .closed, .recordIsBehind),
      // A journal that was begun anew.
      ("j2", 1, .closed, .recordIsBehind),
      // The line says what the journal does not.
      ("j1", 7, .open, .notInJournal),
      ("j1", 7, .unknown, .notInJournal),
      ("j2", 0, .open, .notInJournal),
    ])
  func verdicts(journal: String, sequence: Int64, state: DoorState, verdict: Reconciliation.Verdict) {
    #expect(
      Reconciliation.judge(journal: journal, sequence: sequence, state: state, record: record) == verdict)
  }

  @Test("knows nothing of a door without a record: whatever the agent has is news")
  func noRecord() {
    #expect(
      Reconciliation.judge(journal: "j1", sequence: 3, state: .closed, record: nil) == .recordIsBehind)
    #expect(Reconciliation.judge(journal: "j1", sequence: 0, state: .open, record: nil) == .notInJournal)
  }
}
