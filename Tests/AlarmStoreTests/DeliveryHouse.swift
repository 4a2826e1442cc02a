import DoorCore
import Testing

@testable import AlarmStore

/// A store with alerts on their way through four channels.
struct DeliveryHouse {
  let house: House
  let phone: Identifier
  let mail: Identifier
  let siren: Identifier
  let lamp: Identifier
  /// The phone at once, mail and siren after five minutes, and no route for the lamp.
  let routing: AlertRouting

  init() throws {
    house = try House()
    (phone, mail) = (try Identifier("phone"), try Identifier("mail"))
    (siren, lamp) = (try Identifier("siren"), try Identifier("lamp"))
    routing = Self.routing([phone, mail, siren, lamp], [[phone], [mail, siren]])
  }

  /// Steps that begin five minutes after each other.
  static func routing(
    _ channels: [Identifier], _ steps: [[Identifier]], quietUntil: Timestamp? = nil
  ) -> AlertRouting {
    let steps = steps.enumerated().map {
      AlertRouting.Step(after: .seconds($0.offset * 300), channels: $0.element)
    }
    return AlertRouting(
      channels: channels, routes: [AlertRouting.Route(steps: steps)], quietUntil: quietUntil)
  }
}

/// What the suites of deliveries have in common.
protocol DeliverySuite {
  var own: DeliveryHouse { get }
}

extension DeliverySuite {
  var house: House { own.house }
  var phone: Identifier { own.phone }
  var mail: Identifier { own.mail }
  var siren: Identifier { own.siren }
  var lamp: Identifier { own.lamp }
  var routing: AlertRouting { own.routing }

  func trouble(_ id: String) -> Alert { .openTooLong(id, in: house) }

  func raise(
    _ alert: Alert, at time: Timestamp = seconds(0), by routing: AlertRouting? = nil
  ) async throws {
    try await house.store.transact { [own = self.routing] store in
      let isNew = try store.raise(alert, isHeld: false, routing: routing ?? own, now: time)
      #expect(isNew)
    }
  }

  func next(for channel: Identifier, at time: Timestamp) async throws -> OutboxStand {
    try await house.store.transact { try $0.next(for: channel, now: time) }
  }

  /// Delivers what is due next, and returns its key.
  @discardableResult
  func deliver(through channel: Identifier, at time: Timestamp) async throws -> String {
    try await house.store.transact { store in
      let message = try store.next(for: channel, now: time).message()
      try store.markDelivered(message, receipt("HTTP 200", time))
      return message.key
    }
  }

  /// Has a channel refuse what is due next; returns the ids of the alerts that nobody is told of.
  @discardableResult
  func refuse(by channel: Identifier, at time: Timestamp) async throws -> [String] {
    try await house.store.transact { [routing] store in
      let message = try store.next(for: channel, now: time).message()
      return try store.markRefused(message, receipt("HTTP 404", time), channels: routing.channels).map(\.id)
    }
  }

  /// Has what is due next fail.
  func fail(
    through channel: Identifier, at time: Timestamp, until due: Timestamp? = nil
  ) async throws {
    try await house.store.transact { store in
      let message = try store.next(for: channel, now: time).message()
      try store.postpone(message, until: due, receipt("HTTP 503", time))
    }
  }

  func resolve(_ alert: Alert, at time: Timestamp) async throws {
    let condition = try #require(alert.condition)
    try await house.store.transact { [house, routing] store in
      _ = try store.resolve(condition, in: house.area, routing: routing, now: time)
    }
  }

  func acknowledge(_ id: String, at time: Timestamp) async throws {
    _ = try await house.store.transact { try $0.acknowledge(alert: id, by: "Ada", from: "app", now: time) }
  }

  /// The rows of an alert, in the order of their writing.
  func rows(of id: String = "1") async throws -> [String] {
    try await house.store.transact { store in
      try store.deliveries(of: id).map { "\($0.channel) \($0.stage): \($0.standing)" }
    }
  }

  func undelivered(_ id: String = "1") async throws -> Timestamp? {
    try await house.store.transact { try $0.alertRecord(id)?.undelivered }
  }
}
