import DoorCore
import Testing

@Suite("The lines of a door")
struct DoorSensorTests {
  private let wiring = Contact(kind: .normallyClosed, closedCircuitLevel: .low)

  @Test("are its contact's alone where there is no tamper loop")
  func contactOnly() {
    var door = DoorSensor(contact: wiring)
    #expect(door.state == nil)
    let states: [(DoorSensor.Reading, DoorState)] = [
      (.level(.low), .closed), (.level(.high), .open), (.chatters, .fault), (.unreadable, .unknown),
    ]
    for (reading, state) in states {
      door.note(reading, of: .contact)
      #expect(door.state == state)
    }
    let isTaken = door.note(.level(.high), of: .tamper)
    #expect(!isTaken, "there is no such line")
    #expect(door.state == .unknown)
    let isNews = door.note(.unreadable, of: .contact)
    #expect(!isNews)
  }

  @Test("say nothing before all of them have been looked at")
  func bothAreAwaited() {
    var door = DoorSensor(contact: wiring, tamper: wiring)
    door.note(.level(.low), of: .contact)
    #expect(door.state == nil)
    door.note(.level(.low), of: .tamper)
    #expect(door.state == .closed)
  }

  @Test("are a fault while the tamper loop is broken or not to be read, whatever the contact says")
  func tamper() {
    for contact in [DoorSensor.Reading.level(.low), .level(.high), .unreadable] {
      for loop in [DoorSensor.Reading.level(.high), .chatters, .unreadable] {
        var door = DoorSensor(contact: wiring, tamper: wiring)
        door.note(contact, of: .contact)
        door.note(loop, of: .tamper)
        #expect(door.state == .fault)
      }
    }
  }

  @Test("keep what they have said when the door is wired anew, where they are the same lines")
  func rewired() {
    var door = DoorSensor(contact: wiring, tamper: wiring)
    door.note(.level(.low), of: .contact)
    door.note(.level(.low), of: .tamper)
    let open = Contact(kind: .normallyOpen, closedCircuitLevel: .low)
    #expect(door.rewired(contact: open, tamper: wiring, keeping: [.contact, .tamper]).state == .open)
    #expect(door.rewired(contact: wiring, tamper: nil, keeping: [.contact]).state == .closed)
    #expect(door.rewired(contact: wiring, tamper: wiring, keeping: [.tamper]).state == nil)
  }
}
