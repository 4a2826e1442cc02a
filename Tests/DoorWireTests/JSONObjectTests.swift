import Foundation
import TestSupport
import Testing

@testable import DoorWire

@Suite("A JSON object that is written member by member")
struct JSONObjectTests {
  private func text(_ write: (inout JSONObject) -> Void) -> String {
    var object = JSONObject(capacity: 0)
    write(&object)
    return String(decoding: object.text, as: UTF8.self)
  }

  @Test("has its members in the order in which they came")
  func members() {
    #expect(text { _ in } == "{}")
    #expect(
      text {
        $0.add("door", "front")
        $0.add("seq", Int64.max)
        $0.add("missed", -3)
        $0.add("simulated", true)
        $0.add("sent", false)
      } == #"{"door":"front","seq":9223372036854775807,"missed":-3,"simulated":true,"sent":false}"#)
  }

  @Test("has no more escaped than it has to be")
  func plain() {
    #expect(text { $0.add("text", "Tür / 正门 🚪'") } == #"{"text":"Tür / 正门 🚪'"}"#)
  }

  @Test("is read again by others, whatever is in its text")
  func escapes() throws {
    let nasty = String(String.UnicodeScalarView((0..<0x100).compactMap(Unicode.Scalar.init)))
    var random = SeededGenerator(seed: 8_259)
    for round in 0..<100 {
      let value = round == 0 ? nasty : String(nasty.shuffled(using: &random).prefix(20))
      let written = text { $0.add("text", value) }
      #expect(try JSONDecoder().decode([String: String].self, from: Data(written.utf8)) == ["text": value])
    }
  }
}
