import MQTT
import NIOCore
import NIOPosix
import TestSupport
import Testing

@Suite struct EventLoopExecutorTests {
  @Test func aClientAndItsHandlersRunOnOneThread() async throws {
    try await Mosquitto.with { broker in
      let client = MQTTClient(
        configuration: configuration(port: broker.port, "one-thread"), logger: LogRecord().logger)
      let onLoop = Received()
      let route = Route("t") { batch in
        if MultiThreadedEventLoopGroup.currentEventLoop != nil { onLoop.append(batch) }
      }
      let texts = (0..<20).map { "\($0)" }
      try await withTaskExecutorPreference(client.executor) {
        let running = Task(executorPreference: client.executor) { try await client.run(routes: [route]) }
        try await client.reaches { $0.connectedState != nil }
        for text in texts { try await client.publish(Message("t", text)) }
        try await eventually("all on the event loop") { onLoop.texts == texts }
        running.cancel()
        try await running.value
      }
    }
  }
}
