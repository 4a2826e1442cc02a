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
    #expect(refusal { $0.will = Message("w", long) } != nil)
    #expect(refusal { $0.will = Message("w/#", "") } == .invalidTopic("w/#"))
    #expect(refusal { $0.receiveMaximum = 0 } != nil)
    #expect(refusal { $0.maximumPacketSize = 1023 } != nil)
    #expect(refusal { $0.outgoingQueueLimit = 0 } != nil)
  }

  @Test func routesAreCheckedBeforeAnythingIsSent() {
    func subscription(_ filter: String, _ qualityOfService: QualityOfService) -> Subscription {
      Subscription(filter: filter, qualityOfService: qualityOfService)
    }
    #expect(refusal { $0.subscriptions = [subscription("a/#/b", .atLeastOnce)] } == .invalidFilter("a/#/b"))
    #expect(
      refusal { $0.subscriptions = [subscription("a", .exactlyOnce)] }
        == .unsupportedQualityOfService(.exactlyOnce)
    )
    #expect(
      refusal { $0.subscriptions = Array(repeating: subscription("a", .atMostOnce), count: 1001) } != nil
    )
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
