import DoorCore
import Testing

@Suite("A local output")
struct OutputSwitchTests {
  private let front: Identifier
  private let back: Identifier
  private let home: Identifier

  init() throws {
    front = try Identifier("front")
    back = try Identifier("back")
    home = try Identifier("home")
  }

  private func at(_ second: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: second * 1_000_000_000) }

  private var armed: Set<AreaState> { Set(AreaState.allCases.filter(\.isArmed)) }

  // MARK: For as long as it lasts

  @Test("of a door is on while one of its doors is in the state")
  func door() {
    var lamp = OutputSwitch(rule: OutputRule(doors: [front, back]))
    #expect(!lamp.isOn(at: at(0)))
    lamp.note(doors: [front: .closed, back: .open], at: at(1))
    #expect(lamp.isOn(at: at(1)))
    lamp.note(doors: [front: .open, back: .closed], at: at(2))
    #expect(lamp.isOn(at: at(2)))
    lamp.note(doors: [front: .unknown, back: .closed], at: at(3))
    #expect(!lamp.isOn(at: at(3)), "a door that cannot be read is not open")
    #expect(lamp.deadline(at: at(3)) == nil)
  }

  @Test("of an area is on while the area is in one of the states, from what was last known of it on")
  func area() throws {
    let rule = OutputRule(area: home, areaStates: [.triggered])
    var siren = OutputSwitch(rule: rule, areas: [home: .triggered])
    #expect(siren.isOn(at: at(0)))
    siren.note(area: try Identifier("shop"), is: .disarmed, at: at(1))
    #expect(siren.isOn(at: at(1)), "another area")
    siren.note(area: home, is: .disarmed, at: at(2))
    #expect(!siren.isOn(at: at(2)))
    #expect(!OutputSwitch(rule: rule).isOn(at: at(0)), "nothing is known of the area")
  }

  @Test("of both is on while both are so")
  func both() {
    var lamp = OutputSwitch(rule: OutputRule(doors: [front], area: home, areaStates: [.disarmed]))
    lamp.note(doors: [front: .open], at: at(0))
    #expect(!lamp.isOn(at: at(0)))
    lamp.note(area: home, is: .disarmed, at: at(1))
    #expect(lamp.isOn(at: at(1)))
    lamp.note(area: home, is: .arming, at: at(2))
    #expect(!lamp.isOn(at: at(2)))
  }

  // MARK: For a time

  /// Sounds for 60 s when the front door opens while the area was last known to be armed.
  private func siren(known: DoorState? = .closed, area: AreaState? = .armedAway) -> OutputSwitch {
    let rule = OutputRule(doors: [front], area: home, areaStates: armed, duration: .seconds(60))
    return OutputSwitch(
      rule: rule, doors: known.map { [front: $0] } ?? [:], areas: area.map { [home: $0] } ?? [:])
  }

  @Test("sounds for its time when a door opens while armed, also when that closes again")
  func forATime() {
    var siren = siren()
    siren.note(doors: [front: .closed], at: at(0))
    #expect(!siren.isOn(at: at(0)))
    siren.note(doors: [front: .open], at: at(10))
    siren.note(doors: [front: .closed], at: at(11))
    #expect(siren.isOn(at: at(69)) && siren.deadline(at: at(69)) == at(70))
    #expect(!siren.isOn(at: at(70)) && siren.deadline(at: at(70)) == nil)
    siren.note(doors: [front: .open], at: at(80))
    #expect(siren.deadline(at: at(80)) == at(140))
  }

  @Test("is ended by disarming, and does not begin again by arming with the door still open")
  func disarmed() {
    var siren = siren()
    siren.note(doors: [front: .open], at: at(10))
    siren.note(area: home, is: .triggered, at: at(11))
    #expect(siren.isOn(at: at(11)), "an alarm is armed, too")
    siren.note(area: home, is: .disarmed, at: at(20))
    #expect(!siren.isOn(at: at(20)) && siren.deadline(at: at(20)) == nil)
    siren.note(area: home, is: .armedAway, at: at(30))
    #expect(!siren.isOn(at: at(30)))
  }

  @Test("does not sound while disarmed or arming, or where nothing is known of the area")
  func notArmed() {
    for area in [AreaState.disarmed, .arming, nil] {
      var siren = siren(area: area)
      siren.note(doors: [front: .open], at: at(10))
      #expect(!siren.isOn(at: at(10)))
    }
  }

  @Test("does not sound for a door that was open before a restart, but for one opened meanwhile")
  func restart() {
    for (known, isOn) in [(DoorState.open, false), (.closed, true), (.fault, true), (nil, false)] {
      var siren = siren(known: known)
      siren.note(doors: [front: .open], at: at(1))
      #expect(siren.isOn(at: at(1)) == isOn, "\(String(describing: known))")
    }
  }

  @Test("does not sound because a line could not be read for a while")
  func unreadable() {
    var siren = siren(known: .open)
    siren.note(doors: [front: .unknown], at: at(1))
    siren.note(doors: [front: .open], at: at(2))
    #expect(!siren.isOn(at: at(2)))
    siren.note(doors: [front: .closed], at: at(3))
    siren.note(doors: [front: .unknown], at: at(4))
    siren.note(doors: [front: .open], at: at(5))
    #expect(siren.isOn(at: at(5)), "it was closed when it was last seen")
  }

  @Test("of an area alone sounds for its time from the alarm on, once")
  func areaForATime() {
    let rule = OutputRule(area: home, areaStates: [.triggered], duration: .seconds(180))
    var siren = OutputSwitch(rule: rule, areas: [home: .armedAway])
    siren.note(area: home, is: .triggered, at: at(1))
    siren.note(area: home, is: .triggered, at: at(100))
    #expect(siren.isOn(at: at(180)) && !siren.isOn(at: at(181)))
    var restarted = OutputSwitch(rule: rule, areas: [home: .triggered])
    restarted.note(area: home, is: .triggered, at: at(1))
    #expect(!restarted.isOn(at: at(1)), "the broker states it again")
  }
}
