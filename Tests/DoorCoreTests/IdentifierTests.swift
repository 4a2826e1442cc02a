import DoorCore
import Testing

@Suite("An id")
struct IdentifierTests {
  @Test(
    "is 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or a digit",
    arguments: ["a", "0", "front", "front-door_2", "9lives", "a-", "a_", String(repeating: "a", count: 64)]
  )
  func accepts(_ string: String) throws {
    #expect(try Identifier(string).description == string)
  }

  @Test(
    "is nothing else, and the refusal shows what was given",
    arguments: [
      "", "-a", "_a", "A", "Front", "a b", "a/b", "a.b", "a+", "#", "ä", "a\u{301}", "a\0", "a\n", "１",
      String(repeating: "a", count: 65),
    ]
  )
  func refuses(_ string: String) throws {
    let error = try #require(throws: IdentifierError.self) { try Identifier(string) }
    #expect(error.string == string)
    #expect(
      error.description
        == "\"\(string)\" is no id: 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or a digit"
    )
  }

  @Test("that is refused is shown with 80 characters at most")
  func refusalIsShort() throws {
    let error = try #require(throws: IdentifierError.self) {
      try Identifier(String(repeating: "x", count: 9_999))
    }
    #expect(error.description.hasPrefix("\"\(String(repeating: "x", count: 80))\" is no id"))
  }

  @Test("sorts by its text")
  func sorts() throws {
    let ids = try ["b", "a-1", "a", "0"].map(Identifier.init)
    #expect(ids.sorted().map(\.description) == ["0", "a", "a-1", "b"])
  }

  @Test("of a door and its agent's are written agent/door and read again")
  func address() throws {
    let address = try DoorAddress("hall/front")
    #expect(address.agent.description == "hall")
    #expect(address.door.description == "front")
    #expect(address.description == "hall/front")
    #expect(try DoorAddress(address.description) == address)
  }

  @Test(
    "of a door is two ids and one slash",
    arguments: ["", "/", "hall", "hall/", "/front", "hall/front/", "hall//front", "Hall/front", "hall/Front"]
  )
  func refusesAddress(_ string: String) {
    #expect(throws: IdentifierError.self) { try DoorAddress(string) }
  }

  @Test("of a door sorts by its agent first")
  func sortsAddresses() throws {
    let doors = try ["b/a", "a/z", "a/b"].map { try DoorAddress($0) }
    #expect(doors.sorted().map(\.description) == ["a/b", "a/z", "b/a"])
  }
}
