import MQTT
import NIOCore
import TestSupport
import Testing

private struct Booking: Sendable {
  var identity: String
  var cents: Int
}

/// In the place of a database.
private actor Ledger {
  private var identities: Set<String> = []
  private(set) var cents = 0

  func book(_ bookings: [Booking]) throws {
    for booking in bookings where identities.insert(booking.identity).inserted { cents += booking.cents }
  }
}

private func publishAndEnqueue(_ client: MQTTClient) async throws {
  // Returns when the broker has the message.
  try await client.publish(Message(topic: "meter/power", text: "412"))

  // Returns when the client has it; with a session store, when it is on the disk.
  try await client.enqueue(
    Message(topic: "meter/energy", text: "18.2", qualityOfService: .exactlyOnce))
}

private func tell(_ client: MQTTClient) async throws -> ReasonCode {
  let answer = try await client.acknowledgement(of: Message(topic: "meter/alarm", text: "leak"))
  if answer == .noMatchingSubscribers { print("nobody has heard it") }
  return answer
}

private func keepLatest(_ client: MQTTClient) async throws {
  // Of a state only the latest counts: while there is no connection, each takes the place of the one before.
  try await client.enqueue(
    Message(topic: "meter/state", text: "running", retain: true), queue: .keepLatest)

  // Not worth waiting for a connection: throws MQTTError.notConnected.
  try await client.publish(
    Message(topic: "meter/now", text: "412", qualityOfService: .atMostOnce), queue: .refuse)
}

private func bookings(in ledger: Ledger) -> Route {
  let bookings = Route("bookings", qualityOfService: .exactlyOnce) { batch in
    // One transaction for the batch. It books nothing under an identity that it has booked before.
    try await ledger.book(
      batch.compactMap { message in
        guard let identity = message.properties.correlationData, let cents = Int(message.text) else {
          return nil
        }
        return Booking(identity: String(buffer: identity), cents: cents)
      })
  }
  return bookings
}

private func askAgain(_ client: MQTTClient) async throws {
  for await case .connected(let state) in client.states() where !state.isSessionPresent {
    // What was published meanwhile has not reached us: have everybody say it again.
    try await client.publish(Message(topic: "meter/get", text: "all"))
  }
}

@Suite struct DeliveryGuaranteesTests {
  @Test func messagesArePublishedAndEnqueued() async throws {
    try await Mosquitto.with { broker in
      let received = Received()
      let routes = [received.route("meter/#", qualityOfService: .exactlyOnce)]
      try await withClient(configuration(port: broker.port, "meter"), routes: routes) { client in
        try await publishAndEnqueue(client)
        try await keepLatest(client)
        try await eventually("the messages") {
          received.texts.sorted() == ["18.2", "412", "412", "running"]
        }
      }
    }
  }

  @Test func thatNobodySubscribesIsTold() async throws {
    try await Mosquitto.with { broker in
      try await withClient(configuration(port: broker.port, "meter")) { client in
        let answer = try await tell(client)
        #expect(answer == .noMatchingSubscribers)
      }
    }
  }

  @Test func withoutAConnectionOneWaitsAndTheOtherIsRefused() async throws {
    let port = try freePort()
    try await withClient(configuration(port: port, "meter"), connected: false) { client in
      _ = await #expect(throws: MQTTError.notConnected) { try await keepLatest(client) }
    }
  }

  @Test func aBookingThatComesTwiceIsBookedOnce() async throws {
    try await Mosquitto.with { broker in
      let ledger = Ledger()
      let routes = [bookings(in: ledger)]
      try await withClient(configuration(port: broker.port, "ledger"), routes: routes) { client in
        var booking = Message("bookings", "100", qualityOfService: .exactlyOnce)
        booking.properties.correlationData = ByteBuffer(string: "a")
        var another = Message("bookings", "20", qualityOfService: .exactlyOnce)
        another.properties.correlationData = ByteBuffer(string: "b")
        try await client.publish([booking, booking, another])
        try await client.fence()
        #expect(await ledger.cents == 120)
      }
    }
  }

  @Test func afterALostSessionEverybodyIsAsked() async throws {
    try await Mosquitto.with { broker in
      let received = Received()
      let routes = [received.route("meter/get")]
      try await withClient(configuration(port: broker.port, "meter"), routes: routes) { client in
        let asking = Task { try await askAgain(client) }
        try await eventually("the first question") { received.texts == ["all"] }
        try await broker.restart(emptied: true)
        try await eventually("the second question") { received.texts == ["all", "all"] }
        asking.cancel()
      }
    }
  }
}
