import Logging
import MQTT
import NIOCore
import TestSupport
import Testing

/// In the place of a database.
private actor Table {
  private(set) var rows: [String] = []
  var isBroken = false

  func breakDown() { isBroken = true }

  func insert(_ new: [String]) throws {
    if isBroken { throw TestSupportError("the table is broken") }
    rows += new
  }

  func keep(_ messages: [ReceivedMessage]) throws { rows += messages.map(\.text) }
}

private func runReadings(_ client: MQTTClient, into table: Table, logger: Logger) async throws {
  let readings = Route("meter/+/power") { batch in
    try await table.insert(batch.map { "\($0.topic) \($0.text)" })
  }
  try await client.run(routes: [readings]) { batch in
    for message in batch { logger.notice("nobody wants \(message.topic)") }
  }
}

private func requests(to client: MQTTClient) -> Route {
  let requests = Route("meter/get") { batch in
    for request in batch {
      guard let topic = request.properties.responseTopic else { continue }
      var answer = Message(topic: topic, text: "412")
      answer.properties.correlationData = request.properties.correlationData
      try await client.enqueue(answer)
    }
  }
  return requests
}

private func ordersAndCommands(_ table: Table, _ deadLetters: Table) -> [Route] {
  let orders = Route(
    "orders/#", whenFailing: .park(after: 3, in: { batch in try await deadLetters.keep(batch) })
  ) { batch in
    try await table.insert(batch.map(\.text))
  }
  let commands = Route(
    "commands/#", whenFailing: .refuse(after: 3, with: .implementationSpecificError)
  ) { batch in
    try await table.insert(batch.map(\.text))
  }
  return [orders, commands]
}

private func subscribeForAWhile(_ client: MQTTClient) async throws {
  let alarms = Route("alarms/#") { batch in
    for message in batch { print(message.text) }
  }
  try await client.subscribe(to: alarms)
  try await client.unsubscribe(from: "alarms/#")
}

@Suite struct HandlersTests {
  @Test func whatNoRouteWantsGoesToTheFallback() async throws {
    try await Mosquitto.with { broker in
      let configuration = configuration(port: broker.port, "table")
      // The subscription stays in the session.
      try await withClient(configuration, routes: [Received().route("meter/+/energy")]) { _ in }
      let table = Table()
      let log = LogRecord()
      let client = MQTTClient(configuration: configuration, logger: log.logger)
      let running = Task { try await runReadings(client, into: table, logger: log.logger) }
      try await client.publish([Message("meter/7/energy", "18"), Message("meter/7/power", "412")])
      try await client.fence()
      #expect(await table.rows == ["meter/7/power 412"])
      #expect(log.lines.contains { $0.message.contains("nobody wants meter/7/energy") })
      running.cancel()
      try await running.value
    }
  }

  @Test func aHandlerAnswersARequest() async throws {
    try await Mosquitto.with { broker in
      let client = MQTTClient(
        configuration: configuration(port: broker.port, "meter"), logger: LogRecord().logger)
      let received = Received()
      let routes = [requests(to: client), received.route("answers")]
      let running = Task { try await client.run(routes: routes) }
      var request = Message("meter/get", "")
      request.properties.responseTopic = "answers"
      request.properties.correlationData = ByteBuffer(string: "17")
      try await client.publish(request)
      try await eventually("the answer") { received.texts == ["412"] }
      #expect(received.messages.first?.properties.correlationData == ByteBuffer(string: "17"))
      running.cancel()
      try await running.value
    }
  }

  @Test func whatFailsIsParkedOrRefused() async throws {
    try await Mosquitto.with { broker in
      let table = Table()
      let deadLetters = Table()
      await table.breakDown()
      let log = LogRecord()
      let routes = ordersAndCommands(table, deadLetters)
      try await withClient(configuration(port: broker.port, "table"), routes: routes, log: log) { client in
        try await client.publish([Message("orders/1", "one"), Message("commands/1", "go")])
        try await eventually("the parked message") { await deadLetters.rows == ["one"] }
        try await eventually("the refused message") {
          log.lines.contains { $0.level == .error && $0.message.contains("its message is refused") }
        }
      }
    }
  }

  @Test func aSubscriptionComesAndGoes() async throws {
    try await Mosquitto.with { broker in
      try await withClient(configuration(port: broker.port, "display")) { client in
        try await subscribeForAWhile(client)
        #expect(try broker.log().contains("Sending UNSUBACK to display"))
      }
    }
  }
}
