import DoorCore
import GPIO
import TestSupport
import Testing

@Suite("An output line")
struct DrivenLineTests {
  @Test("that is simulated is a file: off when it is taken, then what it is set to")
  func simulated() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("on\n", to: "siren")
    let line = try OutputSource.simulated(path: path).open()
    #expect(try folder.read("siren") == "off\n")
    try line.set(isOn: true)
    #expect(try folder.read("siren") == "on\n")
    try line.set(isOn: false)
    #expect(try folder.read("siren") == "off\n")
  }

  @Test("says what is wrong with it")
  func missing() throws {
    let simulated = #expect(throws: LineError.self) {
      try OutputSource.simulated(path: "/nowhere/siren").open()
    }
    #expect(simulated == .unwritable(line: "/nowhere/siren", reason: "No such file or directory"))
    let chip = #expect(throws: LineError.self) {
      try OutputSource.chip("no-such-chip", line: "1", activeLevel: .high).open()
    }
    #expect(chip?.description.contains("there is no GPIO chip \"no-such-chip\"") == true)
  }
}
