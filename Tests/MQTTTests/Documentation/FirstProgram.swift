import Logging
import MQTT

struct Thermometer {
  static func main() async throws {
    try await measure(at: BrokerAddress(host: "localhost"))
  }

  static func measure(at broker: BrokerAddress) async throws {
    let configuration = MQTTClient.Configuration(address: broker, clientIdentifier: "thermometer")
    let client = MQTTClient(configuration: configuration, logger: Logger(label: "thermometer"))

    let temperatures = Route("home/+/temperature") { batch in
      for message in batch { print("\(message.topic): \(message.text)") }
    }

    try await withThrowingTaskGroup(of: Void.self) { group in
      // Connects, and stays connected until it is cancelled.
      group.addTask { try await client.run(routes: [temperatures]) }

      for degrees in 19...21 {
        // Returns when the broker has acknowledged the message.
        try await client.publish(
          Message(topic: "home/kitchen/temperature", text: "\(degrees)", retain: true))
      }
      // Returns when the handlers have finished with all that has come.
      try await client.fence()
      group.cancelAll()
    }
  }
}
