import DoorCore
import Testing

@testable import AlarmStore

@Suite("The deliveries of an alert")
struct DeliveriesTests: DeliverySuite {
  let own: DeliveryHouse

  init() throws {
    own = try DeliveryHouse()
  }

  // MARK: Steps

  @Test("begin with the first step at once, and with each further one in its time")
  func steps() async throws {
    try await raise(
      house.alert(), by: DeliveryHouse.routing([phone, mail, siren], [[phone], [mail], [siren]]))
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
    let quiet = DeliveryHouse.routing([phone, mail], [[phone], [mail]], quietUntil: seconds(3_600))
    try await raise(trouble("1"), by: quiet)
    #expect(try await next(for: phone, at: seconds(3_599)) == .nothingBefore(seconds(3_600)))
    #expect(try await next(for: mail, at: seconds(3_600)) == .nothingBefore(seconds(3_900)))
    #expect(try await next(for: mail, at: seconds(3_900)).message().key == "1")
  }

  @Test("do not begin a step early for one who has looked at the clock just before it was written")
  func glance() async throws {
    try await raise(house.alert(), at: seconds(10))
    let quiet = DeliveryHouse.routing([lamp], [[lamp]], quietUntil: seconds(3_600))
    try await raise(trouble("2"), at: seconds(10), by: quiet)
    let before = Timestamp(milliseconds: seconds(10).milliseconds - 1)
    #expect(try await next(for: mail, at: before) == .nothingBefore(seconds(310)))
    #expect(try await next(for: lamp, at: before) == .nothingBefore(seconds(3_600)))
    #expect(try await next(for: phone, at: before).message().key == "1", "nothing waits for nothing")
  }

  @Test("name each channel once, also where several steps do")
  func channelOfManySteps() async throws {
    try await raise(
      house.alert(), by: DeliveryHouse.routing([phone, mail], [[phone], [phone, mail], [mail]]))
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
    let one = DeliveryHouse.routing([phone], [[phone]])
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

  // MARK: Receipts

  @Test("keep what the last try was answered, how long it took, and how many there were")
  func receipts() async throws {
    try await raise(house.alert(), by: DeliveryHouse.routing([phone, mail], [[phone], [mail]]))
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
