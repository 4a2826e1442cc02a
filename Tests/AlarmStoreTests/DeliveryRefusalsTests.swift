import DoorCore
import Testing

@testable import AlarmStore

@Suite("The deliveries of an alert that a channel refuses, or cannot have")
struct DeliveryRefusalsTests: DeliverySuite {
  let own: DeliveryHouse

  init() throws {
    own = try DeliveryHouse()
  }

  // MARK: Refusals

  @Test("go on with the next step at once where a channel refuses and no other is under way")
  func refused() async throws {
    try await raise(
      house.alert(), by: DeliveryHouse.routing([phone, mail, siren], [[phone], [mail], [siren]]))
    #expect(try await refuse(by: phone, at: seconds(1)) == [])
    #expect(try await next(for: mail, at: seconds(1)).message().key == "1")
    #expect(try await next(for: siren, at: seconds(1)) == .nothingBefore(seconds(600)), "one after the other")
    #expect(try await refuse(by: mail, at: seconds(2)) == [])
    #expect(try await next(for: siren, at: seconds(2)).message().key == "1")
  }

  @Test("keep to the times of the steps where another channel has it, or is about to")
  func refusedByOne() async throws {
    let routing = DeliveryHouse.routing([phone, mail, siren], [[phone, mail], [siren]])
    for id in ["1", "2", "3"] { try await raise(house.alert(id), by: routing) }
    try await deliver(through: mail, at: seconds(1))
    for _ in 1...2 { try await refuse(by: phone, at: seconds(2)) }
    #expect(try await next(for: siren, at: seconds(2)) == .nothingBefore(seconds(300)))
    // One that is to be tried again later is still about to.
    try await refuse(by: mail, at: seconds(3))
    #expect(try await next(for: siren, at: seconds(3)).message().key == "2", "both have refused it")
    try await fail(through: mail, at: seconds(4), until: seconds(60))
    try await refuse(by: phone, at: seconds(4))
    #expect(try await next(for: mail, at: seconds(4)) == .nothingBefore(seconds(60)), "in its time")
    try await deliver(through: siren, at: seconds(4))
    #expect(try await next(for: siren, at: seconds(4)) == .nothingBefore(seconds(300)))
  }

  @Test("try the channels that are in no step where all of them have refused it, and then give up, once")
  func undeliverable() async throws {
    try await raise(house.alert(), by: DeliveryHouse.routing([phone, mail, siren, lamp], [[phone], [mail]]))
    #expect(try await refuse(by: phone, at: seconds(1)) == [])
    #expect(try await refuse(by: mail, at: seconds(2)) == [])
    #expect(
      try await rows() == [
        "phone raised: refused", "mail raised: refused", "siren raised: waiting", "lamp raised: waiting",
      ])
    #expect(try await refuse(by: siren, at: seconds(3)) == [], "the lamp is left")
    #expect(try await undelivered() == nil)
    #expect(try await refuse(by: lamp, at: seconds(4)) == ["1"])
    #expect(try await undelivered() == seconds(4))
    // What the reminder has to say is not taken either; that it is undelivered is known since then.
    let reminded = try await house.store.transact { [routing] store in
      try store.remind(by: AlertPolicy(), routing: routing, now: seconds(300)).reminded.count
    }
    #expect(reminded == 1)
    var given: [String] = []
    for channel in routing.channels { given += try await refuse(by: channel, at: seconds(301)) }
    #expect(given == ["1"])
    #expect(try await undelivered() == seconds(4))
  }

  @Test("are counted where they have reached nobody, until somebody knows all the same")
  func undeliveredCount() async throws {
    func count() async throws -> Int { try await house.store.transact { try $0.undeliveredCount() } }
    let lonely = DeliveryHouse.routing([phone], [[phone]])
    for id in ["1", "2", "3"] { try await raise(house.alert(id), by: lonely) }
    #expect(try await count() == 0)
    for _ in 1...2 {
      try await house.store.transact { [phone] store in
        let message = try store.next(for: phone, now: seconds(1)).message()
        let given = try store.markRefused(message, receipt("HTTP 404", seconds(1)), channels: [phone])
        #expect(given == message.items.map(\.alert))
      }
    }
    #expect(try await count() == 2)
    #expect(try await AlarmStore.check(house.path).undelivered == 2)
    try await acknowledge("1", at: seconds(2))
    #expect(try await count() == 1)
    try await acknowledge("3", at: seconds(2))
    #expect(try await count() == 1)
  }

  @Test("are no longer missed by anybody where the last channel takes it")
  func lastChannel() async throws {
    try await raise(house.alert(), by: DeliveryHouse.routing([phone, lamp], [[phone]]))
    try await refuse(by: phone, at: seconds(1))
    #expect(try await next(for: lamp, at: seconds(1)) != .nothing)
    try await deliver(through: lamp, at: seconds(1))
    #expect(try await undelivered() == nil)
  }

  @Test("try the steps that were left out, too, before they give up")
  func droppedAndRefused() async throws {
    let routing = DeliveryHouse.routing([phone, mail], [[phone], [mail]])
    try await raise(trouble("1"), by: routing)
    try await raise(house.alert("2"), by: routing)
    try await resolve(trouble("1"), at: seconds(1))
    try await acknowledge("2", at: seconds(1))
    for id in ["1", "2"] {
      #expect(try await rows(of: id).prefix(2) == ["phone raised: waiting", "mail raised: dropped"])
    }
    for _ in 1...2 { #expect(try await refuse(by: phone, at: seconds(2)) == []) }
    for id in ["1", "2"] {
      #expect(try await rows(of: id).prefix(2) == ["phone raised: refused", "mail raised: waiting"])
    }
    #expect(try await next(for: mail, at: seconds(2)).message().key == "2")
  }

  @Test("move each alert of a message that is refused on to its own next step")
  func refusedMessage() async throws {
    let ways: [[[Identifier]]] = [[[phone, lamp], [mail]], [[phone], [mail]], [[phone], [siren]]]
    for (index, way) in (ways + ways.suffix(1)).enumerated() {
      try await raise(house.alert("\(index + 1)"), by: DeliveryHouse.routing(routing.channels, way))
    }
    try await deliver(through: lamp, at: seconds(1))
    #expect(try await next(for: phone, at: seconds(2)).message().items.count == 4)
    #expect(try await refuse(by: phone, at: seconds(2)) == [])
    #expect(try await deliver(through: mail, at: seconds(2)) == "2")
    #expect(
      try await next(for: mail, at: seconds(2)) == .nothingBefore(seconds(300)), "the lamp has the first")
    for id in ["3", "4"] { #expect(try await deliver(through: siren, at: seconds(2)) == id) }
  }

  // MARK: Channels that are there no more

  private func redirect(to channels: [Identifier], at time: Timestamp) async throws -> Int {
    try await house.store.transact { try $0.redirect(to: channels, now: time) }
  }

  @Test("go to the channels that there are, where one that there is no more was to have them")
  func redirected() async throws {
    try await raise(house.alert(), by: DeliveryHouse.routing([phone], [[phone]]))
    #expect(try await redirect(to: [mail, lamp], at: seconds(5)) == 1)
    #expect(
      try await rows() == ["phone raised: refused", "mail raised: waiting", "lamp raised: waiting"])
    #expect(try await next(for: phone, at: seconds(5)) == .nothing)
    #expect(try await deliver(through: lamp, at: seconds(5)) == "1")
    #expect(try await redirect(to: [mail, lamp], at: seconds(6)) == 0, "once")
    let receipt = try await house.store.transact { try $0.deliveries(of: "1").first?.receipt }
    #expect(receipt?.answer == "there is no such channel any more")
    #expect(receipt?.at == seconds(5))
  }

  @Test("keep to their steps where a channel is gone: who is left of a step has it, or the next one at once")
  func redirectedSteps() async throws {
    let routing = DeliveryHouse.routing([phone, mail, siren], [[phone, lamp], [mail], [siren]])
    try await raise(house.alert("1"), by: routing)
    try await raise(
      house.alert("2"), by: DeliveryHouse.routing([phone, mail, siren], [[lamp], [mail], [siren]]))
    #expect(try await redirect(to: [phone, mail, siren], at: seconds(5)) == 2)
    #expect(
      try await rows() == [
        "phone raised: waiting", "lamp raised: refused", "mail raised: waiting", "siren raised: waiting",
      ])
    #expect(try await deliver(through: mail, at: seconds(5)) == "2")
    #expect(try await next(for: mail, at: seconds(5)) == .nothingBefore(seconds(300)))
    #expect(try await next(for: siren, at: seconds(5)) == .nothingBefore(seconds(600)))
  }

  @Test("wait for the morning all the same where their channel is gone in the night")
  func redirectedInQuietHours() async throws {
    let quiet = seconds(3_600)
    try await raise(
      trouble("1"), by: DeliveryHouse.routing([phone, lamp], [[phone, lamp]], quietUntil: quiet))
    try await raise(trouble("2"), by: DeliveryHouse.routing([lamp], [[lamp]], quietUntil: quiet))
    try await raise(trouble("3"), by: DeliveryHouse.routing([lamp], [[lamp], [phone]], quietUntil: quiet))
    #expect(try await redirect(to: [phone], at: seconds(5)) == 3)
    #expect(try await next(for: phone, at: seconds(3_599)) == .nothingBefore(quiet))
    #expect(
      try await next(for: phone, at: quiet).message().items.map(\.alert.id).sorted() == ["1", "2", "3"])
    #expect(try await next(for: lamp, at: quiet) == .nothing)
  }

  @Test("are known to have reached nobody where no channel is left at all")
  func redirectedNowhere() async throws {
    try await raise(house.alert())
    #expect(try await redirect(to: [], at: seconds(5)) == 3)
    #expect(try await undelivered() == seconds(5))
    #expect(
      try await rows() == ["phone raised: refused", "mail raised: refused", "siren raised: refused"])
  }

  @Test("take a message of many apart where its channel is gone, and lose none of it")
  func redirectedMessage() async throws {
    for id in ["1", "2", "3", "4", "5"] {
      try await raise(house.alert(id), by: DeliveryHouse.routing([phone], [[phone]]))
    }
    try await fail(through: phone, at: seconds(1))
    #expect(try await redirect(to: [lamp], at: seconds(5)) == 5)
    let message = try await next(for: lamp, at: seconds(5)).message()
    #expect(message.items.map(\.alert.id) == ["1", "2", "3", "4", "5"])
    #expect(message.attempts == 0)
  }
}
