import DoorCore
import Foundation
import Testing

@Suite("An access code")
struct AccessCodeTests {
  @Test("has 1 to 64 bytes, and shows none of them")
  func bounds() throws {
    #expect(AccessCode("") == nil)
    #expect(AccessCode(String(repeating: "1", count: 65)) == nil)
    #expect(AccessCode("12\0") == nil)
    let code = try #require(AccessCode("00420042"))
    #expect(code.reveal() == "00420042")
    #expect(!"\(code)".contains("42"))
    var dumped = ""
    dump(code, to: &dumped)
    #expect(!dumped.contains("42"))
  }

  @Test("gives its owner the rights that they have, where they have them")
  func rights() throws {
    let (house, shed) = (try Identifier("house"), try Identifier("shed"))
    #expect(Person(name: "Ada").may(.disarm, in: house))
    let guest = Person(name: "Guest", areas: [shed], rights: [.arm])
    #expect(guest.may(.arm, in: shed))
    #expect(!guest.may(.disarm, in: shed))
    #expect(!guest.may(.arm, in: house))
  }

  @Test("that is wrong makes the next one wait, twice as long each time, and five lock out")
  func guarding() throws {
    var guarding = CodeGuard()
    var now = Moment.second(0)
    for wait in [1, 2, 4, 8] as [Int64] {
      #expect(guarding.refusal(at: now) == nil)
      let isLockout = guarding.noteWrong(at: now)
      #expect(!isLockout)
      #expect(guarding.refusal(at: now) == .seconds(wait))
      now = .at(now.wall.advanced(by: .seconds(wait)))
    }
    var isLockout = guarding.noteWrong(at: now)
    #expect(isLockout, "the fifth")
    #expect(guarding.refusal(at: now) == .seconds(300))
    now = .at(now.wall.advanced(by: .seconds(300)))
    isLockout = guarding.noteWrong(at: now)
    #expect(isLockout, "each further one")
    #expect(guarding.refusal(at: now) == .seconds(600))
    for _ in 0..<100 { _ = guarding.noteWrong(at: now) }
    #expect(guarding.refusal(at: now) == .seconds(3_600), "never longer")
    #expect(guarding.failures == 106)
    guarding.noteRight()
    #expect(guarding == CodeGuard())
  }

  @Test("cannot be tried sooner by starting anew or setting the clock")
  func restart() throws {
    var guarding = CodeGuard()
    for _ in 0..<5 { _ = guarding.noteWrong(at: .second(0)) }
    let read = try JSONDecoder().decode(CodeGuard.self, from: JSONEncoder().encode(guarding))
    #expect(read == guarding)
    var later = Moment.second(10)
    later.wall = seconds(1_000_000)
    #expect(read.refusal(at: later) == .seconds(290))
  }
}
