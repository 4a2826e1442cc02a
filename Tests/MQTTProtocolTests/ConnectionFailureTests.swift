import MQTTProtocol
import Testing

/// What people read when something is wrong.
@Suite struct ConnectionFailureTests {
  @Test(arguments: [
    (
      ConnectionFailure.credentialsRefused(broker: "b:1883", .notAuthorized, detail: nil),
      "the broker at b:1883 refused the user name or password (not authorized (0x87)): "
        + "check both, and the broker's password file"
    ),
    (.nothingListens(broker: "b:1883"), "nothing listens at b:1883: is the broker running?"),
    (
      .sessionTakenOver(broker: "b:1883", clientIdentifier: "x"),
      "another client uses the client id 'x' at the broker b:1883: give each program its own id"
    ),
    (
      .disconnected(broker: "b:1883", .serverShuttingDown, detail: "bye"),
      "the broker at b:1883 ended the connection (server shutting down (0x8B): bye): see the broker's log"
    ),
  ])
  func saysWhatHappenedAndWhatToDo(_ failure: ConnectionFailure, _ text: String) {
    #expect(failure.description == text)
  }

  @Test func reasonCodesHaveWordsAndNumbers() {
    #expect(ReasonCode.success.description == "success (0x00)")
    #expect(ReasonCode.keepAliveTimeout.description == "keep alive timeout (0x8D)")
  }
}
