import Appliance
import Testing

@testable import Delivery

@Suite("A web address")
struct WebAddressTests {
  @Test(
    "is http or https with a host and a port that there is",
    arguments: [
      "http://a", "https://a.example/b?c=d#e", "http://127.0.0.1:8080/x", "http://[::1]:1/",
    ])
  func valid(_ text: String) throws {
    _ = try WebAddress(text)
  }

  @Test(
    "is nothing else",
    arguments: [
      "", "a", "ftp://a", "http://", "http:///x", "http://a:0/", "http://a:65536/", "http://a:x/",
      "http://u:p@h/",
    ])
  func invalid(_ text: String) {
    #expect(throws: WebAddressError.self) { try WebAddress(text) }
  }

  @Test(
    "has what an answer could repeat of it: all of it, and a key at the end of its path",
    arguments: [
      ("https://a.example/hook/hunter2", ["hunter2"]),
      ("https://a.example/hook/hunter2/?wait=1#x", ["hunter2"]),
      ("https://a.example/hook", []), ("https://long.example.org", []), ("https://long.example.org/", []),
      ("https://long.example.org?token=hunter2", []),
      ("https://a.example/hunter2?url=/elsewhere", ["hunter2"]),
    ])
  func secrets(_ text: String, _ keys: [String]) throws {
    #expect(try WebAddress(text).secrets.map { $0.reveal() } == [text] + keys)
  }

  @Test("is not shown")
  func secret() throws {
    let address = try WebAddress("https://example.org/hunter2")
    var dumped = ""
    dump(address, to: &dumped)
    #expect(!"\(address) \(String(reflecting: address)) \(dumped)".contains("hunter2"))
    #expect(address.reveal() == "https://example.org/hunter2")
    let error = #expect(throws: WebAddressError.self) { try WebAddress("hunter2") }
    #expect(error?.description == "this is no http or https address")
  }
}
