import DoorCore
import DoorWire
import Testing

@testable import doorctl

@Suite("The table of a self test")
struct SelfTestTableTests {
  private func report(_ channels: (String, SelfTestReport.Channel.Standing, String?, Int64?)...) throws
    -> SelfTestReport
  {
    SelfTestReport(
      id: try Identifier("5e1f0c77"),
      channels: try channels.map { id, standing, answer, took in
        .init(id: try Identifier(id), standing: standing, answer: answer, tookMilliseconds: took)
      })
  }

  private func table() throws -> SelfTestTable { SelfTestTable(agent: try Identifier("hall")) }

  @Test("shows every hop with its time, and what each receiver has said")
  func lines() throws {
    var table = try table()
    table.brokerHasIt = .milliseconds(4)
    table.answered = .milliseconds(21)
    table.note(
      try report(("log", .delivered, "written", 0), ("phone", .waiting, nil, nil)), at: .milliseconds(30))
    table.note(
      try report(("log", .delivered, "written", 0), ("phone", .refused, "ntfy answered HTTP 403", 412)),
      at: .milliseconds(1_450))
    #expect(
      table.lines == [
        "HOP            AFTER    TOOK    RESULT",
        "broker         4 ms             has the request",
        "agent hall     21 ms            has answered",
        "notifier       30 ms            has written it down",
        "channel log    30 ms    0 ms    delivered: written",
        "channel phone  1450 ms  412 ms  NOT delivered: ntfy answered HTTP 403",
      ])
  }

  @Test("shows who has not answered")
  func silence() throws {
    var table = try table()
    table.brokerHasIt = .milliseconds(4)
    #expect(
      table.lines == [
        "HOP         AFTER  TOOK  RESULT", "broker      4 ms         has the request",
        "agent hall  -            NO ANSWER", "notifier    -            NO ANSWER",
      ])
    table.note(try report(("phone", .waiting, nil, nil)), at: .milliseconds(9))
    #expect(table.lines.last == "channel phone  -            NOT delivered")
  }

  @Test("has a channel's end when it was first seen, and the notifier's first report")
  func times() throws {
    var table = try table()
    table.note(try report(("a", .waiting, nil, nil)), at: .milliseconds(10))
    table.note(try report(("a", .delivered, "x", 1), ("b", .waiting, nil, nil)), at: .milliseconds(20))
    table.note(try report(("a", .delivered, "x", 1), ("b", .delivered, "y", 2)), at: .milliseconds(30))
    #expect(table.written == .milliseconds(10))
    #expect(table.channels.map(\.ended) == [.milliseconds(20), .milliseconds(30)])
  }

  @Test("is complete when the agent has answered and no channel waits")
  func complete() throws {
    var table = try table()
    #expect(!table.isComplete)
    table.note(try report(("a", .delivered, "x", 1)), at: .milliseconds(10))
    #expect(!table.isComplete, "the agent's answer is on its way yet")
    table.answered = .milliseconds(11)
    #expect(table.isComplete)
    table.note(try report(("a", .delivered, "x", 1), ("b", .waiting, "busy", 3)), at: .milliseconds(20))
    #expect(!table.isComplete)
    table.note(try report(("a", .delivered, "x", 1), ("b", .refused, "no", 3)), at: .milliseconds(30))
    #expect(table.isComplete)
  }

  @Test("is passed only when agent, notifier and every channel have done their part")
  func standing() throws {
    var table = try table()
    table.brokerHasIt = .zero
    #expect(table.standing == .unanswered)
    table.answered = .milliseconds(1)
    #expect(table.standing == .unanswered)
    table.note(try report(("a", .delivered, "x", 1), ("b", .waiting, nil, nil)), at: .milliseconds(10))
    #expect(table.standing == .failed)
    table.note(try report(("a", .delivered, "x", 1), ("b", .refused, "no", 1)), at: .milliseconds(20))
    #expect(table.standing == .failed)
    table.note(try report(("a", .delivered, "x", 1), ("b", .delivered, "x", 1)), at: .milliseconds(30))
    #expect(table.standing == .passed)
    table.answered = nil
    #expect(table.standing == .unanswered)
  }
}
