import AccessCodes
import DoorCore
import Testing

@Suite("The hash of a code")
struct CodeHashTests {
  private func code(_ text: String) throws -> AccessCode { try #require(AccessCode(text)) }

  @Test("is that code's and no other's; zeros at its beginning count")
  func matches() throws {
    let hash = try CodeHash(of: try code("0123"))
    #expect(hash.matches(try code("0123")))
    for other in ["123", "00123", "0124", "0123 "] { #expect(!hash.matches(try code(other)), "\(other)") }
    #expect(try CodeHash(hash.reveal()).matches(try code("0123")), "as read from the settings")
  }

  @Test("is another one every time")
  func salted() throws {
    #expect(try CodeHash(of: try code("1234")) != CodeHash(of: try code("1234")))
  }

  @Test("is the one that others make: this one is Python's")
  func others() throws {
    let hash = try CodeHash("$7$CU..../....salt0salt0salt$9NTcPqr964uhbZ8GU.ktizfagcNK/Zw1gg.gOwV5xE7")
    #expect(hash.matches(try code("0123")))
    #expect(!hash.matches(try code("1234")))
  }

  @Test(
    "is nothing else",
    arguments: [
      "", "1234", "$7$", "$6$salt$abc", "$7$CU..../....salt0salt0salt", "$7$CU..../....salt0salt0salt$",
      "$7$CU..../....sa lt$9NTcPqr964uhbZ8GU", String(repeating: "$7$", count: 200),
    ])
  func refuses(_ text: String) {
    #expect(throws: CodeHashError.self) { try CodeHash(text) }
  }

  @Test("shows nothing of itself")
  func hidden() throws {
    let hash = try CodeHash(of: try code("0123"))
    var dumped = ""
    dump(hash, to: &dumped)
    #expect(!dumped.contains("$7$"))
    #expect(!"\(hash)".contains("$7$"))
  }
}
