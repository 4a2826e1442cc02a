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

  @Test("is not shown")
  func secret() throws {
    let address = try WebAddress("https://example.org/hunter2")
    #expect(!"\(address)".contains("hunter2"))
  }
}
