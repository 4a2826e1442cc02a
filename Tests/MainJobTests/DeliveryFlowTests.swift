import AlarmStore
import DoorCore
import Foundation
import MainJobSupport
import TestSupport
import Testing

/// From the outbox to somebody's phone, and back, through real processes.
@Suite struct DeliveryFlowTests {
  /// A house with one door and a second receiver, `phone`; nothing is delayed.
  private func with(
    _ lines: String = "", _ body: (Household, WebhookReceiver) async throws -> Void
  ) async throws {
    try await Household.with { house in
      let phone = try WebhookReceiver()
      defer { phone.end() }
      try house.writeSettings(
        doors: [house.simulatedDoor("front")],
        notifierLines: lines + "[[channel]]\nid = \"phone\"\ntype = \"webhook\"\nurl = '\(phone.address)'\n",
        areaLines: "entry_delay_s = 0\nexit_delay_s = 0\nsiren_s = 0\n", doorLines: "trip_limit = 10000\n")
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      #expect(try await house.doorctl("arm", "home").status == 0)
      try await body(house, phone)
    }
  }

  /// Opens and closes the door, each time waiting until it is written down.
  private func openAndClose(_ house: Household, times: Int) async throws {
    for _ in 0..<times {
      try house.set("front", "open")
      try await house.sees("house/front: open")
      try house.set("front", "closed")
      try await house.sees("house/front: closed")
    }
  }

  private func raised(_ house: Household) async throws -> [String] {
    try await house.alertRecords().map(\.alert).filter { $0.kind == .opened }.map(\.id)
  }

  // MARK: Steps

  private static let steps = """
    [web]
    port = 0
    url = "https://alarm.example"
    [[route]]
    severity = ["alarm"]
    [[route.step]]
    channels = ["hook"]
    [[route.step]]
    after_s = 4
    channels = ["phone"]

    """

  @Test("an alarm that nobody acknowledges goes on to the next step, also over a restart")
  func nextStep() async throws {
    try await with(Self.steps) { house, phone in
      try house.set("front", "open")
      try await eventually("the first step") { house.webhook.alerts.count == 1 }
      house.notifier.kill()
      try house.notifier.start()
      try await eventually("the second step") { phone.alerts == house.webhook.alerts }
      let store = try AlarmStore(path: house.storePath)
      let record = try #require(try await house.alertRecords().first)
      try await eventually("its receipt") {
        let deliveries = try await store.transact { try $0.deliveries(of: record.alert.id) }
        guard let receipt = deliveries.first(where: { $0.step == 1 })?.receipt else { return false }
        return receipt.at.elapsed(since: record.raised) >= .seconds(4)
      }
    }
  }

  @Test("a link that is looked at does nothing; pressed, it acknowledges, and the next step is not taken")
  func link() async throws {
    try await with(Self.steps.replacing("after_s = 4", with: "after_s = 3600")) { house, phone in
      try house.set("front", "open")
      try await eventually("the alarm") { house.webhook.alerts.count == 1 }
      #expect(try await house.deliveries(through: "phone") == ["waiting"])
      let link = try #require(house.webhook.requests.first?.json["acknowledge_url"] as? String)
      #expect(link.hasPrefix("https://alarm.example/ack/"))
      let port = try await webPort(of: house)
      let local = link.replacing("https://alarm.example", with: "http://127.0.0.1:\(port)")
      let look = try await curl(local)
      #expect(look.hasPrefix("200") && look.contains("front was opened at"))
      #expect(try await house.alertRecords().first?.acknowledged == nil)
      #expect(try await curl(local.dropLast(3) + "AAA").hasPrefix("404"))
      #expect(try await curl("--request", "POST", local).hasPrefix("200"))
      let record = try #require(try await house.alertRecords().first)
      #expect(record.acknowledged != nil && record.acknowledgedFrom == "link through hook")
      #expect(try await house.deliveries(through: "phone") == ["dropped"])
      #expect(phone.requests.isEmpty)
      #expect(!house.notifier.log.contains(link.suffix(40)), "a link is a permission")
    }
  }

  @Test("a web server whose port is taken costs no alarm")
  func portTaken() async throws {
    let other = try LoopbackSocket.listening()
    defer { other.close() }
    let lines = Self.steps.replacing("port = 0", with: "port = \(other.port)")
    try await with(lines) { house, phone in
      try await house.notifier.says("the web server does not run, no link works")
      try house.set("front", "open")
      try await eventually("the alarm") { house.webhook.alerts.count == 1 }
    }
  }

  private func webPort(of house: Household) async throws -> Int {
    try await house.notifier.says("web server listens on")
    let line = try #require(
      house.notifier.log.split(separator: "\n").first { $0.contains("web server listens") })
    return try #require(line.split(separator: ":").last.flatMap { Int($0) }, "\(line)")
  }

  /// The status and the body.
  private func curl(_ arguments: String...) async throws -> String {
    let answer = try await ProgramAnswer.of(
      ["curl", "--silent", "--show-error", "--max-time", "30", "--write-out", "%{stderr}%{http_code} "]
        + arguments)
    return answer.errors + answer.output
  }

  // MARK: Receivers that are down

  @Test(
    "receivers that are down for 20 seconds and for two minutes have everything afterwards, in its order",
    .timeLimit(.minutes(10)))
  func receiversDown() async throws {
    try await with { house, phone in
      house.webhook.answer(503)
      phone.hangUp()
      let begin = ContinuousClock.now
      try await openAndClose(house, times: 3)
      try await Task.sleep(until: begin + .seconds(20))
      house.webhook.answer(200)
      try await openAndClose(house, times: 3)
      try await Task.sleep(until: begin + .seconds(120))
      phone.answer(200)
      try await openAndClose(house, times: 3)
      let openings = try await raised(house)
      #expect(openings.count == 9)
      for receiver in [house.webhook, phone] {
        try await eventually(within: .seconds(200), "everything") {
          receiver.taken.isSuperset(of: openings)
        }
        #expect(receiver.takenInOrder.filter(openings.contains) == openings)
      }
    }
  }

  // MARK: Killed

  @Test("killed 200 times while it delivers, it loses nothing, and what comes twice has the same key")
  func killedWhileDelivering() async throws {
    try await Household.with { house in
      var random = SeededGenerator(seed: .random(in: 0...UInt64.max))
      try house.writeSettings(
        doors: [house.simulatedDoor("front")],
        areaLines: "entry_delay_s = 0\nexit_delay_s = 0\nsiren_s = 0\n", doorLines: "trip_limit = 10000\n")
      try await house.broker.start()
      try house.notifier.start()
      // An agent that is faster than doors are.
      func transition(_ sequence: Int) throws {
        let state = sequence % 2 == 0 ? "open" : "closed"
        try house.publish(
          "dooralarm/house/door/front",
          """
          {"v":1,"state":"\(state)","since":"2026-11-23T01:22:03.417Z","journal":"5e1f0c77","seq":\(sequence),
          "boot":"9f3c51d2","uptime_ms":\(sequence),"clock":"unsynced","cause":"edge","missed":0,
          "sent":"2026-11-23T01:22:03.460Z"}
          """, retain: true)
      }
      try transition(1)
      try await house.notifier.says("connected")
      let armed = try await house.doorctl("arm", "home")
      #expect(armed.status == 0, "\(armed)")
      for sequence in 2...201 {
        try transition(sequence)
        // Sometimes the receiver fails just then.
        house.webhook.answer(Int.random(in: 0..<4, using: &random) == 0 ? 503 : 200)
        try await Task.sleep(for: .milliseconds(.random(in: 0...200, using: &random)))
        house.notifier.kill()
        try house.notifier.start()
      }
      house.webhook.answer(200)
      try await eventually(within: .seconds(120), "every opening") { try await raised(house).count == 100 }
      let openings = try await raised(house)
      try await eventually(within: .seconds(200), "every opening at its receiver") {
        house.webhook.taken.isSuperset(of: openings)
      }
      let requests = house.webhook.requests
      let bodies = Dictionary(grouping: requests) { $0.headers["idempotency-key"] ?? "" }
        .mapValues { Set($0.map(\.body)) }
      #expect(bodies[""] == nil && bodies.values.allSatisfy { $0.count == 1 }, "the same to the byte")
      let again =
        requests.filter { $0.status == 200 }.count
        - Set(
          requests.compactMap {
            $0.status == 200 ? $0.headers["idempotency-key"] : nil
          }
        ).count
      print("\(again) of \(requests.count) requests came again with the key of one that was taken")
    }
  }

  // MARK: Tests of the way

  @Test("doorctl selftest shows each hop and every channel, and says so where one takes nothing")
  func selfTest() async throws {
    try await with { house, phone in
      let passed = try await house.doorctl("selftest", "house")
      #expect(passed.status == 0, "\(passed)")
      let lines = passed.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
      #expect(
        lines.map { $0.prefix(2).joined(separator: " ") } == [
          "HOP AFTER", "broker \(lines[1][1])", "agent house", "notifier \(lines[3][1])", "channel phone",
          "channel log", "channel hook",
        ])
      #expect(passed.output.contains("delivered: HTTP 200"))
      #expect(phone.requests.last?.json["kind"] as? String == "self_test")
      phone.answer(404)
      let failed = try await house.doorctl("selftest", "house")
      #expect(failed.status == 1, "\(failed)")
      #expect(failed.output.contains("NOT delivered: the webhook answered HTTP 404"))
      try await eventually("the others to be told of it") {
        try await house.alertRecords().contains { $0.alert.kind == .channelFailing }
      }
      house.agent.kill()
      let silent = try await house.doorctl("selftest", "house", "--timeout", "2")
      #expect(silent.status == 2 && silent.output.contains("NO ANSWER"), "\(silent)")
    }
  }

  @Test("door-notifier test-channel sends a test through one channel while it runs")
  func testChannel() async throws {
    try await with { house, phone in
      func test(_ channel: String) async throws -> ProgramAnswer {
        try await ProgramAnswer.of(
          "door-notifier", ["test-channel", channel, "--config", house.file("notifier.toml").path])
      }
      let passed = try await test("phone")
      #expect(passed.status == 0 && passed.output.hasPrefix("phone: delivered in "), "\(passed)")
      #expect(phone.requests.last?.json["title"] as? String == "Test of channel phone")
      phone.answer(404)
      let failed = try await test("phone")
      #expect(failed.status == 1, "\(failed)")
      #expect(failed.errors.contains("NOT delivered: the webhook answered HTTP 404"))
      let unknown = try await test("pigeon")
      #expect(unknown.status == 64 && unknown.errors.contains("there are phone, log, hook"), "\(unknown)")
    }
  }
}
