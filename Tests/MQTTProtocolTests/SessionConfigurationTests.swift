import MQTTProtocol
import NIOCore
import Testing

@Suite struct SessionConfigurationTests {
  private func refusal(_ change: (inout SessionConfiguration) -> Void) -> MQTTError? {
    var configuration = SessionConfiguration(broker: "b:1", clientIdentifier: "c")
    change(&configuration)
    do throws(MQTTError) {
      try configuration.validate()
      return nil
    } catch {
      return error
    }
  }

  @Test func theDefaultsAreValid() {
    #expect(refusal { _ in } == nil)
  }

  @Test func whatCannotBeSentIsNamed() {
    let long = String(repeating: "x", count: 65_536)
    #expect(refusal { $0.clientIdentifier = long } != nil)
    #expect(refusal { $0.clientIdentifier = "a\u{0}" } != nil)
    #expect(refusal { $0.credentials = Credentials(userName: long, password: nil) } != nil)
    #expect(refusal { $0.credentials = Credentials(userName: "u", password: long) } != nil)
    #expect(refusal { $0.will = Will(Message("w", long)) } != nil)
    #expect(refusal { $0.will = Will(Message("w/#", "")) } == .invalidTopic("w/#"))
    #expect(refusal { $0.receiveMaximum = 0 } != nil)
    #expect(refusal { $0.maximumPacketSize = 1023 } != nil)
    #expect(refusal { $0.outgoingQueueLimit = 0 } != nil)
  }

  @Test func anAuthenticationMethodNeedsAVersionThatHasIt() {
    for versions in [VersionPreference.newest, .only(.v5)] {
      let error = refusal {
        $0.authenticationMethod = "M"
        $0.versions = versions
      }
      #expect(error == nil)
    }
    let error = refusal {
      $0.authenticationMethod = "M"
      $0.versions = .only(.v3_1_1)
    }
    #expect(error != nil)
  }

  @Test func limitsOfZeroAreNamed() {
    #expect(refusal { $0.outgoingQueueByteLimit = 0 } != nil)
    #expect(refusal { $0.sendMaximum = 0 } != nil)
    #expect(refusal { $0.userProperties = [UserProperty(name: "n", value: "\u{0}")] } != nil)
  }

  @Test func aMessageThatCannotBeEncodedIsRefused() {
    let long = String(repeating: "x", count: 65_536)
    var messages = Array(repeating: Message("t", ""), count: 4)
    messages[0].properties.contentType = long
    messages[1].properties.responseTopic = "+"
    messages[2].properties.correlationData = ByteBuffer(string: long)
    messages[3].properties.userProperties = [UserProperty(name: "n", value: long)]
    for message in messages {
      #expect(throws: MQTTError.self) { try message.validate() }
    }
  }
}
