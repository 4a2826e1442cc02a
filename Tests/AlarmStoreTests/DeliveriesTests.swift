import DoorCore
import Testing

@testable import AlarmStore

@Suite("The deliveries of an alert")
struct DeliveriesTests {
  private let house: House
  private let phone: Identifier
  private let mail: Identifier
  private let siren: Identifier
  private let lamp: Identifier
  /// The phone at once, mail and siren after five minutes, and no route for the lamp.
  private let routing: AlertRouting

  init() throws {
    house = try House()
    (phone, mail) = (try Identifier("phone"), try Identifier("mail"))
    (siren, lamp) = (try Identifier("siren"), try Identifier("lamp"))
    routing = Self.routing([phone, mail, siren, lamp], [[phone], [mail, siren]])
  }

  /// Steps that begin five minutes after each other.
  private static func routing(
    _ channels: [Identifier], _ steps: [[Identifier]], quietUntil: Timestamp? = nil
  ) -> AlertRouting {
    let steps = steps.enumerated().map {
      AlertRouting.Step(after: .seconds($0.offset * 300), channels: $0.element)
    }
    return AlertRouting(
      channels: channels, routes: [AlertRouting.Route(steps: steps)], quietUntil: quietUntil)
  }

  private func trouble(_ id: String) -> Alert { .openTooLong(id, in: house) }

  private func raise(
    _ alert: Alert, at time: Timestamp = seconds(0), by routing: AlertRouting? = nil
  ) async throws {
    try await house.store.transact { [own = self.routing] store in
      let isNew = try store.raise(alert, isHeld: false, routing: routing ?? own, now: time)
      #expect(isNew)
    }
  }

  private func next(for channel: Identifier, at time: Timestamp) async throws -> OutboxStand {
    try await house.store.transact { try $0.next(for: channel, now: time) }
  }

  /// Delivers what is due next, and returns its key.
  @discardableResult
  private func deliver(through channel: Identifier, at time: Timestamp) async throws -> String {
    try await house.store.transact { store in
      let message = try store.next(for: channel, now: time).message()
      try store.markDelivered(message, receipt("HTTP 200", time))
      return message.key
    }
  }

  /// Has a channel refuse what is due next; returns the ids of the alerts that nobody is told of.
  @discardableResult
  private func refuse(by channel: Identifier, at time: Timestamp) async throws -> [String] {
    try await house.store.transact { [routing] store in
      let message = try store.next(for: channel, now: time).message()
      return try store.markRefused(message, receipt("HTTP 404", time), channels: routing.channels).map(\.id)
    }
  }

  /// Has what is due next fail.
  private func fail(
    through channel: Identifier, at time: Timestamp, until due: Timestamp? = nil
  ) async throws {
    try await house.store.transact { store in
      let message = try store.next(for: channel, now: time).message()
      try store.postpone(message, until: due, receipt("HTTP 503", time))
    }
  }

  private func resolve(_ alert: Alert, at time: Timestamp) async throws {
    let condition = try #require(alert.condition)
    try await house.store.transact { [house, routing] store in
      _ = try store.resolve(condition, in: house.area, routing: routing, now: time)
    }
  }

  private func acknowledge(_ id: String, at time: Timestamp) async throws {
    _ = try await house.store.transact { try $0.acknowledge(alert: id, by: "Ada", from: "app", now: time) }
  }

  /// The rows of an alert, in the order of their writing.
  private func rows(of id: String = "1") async throws -> [String] {
    try await house.store.transact { store in
      try store.deliveries(of: id).map { "\($0.channel) \($0.stage): \($0.standing)" }
    }
  }

  private func undelivered(_ id: String = "1") async throws -> Timestamp? {
    try await house.store.transact { try $0.alertRecord(id)?.undelivered }
  }

  // MARK: Steps

  @Test("begin with the first step at once, and with each further one in its time")
  func steps() async throws {
    try await raise(house.alert(), by: Self.routing([phone, mail, siren], [[phone], [mail], [siren]]))
    #expect(try await next(for: phone, at: seconds(0)).message().key == "1")
    #expect(try await next(for: mail, at: seconds(299)) == .nothingBefore(seconds(300)))
    #expect(try await next(for: mail, at: seconds(300)).message().key == "1")
    #expect(try await next(for: siren, at: seconds(300)) == .nothingBefore(seconds(600)))
    #expect(try await next(for: siren, at: seconds(600)).message().key == "1")
    #expect(try await next(for: lamp, at: seconds(600)) == .nothing, "no step is its")
    let steps = try await house.store.transact { try $0.deliveries(of: "1").map(\.step) }
    #expect(steps == [0, 1, 2])
  }

  @Test("have their times from the end of the quiet hours, where these hold them back")
  func stepsInQuietHours() async throws {
    let quiet = Self.routing([phone, mail], [[phone], [mail]], quietUntil: seconds(3_600))
    try await raise(trouble("1"), by: quiet)
    #expect(try await next(for: phone, at: seconds(3_599)) == .nothingBefore(seconds(3_600)))
    #expect(try await next(for: mail, at: seconds(3_600)) == .nothingBefore(seconds(3_900)))
    #expect(try await next(for: mail, at: seconds(3_900)).message().key == "1")
  }

  @Test("do not begin a step early for one who has looked at the clock just before it was written")
  func glance() async throws {
    try await raise(house.alert(), at: seconds(10))
    let quiet = Self.routing([lamp], [[lamp]], quietUntil: seconds(3_600))
    try await raise(trouble("2"), at: seconds(10), by: quiet)
    let before = Timestamp(milliseconds: seconds(10).milliseconds - 1)
    #expect(try await next(for: mail, at: before) == .nothingBefore(seconds(310)))
    #expect(try await next(for: lamp, at: before) == .nothingBefore(seconds(3_600)))
    #expect(try await next(for: phone, at: before).message().key == "1", "nothing waits for nothing")
  }

  @Test("name each channel once, also where several steps do")
  func channelOfManySteps() async throws {
    try await raise(house.alert(), by: Self.routing([phone, mail], [[phone], [phone, mail], [mail]]))
    #expect(try await rows() == ["phone raised: waiting", "mail raised: waiting"])
    #expect(try await next(for: mail, at: seconds(300)).message().key == "1", "by the first of them")
  }

  // MARK: Somebody knows

  @Test("leave out the steps that have not begun, once the alert is acknowledged")
  func acknowledged() async throws {
    try await raise(house.alert("1"))
    try await raise(house.alert("2"))
    try await deliver(through: phone, at: seconds(1))
    try await acknowledge("1", at: seconds(2))
    #expect(
      try await rows() == ["phone raised: delivered", "mail raised: dropped", "siren raised: dropped"])
    #expect(
      try await rows(of: "2") == ["phone raised: waiting", "mail raised: waiting", "siren raised: waiting"],
      "of this one nobody knows")
    #expect(try await deliver(through: mail, at: seconds(300)) == "2")
    #expect(try await next(for: mail, at: seconds(300)) == .nothing)
  }

  @Test("leave out the steps of every alert of an area that is acknowledged, and of no other area's")
  func acknowledgedArea() async throws {
    var other = house.alert("3")
    other.area = try Identifier("shed")
    for alert in [house.alert("1"), trouble("2"), other] { try await raise(alert) }
    for _ in 1...3 { try await deliver(through: phone, at: seconds(1)) }
    try await house.store.transact { [house] store in
      try expect(store.acknowledge(area: house.area, by: "Ada", now: seconds(2)), is: 2)
    }
    for id in ["1", "2"] {
      #expect(
        try await rows(of: id) == [
          "phone raised: delivered", "mail raised: dropped", "siren raised: dropped",
        ])
    }
    #expect(
      try await rows(of: "3") == [
        "phone raised: delivered", "mail raised: waiting", "siren raised: waiting",
      ])
  }

  @Test("go on with the first step, also where nothing has come of it before it was acknowledged")
  func acknowledgedFirst() async throws {
    try await raise(house.alert())
    try await acknowledge("1", at: seconds(1))
    #expect(
      try await rows() == ["phone raised: waiting", "mail raised: dropped", "siren raised: dropped"])
    #expect(try await next(for: phone, at: seconds(2)).message().key == "1")
  }

  @Test("are one and the same message from the first try on, also where that is cut short and many more come")
  func begun() async throws {
    try await raise(house.alert("1"))
    try await house.store.transact { [phone] store in
      try store.begin(store.next(for: phone, now: seconds(1)).message())
    }
    for id in 2...6 { try await raise(house.alert("\(id)"), at: seconds(2)) }
    #expect(try await deliver(through: phone, at: seconds(3)) == "1")
    #expect(try await deliver(through: phone, at: seconds(3)) == "2/and-4-more")
  }

  @Test("go on with a step whose first try was cut short, also where it was acknowledged by then")
  func begunStep() async throws {
    try await raise(house.alert("1"))
    try await deliver(through: phone, at: seconds(1))
    try await house.store.transact { [mail] store in
      try store.begin(store.next(for: mail, now: seconds(301)).message())
    }
    try await acknowledge("1", at: seconds(302))
    #expect(try await deliver(through: mail, at: seconds(303)) == "1")
    #expect(try await next(for: siren, at: seconds(303)) == .nothing)
  }

  @Test("go on with a step that was tried before it was acknowledged, and leave out one that was only due")
  func acknowledgedLate() async throws {
    try await raise(house.alert())
    try await deliver(through: phone, at: seconds(1))
    try await fail(through: mail, at: seconds(300))
    try await acknowledge("1", at: seconds(301))
    #expect(
      try await rows() == ["phone raised: delivered", "mail raised: waiting", "siren raised: dropped"])
    #expect(try await next(for: mail, at: seconds(302)).message().attempts == 1)
  }

  @Test("go on with a step that is a part of a message: each try of it is the same")
  func acknowledgedInMessage() async throws {
    for id in ["1", "2", "3", "4"] { try await raise(house.alert(id)) }
    let storm = try await next(for: mail, at: seconds(300)).message()
    #expect(storm.key == "1/and-3-more")
    try await house.store.transact { [house] store in
      try expect(store.acknowledge(area: house.area, by: nil, now: seconds(301)), is: 4)
    }
    #expect(try await next(for: mail, at: seconds(302)).message() == storm)
    #expect(
      try await rows(of: "3") == ["phone raised: waiting", "mail raised: waiting", "siren raised: dropped"])
  }

  @Test("leave out the further steps of a trouble that is over, and take those of an alarm that is")
  func over() async throws {
    let (alarm, trouble) = (house.alert("1"), trouble("2"))
    for alert in [alarm, trouble] { try await raise(alert) }
    for _ in 1...2 { try await deliver(through: phone, at: seconds(1)) }
    for alert in [alarm, trouble] { try await resolve(alert, at: seconds(2)) }
    #expect(
      try await rows() == ["phone raised: delivered", "mail raised: waiting", "siren raised: waiting"])
    #expect(
      try await rows(of: "2") == [
        "phone raised: delivered", "mail raised: dropped", "siren raised: dropped", "phone resolved: waiting",
      ])
  }

  @Test("go on with what stands in for steps that were refused, also where somebody knows or it is over")
  func standIn() async throws {
    for alert in [house.alert("1"), trouble("2")] { try await raise(alert) }
    for _ in 1...2 { try await refuse(by: phone, at: seconds(1)) }
    try await acknowledge("1", at: seconds(2))
    try await resolve(trouble("2"), at: seconds(2))
    for id in ["1", "2"] {
      #expect(
        try await rows(of: id).prefix(3) == [
          "phone raised: refused", "mail raised: waiting", "siren raised: waiting",
        ])
    }
  }

  // MARK: Refusals

  @Test("go on with the next step at once where a channel refuses and no other is under way")
  func refused() async throws {
    try await raise(house.alert(), by: Self.routing([phone, mail, siren], [[phone], [mail], [siren]]))
    #expect(try await refuse(by: phone, at: seconds(1)) == [])
    #expect(try await next(for: mail, at: seconds(1)).message().key == "1")
    #expect(try await next(for: siren, at: seconds(1)) == .nothingBefore(seconds(600)), "one after the other")
    #expect(try await refuse(by: mail, at: seconds(2)) == [])
    #expect(try await next(for: siren, at: seconds(2)).message().key == "1")
  }

  @Test("keep to the times of the steps where another channel has it, or is about to")
  func refusedByOne() async throws {
    let routing = Self.routing([phone, mail, siren], [[phone, mail], [siren]])
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
    try await raise(house.alert(), by: Self.routing([phone, mail, siren, lamp], [[phone], [mail]]))
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
    let lonely = Self.routing([phone], [[phone]])
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
    try await raise(house.alert(), by: Self.routing([phone, lamp], [[phone]]))
    try await refuse(by: phone, at: seconds(1))
    #expect(try await next(for: lamp, at: seconds(1)) != .nothing)
    try await deliver(through: lamp, at: seconds(1))
    #expect(try await undelivered() == nil)
  }

  @Test("try the steps that were left out, too, before they give up")
  func droppedAndRefused() async throws {
    let routing = Self.routing([phone, mail], [[phone], [mail]])
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
      try await raise(house.alert("\(index + 1)"), by: Self.routing(routing.channels, way))
    }
    try await deliver(through: lamp, at: seconds(1))
    #expect(try await next(for: phone, at: seconds(2)).message().items.count == 4)
    #expect(try await refuse(by: phone, at: seconds(2)) == [])
    #expect(try await deliver(through: mail, at: seconds(2)) == "2")
    #expect(
      try await next(for: mail, at: seconds(2)) == .nothingBefore(seconds(300)), "the lamp has the first")
    for id in ["3", "4"] { #expect(try await deliver(through: siren, at: seconds(2)) == id) }
  }

  // MARK: Later stages

  @Test("tell the end to those who were told of the beginning, or are being told of it")
  func end() async throws {
    try await raise(trouble("1"))
    try await raise(trouble("2"))
    for _ in 1...2 { try await deliver(through: phone, at: seconds(1)) }
    try await resolve(trouble("1"), at: seconds(299))
    try await fail(through: mail, at: seconds(300))
    try await resolve(trouble("2"), at: seconds(301))
    func ends(of id: String) async throws -> [String] {
      try await rows(of: id).filter { $0.contains("resolved") }
    }
    #expect(try await ends(of: "1") == ["phone resolved: waiting"])
    #expect(try await ends(of: "2") == ["phone resolved: waiting", "mail resolved: waiting"])
  }

  @Test("remind those who were told, by the times of the day of now")
  func reminders() async throws {
    var silent = trouble("1")
    silent.kind = .agentSilent
    let policy = AlertPolicy(troubleReminder: .seconds(60))
    try await raise(silent)
    try await deliver(through: phone, at: seconds(1))
    var quiet = routing
    quiet.quietUntil = seconds(3_600)
    try await house.store.transact { [quiet] store in
      try expect(store.remind(by: policy, routing: quiet, now: seconds(60)).reminded.count, is: 1)
    }
    #expect(
      try await rows().suffix(2) == ["siren raised: waiting", "phone reminder 1: waiting"],
      "the others are told in their time")
    #expect(try await next(for: phone, at: seconds(61)) == .nothingBefore(seconds(3_600)))
  }

  @Test("tell the end to all where nobody took the beginning, or who took it is there no more")
  func endOfUntold() async throws {
    let one = Self.routing([phone], [[phone]])
    try await raise(trouble("1"), by: one)
    #expect(try await refuse(by: phone, at: seconds(1)) == [])
    for channel in [mail, siren, lamp] { try await refuse(by: channel, at: seconds(1)) }
    try await raise(trouble("2"), by: one)
    try await deliver(through: phone, at: seconds(1))
    let left = AlertRouting(channels: [mail, lamp])
    for id in ["1", "2"] {
      try await house.store.transact { [house] store in
        let condition = Alert.Condition("open \(id)")
        try expect(store.resolve(condition, in: house.area, routing: left, now: seconds(2)).count, is: 1)
      }
      #expect(
        try await rows(of: id).suffix(2) == ["mail resolved: waiting", "lamp resolved: waiting"])
    }
  }

  @Test("find another way for an end that is refused")
  func endRefused() async throws {
    try await raise(trouble("1"))
    try await deliver(through: phone, at: seconds(1))
    try await resolve(trouble("1"), at: seconds(2))
    #expect(try await refuse(by: phone, at: seconds(3)) == [])
    let ends = try await rows().filter { $0.contains("resolved") }
    #expect(
      ends == [
        "phone resolved: refused", "mail resolved: waiting", "siren resolved: waiting",
        "lamp resolved: waiting",
      ])
    #expect(try await deliver(through: lamp, at: seconds(3)) == "1/resolved")
  }

  // MARK: Channels that are there no more

  private func redirect(to channels: [Identifier], at time: Timestamp) async throws -> Int {
    try await house.store.transact { try $0.redirect(to: channels, now: time) }
  }

  @Test("go to the channels that there are, where one that there is no more was to have them")
  func redirected() async throws {
    try await raise(house.alert(), by: Self.routing([phone], [[phone]]))
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
    let routing = Self.routing([phone, mail, siren], [[phone, lamp], [mail], [siren]])
    try await raise(house.alert("1"), by: routing)
    try await raise(house.alert("2"), by: Self.routing([phone, mail, siren], [[lamp], [mail], [siren]]))
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
    try await raise(trouble("1"), by: Self.routing([phone, lamp], [[phone, lamp]], quietUntil: quiet))
    try await raise(trouble("2"), by: Self.routing([lamp], [[lamp]], quietUntil: quiet))
    try await raise(trouble("3"), by: Self.routing([lamp], [[lamp], [phone]], quietUntil: quiet))
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
      try await raise(house.alert(id), by: Self.routing([phone], [[phone]]))
    }
    try await fail(through: phone, at: seconds(1))
    #expect(try await redirect(to: [lamp], at: seconds(5)) == 5)
    let message = try await next(for: lamp, at: seconds(5)).message()
    #expect(message.items.map(\.alert.id) == ["1", "2", "3", "4", "5"])
    #expect(message.attempts == 0)
  }

  // MARK: Receipts

  @Test("keep what the last try was answered, how long it took, and how many there were")
  func receipts() async throws {
    try await raise(house.alert(), by: Self.routing([phone, mail], [[phone], [mail]]))
    func records() async throws -> [DeliveryRecord] {
      try await house.store.transact { try $0.deliveries(of: "1") }
    }
    #expect(try await records().map(\.receipt) == [nil, nil])
    #expect(try await records().map(\.attempts) == [0, 0])
    try await house.store.transact { [phone] store in
      let failure = DeliveryReceipt(answer: "HTTP 503", at: seconds(1), duration: .milliseconds(1_500))
      try store.postpone(store.next(for: phone, now: seconds(1)).message(), failure)
    }
    let failed = DeliveryRecord(
      channel: phone, stage: .raised, step: 0, standing: .waiting, attempts: 1,
      receipt: DeliveryReceipt(answer: "HTTP 503", at: seconds(1), duration: .milliseconds(1_500)))
    #expect(try await records().first == failed)
    try await deliver(through: phone, at: seconds(2))
    let delivered = DeliveryRecord(
      channel: phone, stage: .raised, step: 0, standing: .delivered, attempts: 2,
      receipt: receipt("HTTP 200", seconds(2)))
    #expect(try await records().first == delivered)
    try await acknowledge("1", at: seconds(3))
    let dropped = DeliveryRecord(
      channel: mail, stage: .raised, step: 1, standing: .dropped, attempts: 0, receipt: nil)
    #expect(try await records().last == dropped)
    #expect(try await house.store.transact { try $0.deliveries(of: "2") } == [])
  }

  @Test("are tried again in their turn where they failed, or later where they have to let others pass")
  func postponed() async throws {
    for id in ["1", "2"] { try await raise(house.alert(id)) }
    try await fail(through: phone, at: seconds(1))
    #expect(try await next(for: phone, at: seconds(1)).message().key == "1", "it stays the first")
    try await fail(through: phone, at: seconds(2), until: seconds(62))
    #expect(try await deliver(through: phone, at: seconds(2)) == "2")
    #expect(try await next(for: phone, at: seconds(61)) == .nothingBefore(seconds(62)))
    let message = try await next(for: phone, at: seconds(62)).message()
    #expect(message.key == "1")
    #expect(message.attempts == 2)
  }
}
