import DoorCore
import Testing

@Suite("A contact")
struct ContactTests {
  @Test(
    "says what its wiring means by a level",
    arguments: [
      // The usual one: pull-up, contact to ground, circuit closed while the door is. A cut wire reads as open.
      (Contact.Kind.normallyClosed, LineLevel.low, DoorState.closed, DoorState.open),
      (.normallyClosed, .high, .open, .closed),
      (.normallyOpen, .low, .open, .closed),
      (.normallyOpen, .high, .closed, .open),
    ]
  )
  func state(_ kind: Contact.Kind, _ closedCircuit: LineLevel, _ atLow: DoorState, _ atHigh: DoorState) {
    let contact = Contact(kind: kind, closedCircuitLevel: closedCircuit)
    #expect(contact.state(at: .low) == atLow)
    #expect(contact.state(at: .high) == atHigh)
  }

  @Test("keeps the words that settings have for its kinds")
  func words() {
    #expect(Contact.Kind.allCases.map(\.rawValue) == ["normally-closed", "normally-open"])
  }

  @Test("has a line with two levels, each the other's opposite")
  func levels() {
    #expect(LineLevel.low.inverted == .high)
    #expect(LineLevel.high.inverted == .low)
  }
}
