import DoorCore
import Testing

@Suite("A door whose contact has no journal")
struct ForeignDoorTests {
  @Test("is what its contact says while that is there")
  func says() {
    var door = ForeignDoor()
    #expect(door.state == nil, "nothing is known")
    door.hear(.closed)
    #expect(door.state == .closed)
    door.hear(isOnline: true, on: "a")
    #expect(door.state == .closed)
    door.hear(isOnline: false, on: "a")
    #expect(door.state == .unknown)
  }

  @Test("is unknown until all that it needs is there, and is then what it says anew")
  func unavailable() {
    var door = ForeignDoor()
    door.hear(.closed)
    door.hear(isOnline: false, on: "device")
    door.hear(isOnline: false, on: "bridge")
    door.hear(isOnline: true, on: "device")
    #expect(door.state == .unknown, "the bridge")
    door.hear(isOnline: true, on: "bridge")
    #expect(door.state == nil, "what it said before may not be so any more")
    door.hear(.open)
    #expect(door.state == .open)
  }

  @Test("is what a retained state says also where that comes after a retained offline")
  func retained() {
    var door = ForeignDoor()
    door.hear(isOnline: false, on: "device")
    door.hear(.closed)
    #expect(door.state == .unknown)
    door.hear(isOnline: true, on: "device")
    #expect(door.state == .closed)
  }

  @Test(
    "has a transition made up for each change, counted and marked as such, and none for what is said again")
  func transitions() throws {
    let first = try #require(ForeignDoor.transition(to: .closed, record: nil, at: .second(5)))
    #expect(first.sequence == 1)
    #expect(first.journal == "arrival")
    #expect(first.cause == .arrival)
    #expect(first.since == seconds(5))
    #expect(ForeignDoor.transition(to: .closed, record: first, at: .second(6)) == nil)
    let second = try #require(ForeignDoor.transition(to: .open, record: first, at: .second(7)))
    #expect(second.sequence == 2)
    let adopted = ForeignDoor.transition(to: .open, record: .at(40, .closed), at: .second(8))
    #expect(adopted?.sequence == 1, "the door was an agent's before")
  }
}
