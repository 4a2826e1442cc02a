import BrokerLink
import Delivery
import DoorCore
import Logging
import MQTT
import MQTTProtocol

/// Publishes the notice on a topic of the broker that the notifier is connected to, as JSON, for automations.
struct BrokerChannel: DeliveryChannel {
  let id: Identifier
  let topic: String
  let client: MQTTClient
  /// The broker keeps what it acknowledges; longer than this it is away.
  var timeLimit = Duration.seconds(10)

  func deliver(_ notice: Notice) async -> DeliveryResult {
    var message = Message(topic: topic, payload: NoticeBody(notice).encoded())
    message.properties.contentType = "application/json"
    do {
      try await Deadline.run(timeLimit, or: Late()) { [message] in try await client.publish(message) }
      return .delivered(answer: "the broker has it")
    } catch {
      return .retry(after: nil, why: "the broker has not taken it: \(error)")
    }
  }

  private struct Late: Error, CustomStringConvertible {
    var description: String { "it does not answer" }
  }
}

extension NotifierSettings.Channel {
  /// The channel as it works.
  func made(client: MQTTClient, logger: Logger) -> any DeliveryChannel {
    switch means {
    case .log: LogChannel(id: id, logger: logger)
    case .broker(let topic): BrokerChannel(id: id, topic: topic, client: client)
    case .web(let service): WebServiceChannel(id: id, service: service)
    case .program(let service): ProgramChannel(id: id, service: service)
    }
  }
}
