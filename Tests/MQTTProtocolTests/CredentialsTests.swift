import MQTTProtocol
import Testing

@Suite struct CredentialsTests {
  @Test func thePasswordNeverShows() {
    let credentials = Credentials(userName: "agent", password: "hunter2")
    var dumped = ""
    dump(credentials, to: &dumped)
    for text in ["\(credentials)", String(reflecting: credentials), "\([credentials])", dumped] {
      #expect(text.contains("agent") && !text.contains("hunter2"))
    }
  }
}
