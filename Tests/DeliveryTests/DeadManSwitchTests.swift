import Testing

@testable import Delivery

@Suite("The dead man's switch")
struct DeadManSwitchTests {
  private func ping(_ answer: WebhookServer.Answer, timeLimit: Duration = .seconds(30)) async throws
    -> DeadManSwitch.Answer?
  {
    var result: DeadManSwitch.Answer?
    try await WebhookServer.with([answer]) { server in
      let address = try WebAddress("http://127.0.0.1:\(server.port)/ping/hunter2")
      result = await DeadManSwitch(address: address, timeLimit: timeLimit).ping()
      // healthchecks.io/docs/http_api: "HTTP GET, HEAD or POST to the ping URL".
      #expect(server.requests.map(\.line) == ["GET /ping/hunter2 HTTP/1.1"])
    }
    return result
  }

  @Test("asks once for the address, and is heard by an answer of 2xx")
  func heard() async throws {
    #expect(try await ping(.status("200 OK", body: "OK")) == .heard)
    #expect(try await ping(.status("204 No Content")) == .heard)
  }

  @Test("is not heard by any other answer, by none, or by one that is cut")
  func unheard() async throws {
    #expect(try await ping(.status("404 Not Found")) == .unheard(why: "it answered HTTP 404"))
    #expect(
      try await ping(.status("301 Moved", "Location: /elsewhere\r\n"))
        == .unheard(why: "it answered HTTP 301"))
    #expect(try await ping(.status("503 Busy")) == .unheard(why: "it answered HTTP 503"))
    for answer in [try await ping(.bytes("HTTP/1.1 2")), try await ping(.silence, timeLimit: .seconds(3))] {
      guard case .unheard(let why) = answer else {
        Issue.record("\(String(describing: answer))")
        continue
      }
      #expect(why.hasPrefix("it did not answer") || why.hasPrefix("it cannot be reached"))
      #expect(!why.contains("hunter2"))
    }
  }

  @Test("never shows its address")
  func address() throws {
    let address = DeadManSwitch(address: try WebAddress("https://example.org/hunter2"))
    #expect(!"\(address)".contains("hunter2"))
    var dumped = ""
    dump(address, to: &dumped)
    #expect(!dumped.contains("hunter2"))
  }
}
