import DoorCore
import Testing

@Suite("The watch of an open door")
struct OpenDoorWatchTests {
  private func watch(since: Int64 = 0) -> OpenDoorWatch {
    OpenDoorWatch(cause: "hall/front/j/7", since: seconds(since), limit: .seconds(600), at: .second(0))
  }

  @Test("warns once when the door has been open for as long as it may")
  func once() {
    var watch = watch()
    var number: Int?
    #expect(watch.wait(repetition: nil, at: .second(0)) == .seconds(600))
    number = watch.warning(repetition: nil, at: .second(599))
    #expect(number == nil)
    number = watch.warning(repetition: nil, at: .second(600))
    #expect(number == 1)
    number = watch.warning(repetition: nil, at: .second(6_000))
    #expect(number == nil)
    #expect(watch.wait(repetition: nil, at: .second(6_000)) == nil)
    #expect(watch.alert == "hall/front/j/7/1700000000000/open-too-long")
  }

  @Test("warns again as it is set")
  func again() {
    var watch = watch()
    var number: Int?
    number = watch.warning(repetition: .seconds(60), at: .second(600))
    #expect(number == 1)
    #expect(watch.wait(repetition: .seconds(60), at: .second(610)) == .seconds(50))
    number = watch.warning(repetition: .seconds(60), at: .second(659))
    #expect(number == nil)
    number = watch.warning(repetition: .seconds(60), at: .second(660))
    #expect(number == 2)
  }

  @Test("counts from the opening, also where that is heard of late")
  func late() {
    #expect(watch(since: -200).wait(repetition: nil, at: .second(0)) == .seconds(400))
    #expect(watch(since: -9_999).wait(repetition: nil, at: .second(0)) == .zero)
    #expect(watch(since: 500).wait(repetition: nil, at: .second(0)) == .seconds(600), "a clock that is ahead")
  }
}
